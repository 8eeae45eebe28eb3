// A server with routes: http3_router_server CERTIFICATE.pem KEY.pem [PORT]
#include <iostream>
#include <map>

#include "quasio/driver/http3_router.hpp"

using namespace quasio;

// A shelf of notes: each has a name and a text.
http3::router notes(std::map<std::string, std::string, std::less<>>& shelf) {
  http3::router routes;
  routes.get("/notes", [&](http3::request&, http3::response& response) -> asio::awaitable<void> {
    std::string names;
    for (const auto& [name, text] : shelf) names += name + "\n";
    co_await response.finish(names);
  });
  routes.get("/notes/{name}", [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    const auto found = shelf.find(request.parameter("name"));
    if (found == shelf.end()) {
      response.status(404);
      co_await response.finish("no such note\n");
    } else {
      co_await response.finish(found->second);
    }
  });
  routes.put("/notes/{name}", [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    shelf[std::string(request.parameter("name"))] = co_await request.read_all(64 * 1024);  // More gets 413.
    response.status(201);
    co_await response.finish();
  });
  return routes;
}

// Runs around every handler.
asio::awaitable<void> log_request(http3::request& request, http3::response& response, http3::next_handler next) {
  co_await next();
  std::clog << request.method() << " " << request.path() << " (" << request.route() << "): " << response.status()
            << "\n";
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_router_server CERTIFICATE.pem KEY.pem [PORT]\n", 2;
  crypto::server_options tls;
  tls.certificate_chain = crypto::pem::file(argv[1]);
  tls.private_key = crypto::pem::file(argv[2]);

  asio::io_context context;
  http3::server_options options;
  options.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, static_cast<std::uint16_t>(argc > 3 ? std::stoi(argv[3]) : 0))};
  options.tls = crypto::tls_context::server(tls).value();
  options.request_timeout = std::chrono::seconds(30);
  options.limits.max_request_body = 1024 * 1024;

  std::map<std::string, std::string, std::less<>> shelf;
  http3::router routes;
  routes.mount("/api/v1", notes(shelf)).use(log_request);

  http3::server server(context.get_executor(), options);
  server.handle(routes);
  for (const ip_endpoint& bound : server.start()) std::cout << "ready " << bound.to_string() << std::endl;

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](auto, auto) { server.stop(std::chrono::seconds(5), [&](auto) { context.stop(); }); });
  context.run();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
