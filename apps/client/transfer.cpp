#include "client/transfer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "common/readable.hpp"
#include "quasio/net/descriptor.hpp"

namespace quasio::apps {

namespace {

constexpr std::size_t read_size = 256 * 1024;
constexpr std::size_t send_size = 64 * 1024;

// A body that is read from a file while it is sent; runs again when the request is repeated.
asio::awaitable<void> send_file(http3::request_writer& writer, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(send_size);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (size > 0) co_await writer.async_write(asio::buffer(piece.data(), size));
  }
  if (!file.eof()) throw system_error(asio::error::fault, "cannot read " + path);
}

// Standard input where waiting for it must not stop all else: a pipe, a socket or a terminal; a file is always ready.
asio::awaitable<std::size_t> read_input(asio::posix::stream_descriptor& input, std::vector<char>& into) {
  error_code error;
  const std::size_t size =
      co_await input.async_read_some(asio::buffer(into), asio::redirect_error(asio::use_awaitable, error));
  if (error && error != asio::error::eof) throw system_error(error, "cannot read standard input");
  co_return size;
}

asio::awaitable<void> send_standard_input(http3::request_writer& writer, std::shared_ptr<bool> once) {
  if (std::exchange(*once, true)) {
    throw system_error(asio::error::operation_not_supported, "standard input cannot be sent again");
  }
  asio::posix::stream_descriptor input(writer.get_executor());
  net::descriptor copy(::dup(STDIN_FILENO));
  error_code error;
  input.assign(copy.get(), error);
  if (error == boost::system::errc::operation_not_permitted) {
    co_await send_file(writer, "/dev/stdin");
    co_return;
  }
  if (error) throw system_error(error, "cannot read standard input");
  static_cast<void>(copy.release());
  std::vector<char> piece(send_size);
  while (const std::size_t size = co_await read_input(input, piece)) {
    co_await writer.async_write(asio::buffer(piece.data(), size));
  }
}

// What a failed request says, with what matters first.
std::string sentence_for(client_exit code, const http3::url& url, const std::string& message) {
  if (code != client_exit::certificate) return message;
  constexpr std::string_view why = "certificate verify failed: ";
  const std::size_t found = message.find(why);
  return "cannot connect to " + url.authority() + ": the server's certificate is not trusted: " +
         (found == std::string::npos ? message : message.substr(found + why.size()));
}

std::string status_line(int status) { return "HTTP/3 " + std::to_string(status); }

std::string line_of(const http3::field& field) { return field.name + ": " + printable(field.value); }

}  // namespace

transfer::transfer(std::size_t index, const planned_transfer& plan, const client_arguments& arguments,
                   http3::client& client, asio::thread_pool& slow, reporter& report, transfer_result& result)
    : index_(index),
      plan_(plan),
      arguments_(arguments),
      client_(client),
      report_(report),
      result_(result),
      output_(plan.output, slow),
      begun_(std::chrono::steady_clock::now()) {}

asio::awaitable<void> transfer::run() {
  try {
    co_await exchange();
  } catch (const http3::request_failed& failure) {
    const client_exit code = exit_of(failure.code(), false);
    fail(code, sentence_for(code, plan_.url, failure.message()) + advice_for(code));
  } catch (const system_error& error) {
    fail(exit_of(error.code(), result_.status != 0), error.what());
  } catch (const std::exception& error) {
    fail(client_exit::transfer, error.what());
  }
  finish();
}

http3::client_request transfer::make_request() {
  http3::client_request request;
  request.method = arguments_.method;
  request.url = plan_.text;
  request.headers = arguments_.headers;
  if (arguments_.body && !arguments_.body->file.empty()) {
    const std::string& path = arguments_.body->file;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
      request.headers.push_back({"content-length", std::to_string(status.st_size)});
    }
    request.source = [&path](http3::request_writer& writer) { return send_file(writer, path); };
  } else if (arguments_.body && arguments_.body->standard_input) {
    request.source = [once = std::make_shared<bool>(false)](http3::request_writer& writer) {
      return send_standard_input(writer, once);
    };
    request.idempotent = false;  // It cannot be read again.
  } else if (arguments_.body) {
    request.body = arguments_.body->bytes;
  }
  request.on_informational = [this](const driver::response_head& head) {
    report_.detail('<', index_, status_line(head.status));
    for (const http3::field& field : head.fields) {
      if (field.name != ":status") report_.detail('<', index_, line_of(field));
    }
  };
  return request;
}

asio::awaitable<void> transfer::exchange() {
  http3::client_request request = make_request();
  report_.detail('>', index_, request.method + " " + plan_.url.target + " HTTP/3");
  report_.detail('>', index_, "host: " + plan_.url.authority());
  for (const http3::field& field : request.headers) report_.detail('>', index_, line_of(field));
  report_.detail('>', index_, "");

  http3::client_response response = co_await client_.request(std::move(request));
  result_.first_byte = std::chrono::steady_clock::now() - begun_;
  if (!take_head(response)) co_return;
  if (const error_code error = output_.open()) {
    fail(client_exit::output, "cannot write " + output_.name() + ": " + error.message());
    co_return;
  }
  if (arguments_.method == "HEAD" && !arguments_.json) co_await print_head(response);
  co_await take_body(response);
  result_.statistics = response.statistics();
  result_.http_statistics = response.http_statistics();
  if (!has_tried_to_migrate_) co_return;
  for (const quic::path_statistics& path : response.paths()) {
    report_.detail('*', index_,
                   "path from " + path.path.local.to_string() + (path.active ? ", in use" : "") +
                       (path.state == quic::path_state::validated ? ", validated" : ", not validated") + ": " +
                       std::to_string(path.bytes_received) + " bytes received");
  }
}

// Whether the body is wanted.
bool transfer::take_head(const http3::client_response& response) {
  result_.status = response.status();
  result_.headers = response.headers();
  result_.connection = response.connection();
  if (arguments_.method != "HEAD") result_.expected = response.content_length();
  report_.connection(response.connection());
  report_.detail('<', index_, status_line(response.status()));
  for (const http3::field& field : response.headers()) report_.detail('<', index_, line_of(field));
  report_.detail('<', index_, "");
  report_.expect(result_.expected);
  if (!arguments_.fail || response.status() < 400) return true;
  fail(client_exit::http_status, plan_.text + ": the server answered with status " + std::to_string(response.status()));
  return false;
}

asio::awaitable<void> transfer::print_head(const http3::client_response& response) {
  std::string head = status_line(response.status()) + "\r\n";
  for (const http3::field& field : response.headers()) head += field.name + ": " + field.value + "\r\n";
  head += "\r\n";
  const error_code error = co_await output_.write(head);
  if (error) fail(client_exit::output, "cannot write " + output_.name() + ": " + error.message());
}

asio::awaitable<void> transfer::take_body(http3::client_response& response) {
  std::vector<char> piece(read_size);
  for (;;) {
    error_code error;
    const asio::mutable_buffer space = asio::buffer(piece);
    const std::size_t size = co_await response.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    if (size > 0 && !co_await store(std::string_view(piece.data(), size))) co_return;
    if (error == asio::error::eof) break;
    migrate_when_due(response);
    if (!error) continue;
    fail(exit_of(error, true),
         plan_.text + ": broke off after " + readable_size(static_cast<double>(result_.bytes)) +
             (result_.expected ? " of " + readable_size(static_cast<double>(*result_.expected)) : "") + ": " +
             response.explain(error));
    co_return;
  }
  for (const http3::field& field : response.trailers()) report_.detail('<', index_, line_of(field) + "  (trailer)");
  if (const error_code error = output_.close()) {
    fail(client_exit::output, "cannot write " + output_.name() + ": " + error.message());
  }
}

asio::awaitable<bool> transfer::store(std::string_view bytes) {
  const error_code error = co_await output_.write(bytes);
  if (error) {
    fail(client_exit::output, "cannot write " + output_.name() + ": " + error.message());
    co_return false;
  }
  result_.bytes += bytes.size();
  report_.advance(bytes.size());
  co_return true;
}

// Connection IDs that are still to come may be there with the next piece; other reasons last.
void transfer::migrate_when_due(http3::client_response& response) {
  if (arguments_.migrate_after == 0 || has_tried_to_migrate_ || result_.bytes < arguments_.migrate_after) return;
  const auto moved = response.migrate();
  const bool may_succeed_later = !moved && moved.error() == make_error_code(quic::path_error::no_connection_id);
  if (may_succeed_later) return;
  has_tried_to_migrate_ = true;
  report_.detail('*', index_,
                 moved ? "moved to " + moved->local.to_string() + " after " + std::to_string(result_.bytes) + " bytes"
                       : "cannot move: " + moved.error().message());
}

void transfer::fail(client_exit code, const std::string& sentence) {
  if (result_.exit != client_exit::success) return;
  result_.exit = code;
  result_.error = sentence;
}

void transfer::finish() { result_.total = std::chrono::steady_clock::now() - begun_; }

}  // namespace quasio::apps
