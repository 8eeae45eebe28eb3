// Fetches a URL with callbacks: http3_callbacks URL [ROOTS.pem]
#include <iostream>

#include "quasio/driver/http3_client.hpp"

using namespace quasio;

int main(int argc, char* argv[]) {
  if (argc < 2) return std::cerr << "usage: http3_callbacks URL [ROOTS.pem]\n", 2;
  crypto::client_options tls;
  if (argc > 2) tls.additional_roots = crypto::pem::file(argv[2]);

  asio::io_context context;
  http3::client_options options;
  options.tls = crypto::tls_context::client(tls).value();
  http3::client client(context.get_executor(), options);

  int result = 1;
  client.get(argv[1], [&](std::exception_ptr error, http3::client_response response) {
    if (const auto failure = http3::failure_of(error)) {
      std::cerr << failure->message << "\n";
      return client.close();
    }
    // A callback outlives the place where it was made: what it needs, it keeps.
    auto kept = std::make_shared<http3::client_response>(std::move(response));
    kept->read_all(1024 * 1024, [&, kept](error_code failed, std::string body) {
      std::cout << kept->status() << " " << body;
      if (!failed) result = 0;
      client.close();
    });
  });
  context.run();
  return result;
}
