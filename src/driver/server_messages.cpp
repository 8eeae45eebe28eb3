#include <algorithm>
#include <string>
#include <utility>

#include "driver/exchange.hpp"
#include "quasio/driver/http3_server.hpp"

namespace quasio::http3 {
namespace {

std::string take_pseudo_field(field_list& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const field& each) { return each.name == name; });
  if (found == fields.end()) return {};
  std::string value = std::move(found->value);
  fields.erase(found);
  return value;
}

// A response with such a status has no content, and no Content-Length either (RFC 9110, section 8.6).
bool has_no_content(int status) noexcept { return status < 200 || status == 204 || status == 304; }

}  // namespace

// --- request
// ----------------------------------------------------------------------------------------------------------

request::request(driver::incoming_request&& incoming, std::shared_ptr<const driver::connection_info> connection)
    : headers_(std::move(incoming.fields)),
      has_body_(!incoming.end),
      is_early_data_(incoming.is_early_data),
      body_(std::move(incoming.body)),
      connection_(std::move(connection)) {
  method_ = take_pseudo_field(headers_, ":method");
  scheme_ = take_pseudo_field(headers_, ":scheme");
  authority_ = take_pseudo_field(headers_, ":authority");
  path_ = take_pseudo_field(headers_, ":path");
  protocol_ = take_pseudo_field(headers_, ":protocol");
  if (authority_.empty()) authority_ = find_field(headers_, "host");
}

std::optional<std::uint64_t> request::content_length() const noexcept {
  return parse_number<std::uint64_t>(header("content-length"));
}

void request::limit_body(std::uint64_t most) {
  if (const auto& state = body_.state()) state->limit_body(most);
}

void request::allow_silence(std::chrono::milliseconds most) {
  if (const auto& state = body_.state()) state->set_body_timeout(most);
}

const query_parameters& request::query() const {
  if (!query_) {
    const std::size_t mark = path_.find('?');
    query_.emplace(mark == std::string::npos ? std::string_view() : std::string_view(path_).substr(mark + 1));
  }
  return *query_;
}

std::string_view request::parameter(std::string_view name) const noexcept {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& each) { return each.first == name; });
  return found != parameters_.end() ? std::string_view(found->second) : std::string_view();
}

void request::set_route(const std::string& pattern, const std::vector<std::string>& names,
                        std::vector<std::string> values) {
  route_ = pattern;
  parameters_.clear();
  for (std::size_t i = 0; i < names.size(); ++i) parameters_.emplace_back(names[i], std::move(values[i]));
}

// --- response
// ---------------------------------------------------------------------------------------------------------

response::response(driver::body_writer&& writer, std::string_view method)
    : writer_(std::move(writer)), head_only_(method == "HEAD"), is_connect_(method == "CONNECT") {}

response& response::status(int code) noexcept {
  status_ = code;
  return *this;
}

response& response::set(std::string_view name, std::string_view value) {
  std::erase_if(headers_, [&](const field& each) { return each.name == name; });
  return add(name, value);
}

response& response::add(std::string_view name, std::string_view value) {
  headers_.push_back({std::string(name), std::string(value)});
  return *this;
}

void response::reset(int code) {
  headers_.clear();
  status_ = code;
}

void response::cancel(error_code code) {
  finished_ = true;
  writer_.cancel(code);
}

field_list response::with_status(int code, field_list fields) {
  fields.insert(fields.begin(), {":status", std::to_string(code)});
  return fields;
}

field_list response::take_head(asio::const_buffer data, driver::write_extent extent) {
  if (std::exchange(head_sent_, true)) return {};
  const bool is_whole = extent == driver::write_extent::last && !has_no_content(status_);
  // To HEAD, a length of nothing would be a lie: GET might have one (RFC 9110, section 8.6).
  // What follows a successful CONNECT is no content (RFC 9110, section 9.3.6).
  const bool is_tunnel = is_connect_ && status_ >= 200 && status_ < 300;
  const bool is_known = is_whole && !is_tunnel && (!head_only_ || data.size() > 0);
  if (is_known && find_field(headers_, "content-length").empty()) {
    add("content-length", std::to_string(data.size()));
  }
  return with_status(status_, headers_);
}

void response::start_write(asio::const_buffer data, driver::write_extent extent,
                           runtime::pending_operation<std::size_t> operation) {
  field_list head = take_head(data, extent);
  if (extent == driver::write_extent::last) finished_ = true;
  if (head_only_ || has_no_content(status_)) data = asio::const_buffer();
  driver::body_writer::start_write(writer_.state_, std::move(head), data, extent, std::move(operation));
}

}  // namespace quasio::http3
