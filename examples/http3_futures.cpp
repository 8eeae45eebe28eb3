// Fetches URLs at once, with futures: http3_futures ROOTS.pem URL...
#include <iostream>
#include <thread>

#include "quasio/driver/http3_client.hpp"

using namespace quasio;

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_futures ROOTS.pem URL...\n", 2;
  crypto::client_options tls;
  tls.additional_roots = crypto::pem::file(argv[1]);

  // The network lives on a thread of its own; here we may wait.
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  std::jthread network([&] { context.run(); });
  http3::client_options options;
  options.tls = crypto::tls_context::client(tls).value();
  std::optional<http3::client> client(std::in_place, context.get_executor(), options);

  std::vector<std::future<http3::client_response>> responses;
  for (int i = 2; i < argc; ++i) responses.push_back(client->get(argv[i], asio::use_future));
  for (auto& each : responses) {
    http3::client_response response = each.get();
    std::cout << response.url() << " " << response.read_all(1024 * 1024, asio::use_future).get();
  }
  client.reset();
  work.reset();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
