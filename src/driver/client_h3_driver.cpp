#include "driver/client_h3_driver.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "driver/safe_method.hpp"
#include "quasio/http3/remembered_settings.hpp"

namespace quasio::driver {

// --- The driver
// -------------------------------------------------------------------------------------------------------

client_h3_driver::client_h3_driver(const asio::any_io_executor& executor, h3_driver_settings settings,
                                   std::shared_ptr<client_h3_link> link)
    : h3_driver(endpoint_role::client, executor, settings),
      link_(std::move(link)),
      session_context_(std::move(settings.session_context)),
      on_session_(std::move(settings.on_session)) {
  link_->on_attached(*this);
}

client_h3_driver::~client_h3_driver() { link_->on_abandoned(); }

void client_h3_driver::on_event(runtime::worker& host, const quic::event& event, time_point now) {
  if (const auto* token = std::get_if<quic::new_token_received>(&event)) return link_->on_new_token(*token);
  h3_driver::on_event(host, event, now);
  const auto* const available = std::get_if<quic::streams_available>(&event);
  if (available != nullptr && available->direction == stream_direction::bidirectional) link_->on_room();
}

http3::operation_result<std::shared_ptr<exchange>> client_h3_driver::send_request(const http3::field_list& fields,
                                                                                  bool end) {
  const auto id = http().send_request(transport(), fields, end);
  if (!id) return unexpected<http3::operation_error>(id.error());
  auto added = add_exchange(*id, fields, false);
  if (end) added->mark_sent();
  wake();
  return added;
}

void client_h3_driver::prepare(http3::connection& http) {
  if (is_established()) return;
  // RFC 9114, section 7.2.4.2: without settings of the former connection the defaults are gone by.
  if (const auto former = http3::decode_client_context(session_context_)) http.remember(*former);
}

// The server's settings belong to the session, and mostly come right behind it.
void client_h3_driver::on_session(const std::shared_ptr<quic::saved_session>& session) {
  if (!on_session_) return;
  if (has_peer_settings()) return tell_session(session);
  sessions_without_settings_.push_back(session);
}

void client_h3_driver::on_settings() {
  for (const auto& each : std::exchange(sessions_without_settings_, {})) tell_session(each);
  link_->send_waiting();
}

void client_h3_driver::tell_session(const std::shared_ptr<quic::saved_session>& session) {
  session->application_context = http3::encode_client_context(http().peer());
  on_session_(session);
}

// A client's GOAWAY is about pushes, of which there are none: what it means to is_idle() and the link is what counts.
void client_h3_driver::go_away() {
  if (is_begun()) http().send_goaway(transport());
  link_->stop_sending_requests();
  wake();
}

// A server that goes away is left as soon as nothing is expected of it any more.
void client_h3_driver::on_idle() {
  if (!link_->is_usable()) close(http3::error_code::no_error, "");
  link_->on_idle();
}

void client_h3_driver::on_ended(const runtime::connection_end& end) {
  link_->on_ended(end, transport().statistics(), is_begun() ? http().statistics() : http3::statistics());
}

// --- The link
// ---------------------------------------------------------------------------------------------------------

void client_h3_link::on_attached(client_h3_driver& driver) {
  driver_ = &driver;
  on_linked(driver);
  if (events().is_on()) driver.tell_to(&events());
}

const runtime::connection_end& client_h3_link::end() const noexcept {
  static const runtime::connection_end none{make_error_code(runtime::error::connection_closed),
                                            "the connection is closed", std::nullopt};
  return end_ ? *end_ : none;
}

error_code client_h3_link::end_code() const { return end().code; }

std::size_t client_h3_link::open_requests() const noexcept {
  const bool is_begun = driver_ != nullptr && driver_->is_begun();
  return sends_.size() + (is_begun ? driver_->http().open_exchanges() : 0);
}

bool client_h3_link::may_send_now() {
  if (driver_ == nullptr || !driver_->is_begun() || going_away_ || !sends_.empty()) return false;
  quic::connection& transport = driver_->transport();
  if (transport.streams_left(stream_direction::bidirectional) > 0) return true;
  // It fails, and makes the transport tell when it would not.
  static_cast<void>(transport.open_stream(stream_direction::bidirectional));
  return false;
}

quic::statistics client_h3_link::statistics() const {
  return driver_ != nullptr && driver_->is_established() ? driver_->transport().statistics() : last_statistics_;
}

http3::statistics client_h3_link::http_statistics() const {
  return driver_ != nullptr && driver_->is_begun() ? driver_->http().statistics() : last_http_statistics_;
}

std::vector<quic::path_statistics> client_h3_link::paths() const {
  if (driver_ == nullptr || !driver_->is_established()) return {};
  return driver_->transport().paths();
}

result<network_path, error_code> client_h3_link::migrate(const ip_endpoint& local, quic::migration_timing when) {
  if (driver_ == nullptr) return unexpected(make_error_code(runtime::error::connection_closed));
  return driver_->migrate(local, when);
}

void client_h3_link::wait_established(runtime::pending_operation<connection_info> operation) {
  if (end_ || is_over()) return operation.complete(end_code(), {});
  if (info_) return operation.complete(error_code(), *info_);
  waits_.push_back(std::move(operation));
}

void client_h3_link::wait_usable(runtime::pending_operation<connection_info> operation) {
  if (info_ || end_ || is_over()) return wait_established(std::move(operation));
  if (early_info_) return operation.complete(error_code(), *early_info_);
  early_waits_.push_back(std::move(operation));
}

void client_h3_link::on_early(const connection_info& info) {
  early_info_ = info;
  for (auto& operation : std::exchange(early_waits_, {})) operation.complete(error_code(), info);
  send_waiting();
}

void client_h3_link::on_established(const connection_info& info) {
  info_ = info;
  for (auto& operation : std::exchange(early_waits_, {})) operation.complete(error_code(), info);
  for (auto& operation : std::exchange(waits_, {})) operation.complete(error_code(), info);
  is_at_limit_ = false;
  send_waiting();
  tell_change();
}

void client_h3_link::send(http3::field_list fields, bool end, std::uint64_t request_tag,
                          runtime::pending_operation<outgoing_request> operation) {
  if (driver_ == nullptr) return operation.complete(end_code(), {});
  if (going_away_) return operation.complete(http3::operation_error::going_away, {});
  if (sends_.size() >= max_waiting_sends_) return operation.complete(runtime::error::too_many_waiting, {});
  sends_.push_back({std::move(fields), end, request_tag, std::move(operation)});
  if (!is_at_limit_) send_waiting();
}

void client_h3_link::on_requests_available() {
  is_at_limit_ = false;
  send_waiting();
}

// Before the handshake is complete only what may be repeated goes (RFC 8470, section 4). An Extended CONNECT goes when
// the server has said that it knows such (RFC 9220, section 3). The others overtake what has to wait.
bool client_h3_link::may_go(const waiting_send& next) const {
  if (!driver_->is_established()) return next.end && http3::is_safe(http3::find_field(next.fields, ":method"));
  return driver_->has_peer_settings() || http3::find_field(next.fields, ":protocol").empty();
}

void client_h3_link::send_waiting() {
  if (driver_ == nullptr || !driver_->is_begun()) return;
  for (auto next = sends_.begin(); next != sends_.end();) {
    if (!may_go(*next)) {
      ++next;
      continue;
    }
    is_at_limit_ = !send(*next);
    if (is_at_limit_) return;
    next = sends_.erase(next);
  }
}

// False when the peer allows no more.
bool client_h3_link::send(waiting_send& next) {
  const auto begun = driver_->send_request(next.fields, next.end);
  if (!begun && begun.error() == http3::operation_error::limit_reached) return false;
  if (!begun) {
    next.operation.complete(begun.error(), {});
  } else {
    events().tell(request_sent{(*begun)->id(), next.request_tag});
    next.operation.complete(error_code(), {body_writer(*begun), response_reader(*begun)});
  }
  return true;
}

void client_h3_link::stop_sending_requests() {
  going_away_ = true;
  for (auto& each : std::exchange(sends_, {})) each.operation.complete(http3::operation_error::going_away, {});
}

void client_h3_link::on_goaway() {
  stop_sending_requests();
  if (driver_->http().open_exchanges() == 0) driver_->close(http3::error_code::no_error, "");
  tell_change();
}

void client_h3_link::close(http3::error_code code, std::string_view reason) {
  if (driver_ != nullptr) driver_->close(code, reason);
}

void client_h3_link::cancel_operation(std::uint64_t tag) {
  if (events().cancel(tag)) return;
  const auto send =
      std::find_if(sends_.begin(), sends_.end(), [&](const auto& each) { return each.operation.tag() == tag; });
  if (send != sends_.end()) {
    auto operation = std::move(send->operation);
    sends_.erase(send);
    return operation.complete(asio::error::operation_aborted, {});
  }
  for (auto* const waits : {&waits_, &early_waits_}) {
    const auto wait = std::find_if(waits->begin(), waits->end(), [&](const auto& each) { return each.tag() == tag; });
    if (wait == waits->end()) continue;
    auto operation = std::move(*wait);
    waits->erase(wait);
    return operation.complete(asio::error::operation_aborted, {});
  }
}

void client_h3_link::on_ended(const runtime::connection_end& end, const quic::statistics& last,
                              const http3::statistics& last_http) {
  last_statistics_ = last;
  last_http_statistics_ = last_http;
  driver_ = nullptr;
  on_unlinked(end.code);
  end_ = end;
  for (auto& operation : std::exchange(early_waits_, {})) operation.complete(end.code, {});
  for (auto& operation : std::exchange(waits_, {})) operation.complete(end.code, {});
  for (auto& each : std::exchange(sends_, {})) each.operation.complete(end.code, {});
  tell_change();
}

void client_h3_link::on_abandoned() noexcept {
  change_handler_ = nullptr;
  driver_ = nullptr;
  on_link_abandoned();
  const auto unheard_early_waits = std::exchange(early_waits_, {});
  const auto unheard_waits = std::exchange(waits_, {});
  const auto unheard_sends = std::exchange(sends_, {});
}

}  // namespace quasio::driver
