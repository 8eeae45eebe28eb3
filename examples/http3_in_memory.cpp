// HTTP/3 without a socket: the program carries the datagrams itself, here from one object to another.
//
//   http3_in_memory CERTIFICATE.pem KEY.pem
#include <iostream>

#include "quasio/crypto/system_random.hpp"
#include "quasio/driver/h3_driver.hpp"
#include "quasio/quic/acceptor.hpp"
#include "quasio/runtime/raw_connection.hpp"

using namespace quasio;

// One direction: a tunnel, another program's packet loop or a UNIX socket would stand here.
class pipe_end final : public runtime::datagram_sink {
public:
  pipe_end(asio::io_context& context, std::function<void(std::vector<std::uint8_t>)> other_end)
      : context_(context), other_end_(std::move(other_end)) {}

  std::size_t send(const net::outgoing_datagrams& batch, error_code&) override {
    // One datagram a batch: max_segments() is 1. What is sent arrives in a handler of its own.
    asio::post(context_, [this, datagram = std::vector<std::uint8_t>(batch.data.begin(), batch.data.end())]() mutable {
      other_end_(std::move(datagram));
    });
    return batch.data.size();
  }

private:
  asio::io_context& context_;
  std::function<void(std::vector<std::uint8_t>)> other_end_;
};

asio::awaitable<void> serve(driver::server_h3_controller server) {
  driver::incoming_request request = co_await server.async_receive_request();
  const std::string text = "You asked for " + std::string(http3::find_field(request.fields, ":path")) + "\n";
  const http3::field_list head{{":status", "200"}};
  co_await request.response.async_write_with_head(head, asio::buffer(text), driver::write_extent::last);
}

asio::awaitable<void> fetch(driver::client_h3_controller client) {
  const http3::field_list head{
      {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/some/page"}};
  driver::outgoing_request request = co_await client.async_send_request(head, true);
  co_await request.response.async_receive_head();
  std::cout << co_await request.response.body().async_read_all(1000);
  client.close();
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_in_memory CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;
  const runtime::shard shard(context.get_executor());
  const auto now = [] { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); };
  // The addresses are compared, and mean nothing else.
  const network_path at_client{ip_endpoint::v4({10, 0, 0, 2}, 2), ip_endpoint::v4({10, 0, 0, 1}, 1)};
  const network_path at_server{at_client.peer, at_client.local};

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  quic::acceptor_options accepting;
  accepting.tls = crypto::tls_context::server(identity).value();
  accepting.alpn = {"h3"};
  crypto::system_random random;
  quic::acceptor acceptor(accepting, random);

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  quic::client_options connecting;
  connecting.tls = crypto::tls_context::client(trust).value();
  connecting.server_name = "localhost";
  connecting.alpn = {"h3"};
  connecting.path = at_client;

  runtime::raw_connection client;
  runtime::raw_connection server;
  const auto to_client = std::make_shared<pipe_end>(
      context, [&](std::vector<std::uint8_t> datagram) { client.deliver(datagram, at_client); });
  const auto to_server = std::make_shared<pipe_end>(context, [&](std::vector<std::uint8_t> datagram) {
    if (!server.is_open()) {
      std::vector<std::uint8_t> reply(1500);
      auto decision = acceptor.consider(datagram, at_server, 0, reply, now());
      auto* accepted = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (accepted == nullptr) return;
      auto made = driver::make_server_h3_driver(context.get_executor());
      asio::co_spawn(context, serve(made.controller), asio::detached);
      server = runtime::serve_over(shard, std::move(*accepted), to_client, std::move(made.driver));
    }
    server.deliver(datagram, at_server);
  });

  auto made = driver::make_client_h3_driver(context.get_executor());
  auto begun = runtime::connect_over(shard, connecting, to_server, std::move(made.driver));
  if (!begun) throw std::runtime_error(begun.error().message);
  client = std::move(*begun);
  asio::co_spawn(context, fetch(made.controller), asio::detached);
  client.async_wait_drained([&](error_code) { context.stop(); });
  context.run();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
