// A protocol of one's own over QUIC streams, both sides in one program: quic_echo CERTIFICATE.pem KEY.pem
#include <iostream>

#include "quasio/runtime/quic_connection.hpp"

using namespace quasio;

asio::awaitable<void> echo(runtime::quic_listener& listener) {
  runtime::quic_connection connection = co_await listener.async_accept();
  runtime::quic_stream stream = co_await connection.async_accept_stream();
  std::string text;
  co_await asio::async_read(stream, asio::dynamic_buffer(text), asio::as_tuple(asio::use_awaitable));  // To the end.
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  stream.finish();
  co_await connection.async_wait_closed();
}

asio::awaitable<std::string> say(runtime::shard shard, runtime::connect_options options, std::string text) {
  runtime::quic_connection connection = co_await runtime::async_connect(shard, options);
  runtime::quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  stream.finish();
  std::string answer;
  co_await asio::async_read(stream, asio::dynamic_buffer(answer), asio::as_tuple(asio::use_awaitable));
  co_return answer;
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: quic_echo CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;
  runtime::shard shard(context.get_executor());

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  runtime::listen_options listening;
  listening.acceptor.tls = crypto::tls_context::server(identity).value();
  listening.acceptor.alpn = {"example-echo"};
  error_code error;
  runtime::quic_listener listener(runtime::listen(shard, ip_endpoint::v4({127, 0, 0, 1}, 0), listening, error));
  if (error) throw system_error(error);

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  runtime::connect_options connecting;
  connecting.client.tls = crypto::tls_context::client(trust).value();
  connecting.client.server_name = "localhost";
  connecting.client.alpn = {"example-echo"};
  connecting.client.path.peer = listener.local_endpoint();

  asio::co_spawn(context, echo(listener), asio::detached);
  auto answer = asio::co_spawn(context, say(shard, connecting, "hello, stream"), asio::use_future);
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  std::cout << answer.get() << "\n";
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
