// An HTTP/3 server: http3_hello_server CERTIFICATE.pem KEY.pem [PORT]
#include <iostream>

#include "quasio/driver/http3_server.hpp"

int main(int argc, char* argv[]) {
  using namespace quasio;
  if (argc < 3) return std::cerr << "usage: http3_hello_server CERTIFICATE.pem KEY.pem [PORT]\n", 2;
  crypto::server_options tls;
  tls.certificate_chain = crypto::pem::file(argv[1]);
  tls.private_key = crypto::pem::file(argv[2]);

  asio::io_context context;
  http3::server_options options;
  options.endpoints = {
      ip_endpoint::v4({127, 0, 0, 1}, static_cast<std::uint16_t>(argc > 3 ? std::stoi(argv[3]) : 4433))};
  options.tls = crypto::tls_context::server(tls).value();
  http3::server server(context.get_executor(), options);
  server.handle([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    response.set("content-type", "text/plain");
    co_await response.finish("You asked for " + request.path() + "\n");
  });
  for (const ip_endpoint& bound : server.start()) std::cout << "ready " << bound.to_string() << std::endl;

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](auto, auto) { server.stop(std::chrono::seconds(5), [&](auto) { context.stop(); }); });
  context.run();
}
