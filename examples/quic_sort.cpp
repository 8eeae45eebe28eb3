// The service of tls_sort.cpp over QUIC, both sides in one program: quic_sort CERTIFICATE.pem KEY.pem
//
// The client sends lines and ends its side, the server sends them back in order.
#include <algorithm>
#include <iostream>
#include <sstream>
#include <vector>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl.hpp>

#include "quasio/runtime/quic_connection.hpp"

namespace asio = boost::asio;
namespace quic = quasio::runtime;

std::string sorted(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line) && !line.empty();) all.push_back(line);
  std::sort(all.begin(), all.end());
  std::string result;
  for (const std::string& line : all) result += line + "\n";
  return result;
}

asio::awaitable<void> serve_request(quic::quic_stream stream) {
  std::string text;
  const auto [end, size] =
      co_await asio::async_read(stream, asio::dynamic_buffer(text, 1024 * 1024), asio::as_tuple(asio::use_awaitable));
  if (end != asio::error::eof) co_return stream.reset(1);  // Cut off, or larger than we take.
  co_await asio::async_write(stream, asio::buffer(sorted(text)), asio::use_awaitable);
  stream.finish();
}

asio::awaitable<void> serve_client(quic::quic_connection connection) {
  for (;;) {
    auto [ended, stream] = co_await connection.async_accept_stream(asio::as_tuple(asio::use_awaitable));
    if (ended) co_return;
    asio::co_spawn(connection.get_executor(), serve_request(std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> serve(quic::quic_listener& listener) {
  for (;;) {
    quic::quic_connection connection = co_await listener.async_accept();
    asio::co_spawn(listener.get_executor(), serve_client(std::move(connection)), asio::detached);
  }
}

asio::awaitable<std::string> sort(quic::quic_connection& connection, std::string lines) {
  quic::quic_stream stream = co_await connection.async_open_stream(quasio::stream_direction::bidirectional);
  co_await asio::async_write(stream, asio::buffer(lines), asio::use_awaitable);
  stream.finish();  // The server reads eof; we go on reading.
  std::string answer;
  const auto [end, size] =
      co_await asio::async_read(stream, asio::dynamic_buffer(answer), asio::as_tuple(asio::use_awaitable));
  if (end != asio::error::eof) throw quasio::system_error(end);
  co_return answer;
}

asio::awaitable<std::string> sort_two(quic::shard shard, quic::connect_options options) {
  using namespace asio::experimental::awaitable_operators;
  quic::quic_connection connection = co_await quic::async_connect(shard, options);
  // Two requests at once, on one connection: neither waits for the other, nor for the other's lost packets.
  auto [fruits, numbers] = co_await (sort(connection, "pear\napple\nquince\n") && sort(connection, "two\none\n"));
  co_await connection.async_close_gracefully(0, "done", std::chrono::seconds(5), asio::as_tuple(asio::use_awaitable));
  co_return fruits + numbers;
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: quic_sort CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;
  quic::shard shard(context.get_executor());

  // The contexts of before, as they were.
  asio::ssl::context server_tls(asio::ssl::context::tls_server);
  server_tls.use_certificate_chain_file(argv[1]);
  server_tls.use_private_key_file(argv[2], asio::ssl::context::pem);
  asio::ssl::context client_tls(asio::ssl::context::tls_client);
  client_tls.load_verify_file(argv[1]);
  client_tls.set_verify_mode(asio::ssl::verify_peer);

  quic::listen_options listening;
  listening.acceptor.tls = quasio::crypto::tls_context::adopt(server_tls.native_handle()).value();
  listening.acceptor.alpn = {"example-sort"};
  quasio::error_code error;
  quic::quic_listener listener(quic::listen(shard, quasio::ip_endpoint::v4({127, 0, 0, 1}, 0), listening, error));
  if (error) throw quasio::system_error(error);
  asio::co_spawn(context, serve(listener), asio::detached);

  quic::connect_options connecting;
  connecting.client.tls = quasio::crypto::tls_context::adopt(client_tls.native_handle()).value();
  connecting.client.server_name = "localhost";  // For SNI, and for the certificate.
  connecting.client.alpn = {"example-sort"};
  connecting.client.path.peer = listener.local_endpoint();
  connecting.client.transport.max_idle_timeout = std::chrono::seconds(10);

  auto answer = asio::co_spawn(context, sort_two(shard, connecting), asio::use_future);
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  std::cout << answer.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
