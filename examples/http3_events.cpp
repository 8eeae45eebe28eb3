// Server-sent events, both sides in one program: http3_events CERTIFICATE.pem KEY.pem
#include <iostream>

#include <boost/asio/read_until.hpp>

#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_router.hpp"

using namespace quasio;

// Each write leaves at once; when the client goes, the handler is cancelled in the middle of it.
asio::awaitable<void> tell_the_time(http3::request&, http3::response& response) {
  response.set("content-type", "text/event-stream").set("cache-control", "no-store");
  asio::steady_timer clock(response.get_executor());
  for (int tick = 1;; ++tick) {
    co_await response.write("id: " + std::to_string(tick) + "\ndata: tick\n\n");
    clock.expires_after(std::chrono::milliseconds(20));
    co_await clock.async_wait(asio::use_awaitable);
  }
}

// A response is an AsyncReadStream: what Asio composes of one works on it.
asio::awaitable<void> listen_to(http3::client& client, std::string url, int events) {
  auto response = co_await client.get(url);
  std::string text;
  for (int i = 0; i < events; ++i) {
    const std::size_t end =
        co_await asio::async_read_until(response, asio::dynamic_buffer(text), "\n\n", asio::use_awaitable);
    std::cout << text.substr(0, end - 1);
    text.erase(0, end);
  }
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_events CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  http3::server_options serving;
  serving.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  serving.tls = crypto::tls_context::server(identity).value();
  http3::server server(context.get_executor(), serving);
  http3::router routes;
  server.handle(routes.get("/time", tell_the_time));
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/time";

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  http3::client_options asking;
  asking.tls = crypto::tls_context::client(trust).value();
  http3::client client(context.get_executor(), asking);

  auto done = asio::co_spawn(context, listen_to(client, url, 3), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
