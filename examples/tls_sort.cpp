// A small service over TLS and TCP, both sides in one program: tls_sort CERTIFICATE.pem KEY.pem
//
// The client sends lines and an empty one behind the last, the server sends them back in order. quic_sort.cpp is the
// same over QUIC; docs/tutorial/4-from-tcp.md tells the way from here to there.
#include <algorithm>
#include <iostream>
#include <sstream>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace asio = boost::asio;
using asio::ip::tcp;
using tls_stream = asio::ssl::stream<tcp::socket>;

std::string sorted(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line) && !line.empty();) all.push_back(line);
  std::sort(all.begin(), all.end());
  std::string result;
  for (const std::string& line : all) result += line + "\n";
  return result;
}

asio::awaitable<void> serve_client(tcp::socket socket, asio::ssl::context& tls) {
  tls_stream stream(std::move(socket), tls);
  co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  // TLS over TCP cannot end one direction and go on with the other: the protocol needs a mark for the end.
  std::string text;
  co_await asio::async_read_until(stream, asio::dynamic_buffer(text, 1024 * 1024), "\n\n", asio::use_awaitable);
  co_await asio::async_write(stream, asio::buffer(sorted(text)), asio::use_awaitable);
  co_await stream.async_shutdown(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> serve(tcp::acceptor& acceptor, asio::ssl::context& tls) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve_client(std::move(socket), tls), asio::detached);
  }
}

asio::awaitable<std::string> sort(tcp::endpoint server, asio::ssl::context& tls, std::string lines) {
  tls_stream stream(co_await asio::this_coro::executor, tls);
  SSL_set_tlsext_host_name(stream.native_handle(), "localhost");
  stream.set_verify_callback(asio::ssl::host_name_verification("localhost"));
  co_await stream.next_layer().async_connect(server, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  lines += "\n";
  co_await asio::async_write(stream, asio::buffer(lines), asio::use_awaitable);
  std::string answer;
  co_await asio::async_read(stream, asio::dynamic_buffer(answer), asio::as_tuple(asio::use_awaitable));
  co_return answer;
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: tls_sort CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  asio::ssl::context server_tls(asio::ssl::context::tls_server);
  server_tls.use_certificate_chain_file(argv[1]);
  server_tls.use_private_key_file(argv[2], asio::ssl::context::pem);
  asio::ssl::context client_tls(asio::ssl::context::tls_client);
  client_tls.load_verify_file(argv[1]);
  client_tls.set_verify_mode(asio::ssl::verify_peer);

  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::co_spawn(context, serve(acceptor, server_tls), asio::detached);
  const std::string lines = "pear\napple\nquince\n";
  auto answer = asio::co_spawn(context, sort(acceptor.local_endpoint(), client_tls, lines), asio::use_future);
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  std::cout << answer.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
