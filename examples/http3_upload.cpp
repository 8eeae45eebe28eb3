// Sends a file, piece by piece: http3_upload FILE URL [ROOTS.pem]
#include <array>
#include <fstream>
#include <iostream>

#include "quasio/driver/http3_client.hpp"

using namespace quasio;

asio::awaitable<void> upload(http3::client& client, std::string file, std::string url) {
  http3::client_request request;
  request.method = "PUT";
  request.url = url;
  // Runs beside the response, and again where the request has to be repeated: so it opens the file itself.
  request.source = [file](http3::request_writer& body) -> asio::awaitable<void> {
    std::ifstream content(file, std::ios::binary);
    if (!content) throw std::runtime_error("cannot read " + file);
    std::array<char, 64 * 1024> piece;
    while (content.read(piece.data(), piece.size()) || content.gcount() > 0) {
      // Waits while the server does not keep up: no more than this and a send buffer is in memory.
      co_await body.async_write(asio::buffer(piece.data(), static_cast<std::size_t>(content.gcount())));
    }
  };
  auto response = co_await client.request(std::move(request));
  std::cout << response.status() << "\n" << co_await response.read_all();
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_upload FILE URL [ROOTS.pem]\n", 2;
  crypto::client_options tls;
  if (argc > 3) tls.additional_roots = crypto::pem::file(argv[3]);

  asio::io_context context;
  http3::client_options options;
  options.tls = crypto::tls_context::client(tls).value();
  http3::client client(context.get_executor(), options);
  auto done = asio::co_spawn(context, upload(client, argv[1], argv[2]), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
