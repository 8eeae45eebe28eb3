// A server as people write them with the easy API, whose handlers do what an attacker would like them to do: read what
// comes, wait, and write without end. It says "ready ADDR:PORT" and serves until it is killed.
//
//   attack_victim --listen 127.0.0.1:0 [--body-timeout SECONDS] ...

#include <chrono>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "quasio/driver/http3_router.hpp"
#include "quasio/driver/http3_server.hpp"
#include "server/identity.hpp"

namespace quasio::attack {
namespace {

asio::awaitable<void> answer_small(http3::request&, http3::response& response) {
  co_await response.finish(std::string(1024, 'a'));
}

asio::awaitable<void> wait_long(http3::request& request, http3::response&) {
  asio::steady_timer timer(request.get_executor(), std::chrono::seconds(60));
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> take_all(http3::request& request, http3::response& response) {
  std::array<char, 16 * 1024> piece{};
  for (;;) {
    const auto [error, count] =
        co_await request.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof) break;
    if (error) throw system_error(error);
  }
  response.status(204);
  co_await response.finish();
}

asio::awaitable<void> write_for_ever(http3::request&, http3::response& response) {
  static const std::string piece(64 * 1024, 'b');
  for (;;) co_await response.write(piece);
}

http3::router routes() {
  http3::router made;
  made.get("/small.txt", answer_small);
  made.get("/wait", wait_long);
  made.get("/endless", write_for_ever);
  made.post("/in", take_all);
  return made;
}

asio::awaitable<void> serve(const http3::router& router, http3::request& request, http3::response& response) {
  // Extended CONNECT is no router's business.
  if (request.method() == "CONNECT") {
    co_await response.write(std::string_view());
    co_await wait_long(request, response);
  }
  co_await router(request, response);
}

std::chrono::milliseconds in_milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace
}  // namespace quasio::attack

int main(int count, char** values) {
  using namespace quasio;
  CLI::App app("A server to be attacked");
  http3::server_options options;
  double body_timeout = 60;
  double write_timeout = 120;
  bool datagrams = false;
  std::string listen;
  app.add_option("--listen", listen);
  app.add_option("--body-timeout", body_timeout);
  app.add_option("--write-timeout", write_timeout);
  app.add_option("--max-request-body", options.limits.max_request_body);
  app.add_flag("--datagrams", datagrams);
  CLI11_PARSE(app, count, values);

  const auto identity = apps::make_self_signed();
  if (!identity) return 1;
  crypto::server_options tls;
  tls.certificate_chain = identity->who.certificate_chain;
  tls.private_key = identity->who.private_key;
  auto made = crypto::tls_context::server(tls);
  if (!made) return 1;
  options.tls = *made;
  options.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  options.limits.body_timeout = attack::in_milliseconds(body_timeout);
  options.limits.write_timeout = attack::in_milliseconds(write_timeout);
  if (datagrams) {
    options.transport.datagrams.max_frame_size = 65535;
    options.http3.datagrams.enable = true;
    options.http3.enable_connect_protocol = true;
  }
  asio::io_context context{1};
  http3::server server(context.get_executor(), options);
  server.handle([router = attack::routes()](http3::request& request, http3::response& response) {
    return attack::serve(router, request, response);
  });
  std::cout << "ready " << server.start().front().to_string() << std::endl;
  context.run();
}
