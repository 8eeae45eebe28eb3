#include "server/https_session.hpp"

#include <array>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "quasio/net/endpoint.hpp"
#include "site/field_syntax.hpp"

namespace quasio::apps {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// How long a client of a server that ends may take to send the request that was on its way.
constexpr std::chrono::seconds last_chance{1};

// What is read and thrown away of a body that nobody asked for, so that the client gets to read the answer.
constexpr std::size_t most_thrown_away = 256 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

http3::field_list to_fields(const http::fields& fields) {
  http3::field_list list;
  for (const auto& field : fields) {
    list.push_back({lower(view(field.name_string())), std::string(view(field.value()))});
  }
  return list;
}

// Servers take the absolute form too (RFC 9112, section 3.2.2).
std::string_view to_origin_form(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.empty() || target.front() == '/' || scheme == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos || target[path] == '?' ? std::string_view("/") : target.substr(path);
}

bool lacks_host(const http::request_header<>& head) {
  return head.version() >= 11 && (head.count(http::field::host) != 1);
}

ip_endpoint to_ip_endpoint(const asio::ip::tcp::endpoint& endpoint) {
  return net::to_ip_endpoint(asio::ip::udp::endpoint(endpoint.address(), endpoint.port()));
}

}  // namespace

https_session::https_session(asio::ip::tcp::socket socket, asio::ssl::context& tls, const file_site& site,
                             asio::thread_pool& disk, const https_limits& limits)
    : stream_(beast::tcp_stream(std::move(socket)), tls),
      last_chance_(stream_.get_executor()),
      site_(site),
      disk_(disk),
      limits_(limits) {
  asio::ip::tcp::socket& connected = beast::get_lowest_layer(stream_).socket();
  error_code error;
  peer_ = to_ip_endpoint(connected.remote_endpoint(error)).to_string();
  alt_svc_ = "h3=\":" + std::to_string(connected.local_endpoint(error).port()) + "\"; ma=86400";
  connected.set_option(asio::ip::tcp::no_delay(true), error);
}

asio::awaitable<void> https_session::run() {
  error_code error;
  beast::get_lowest_layer(stream_).expires_after(limits_.handshake);
  co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    spdlog::debug("TLS over TCP with {} failed: {}", peer_, error.message());
    co_return;
  }
  bool go_on = true;
  // A client that was let in is answered once: it could not know that the server ends.
  while (go_on && (!ending_ || requests_ == 0)) go_on = co_await serve_one();
  co_await say_farewell();
}

void https_session::end_soon() {
  if (std::exchange(ending_, true) || !waiting_for_request_) return;
  last_chance_.expires_after(last_chance);
  last_chance_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->waiting_for_request_) self->cut_off();
  });
}

void https_session::cut_off() {
  ending_ = true;
  beast::get_lowest_layer(stream_).close();
}

// Reads a request and answers it; whether another may follow.
asio::awaitable<bool> https_session::serve_one() {
  request_parser parser;
  parser.header_limit(limits_.header_size);
  const std::chrono::seconds patience = requests_ == 0 ? limits_.header : limits_.keep_alive;
  beast::get_lowest_layer(stream_).expires_after(ending_ ? last_chance : patience);
  waiting_for_request_ = true;
  error_code error;
  co_await http::async_read_header(stream_, received_, parser, asio::redirect_error(asio::use_awaitable, error));
  waiting_for_request_ = false;
  last_chance_.cancel();
  if (!error) {
    ++requests_;
    co_return co_await respond(parser);
  }
  const bool not_http = error.category() == http::make_error_code(http::error::bad_method).category();
  if (not_http && error != http::error::end_of_stream && error != http::error::partial_message) {
    co_return co_await refuse(error);
  }
  co_return false;
}

asio::awaitable<bool> https_session::respond(const request_parser& parser) {
  const auto& request = parser.get();
  access_record record(view(request.method_string()), view(request.target()), "http/1.1", peer_);
  const auto now = static_cast<unix_seconds>(std::time(nullptr));
  const http3::field_list headers = to_fields(request.base());
  const request_head head{view(request.method_string()), to_origin_form(view(request.target())), headers};
  answer what = lacks_host(request.base()) ? plain_answer(400, "The request names no host, or several.", now)
                                           : site_.respond(head, now);
  // A body that nobody asked for is not read, so that nothing can follow it.
  const bool has_body = parser.chunked() || parser.content_length_remaining().value_or(0) > 0;
  const bool keep_alive = request.keep_alive() && !has_body && !ending_;
  const bool sent = co_await send(std::move(what), keep_alive, record);
  co_return sent&& keep_alive;
}

// Answers what is no request that we understand.
asio::awaitable<bool> https_session::refuse(const error_code& error) {
  access_record record("-", "-", "http/1.1", peer_);
  record.note(error.message());
  const auto now = static_cast<unix_seconds>(std::time(nullptr));
  const bool too_large = error == http::error::header_limit || error == http::error::buffer_overflow;
  answer what = too_large ? plain_answer(431, "The headers are too large.", now)
                          : plain_answer(400, "This is no HTTP/1.1 request: " + error.message() + ".", now);
  co_await send(std::move(what), false, record);
  co_return false;
}

// Whether all of it was sent. A file that cannot be read to its end leaves the connection cut off, which a client sees.
asio::awaitable<bool> https_session::send(answer what, bool keep_alive, access_record& record) {
  std::optional<file_reader> reader;
  std::string_view piece = what.text;
  error_code error;
  if (what.file) {
    reader.emplace(std::move(*what.file), disk_);
    piece = co_await reader->next(error);
    if (error) {
      what = plain_answer(500, "The server could not read this file.", static_cast<unix_seconds>(std::time(nullptr)));
      reader.reset();
      piece = what.text;
    }
  }
  record.status(what.status);

  http::response<http::buffer_body> response;
  response.version(11);
  response.result(static_cast<unsigned>(what.status));
  for (const http3::field& field : what.headers) response.insert(field.name, field.value);
  response.set(http::field::alt_svc, alt_svc_);
  response.keep_alive(keep_alive);
  http::response_serializer<http::buffer_body> serializer(response);
  for (;;) {
    const bool more = reader && reader->remaining() > 0;
    // buffer_body wants a pointer to what it will not change.
    response.body().data = piece.empty() ? nullptr : const_cast<char*>(piece.data());
    response.body().size = piece.size();
    response.body().more = more;
    beast::get_lowest_layer(stream_).expires_after(limits_.piece);
    error = {};
    co_await http::async_write(stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
    if (error && error != http::error::need_buffer) {
      record.note("cut off: " + error.message());
      cut_off();
      co_return false;
    }
    record.add_bytes(piece.size());
    if (!more) co_return true;
    piece = co_await reader->next(error);
    if (error) {
      record.note("cut off: cannot read the file: " + error.message());
      cut_off();
      co_return false;
    }
  }
}

asio::awaitable<void> https_session::say_farewell() {
  error_code error;
  auto& layer = beast::get_lowest_layer(stream_);
  if (!layer.socket().is_open()) co_return;
  layer.expires_after(limits_.farewell);
  co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  // To close a socket that holds unread bytes would reset the connection, and with it the answer on its way.
  layer.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  std::array<char, 4096> discarded{};
  for (std::size_t total = 0; !error && total < most_thrown_away;) {
    total += co_await layer.async_read_some(asio::buffer(discarded), asio::redirect_error(asio::use_awaitable, error));
  }
  layer.close();
}

}  // namespace quasio::apps
