// Fetches a URL over HTTP/3: http3_get URL [ROOTS.pem]
#include <iostream>

#include "quasio/driver/http3_client.hpp"

quasio::asio::awaitable<void> get(quasio::http3::client& client, std::string url) {
  auto response = co_await client.get(url);
  std::cerr << "status " << response.status() << "\n";
  std::cout << co_await response.read_all();
}

int main(int argc, char* argv[]) try {
  using namespace quasio;
  if (argc < 2) return std::cerr << "usage: http3_get URL [ROOTS.pem]\n", 2;
  crypto::client_options tls;
  if (argc > 2) tls.additional_roots = crypto::pem::file(argv[2]);

  asio::io_context context;
  http3::client_options options;
  options.tls = crypto::tls_context::client(tls).value();
  http3::client client(context.get_executor(), options);
  auto done = asio::co_spawn(context, get(client, argv[1]), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
