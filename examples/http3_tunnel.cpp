// Extended CONNECT with capsules and datagrams, both sides in one program: http3_tunnel CERTIFICATE.pem KEY.pem
#include <array>
#include <iostream>

#include "quasio/driver/capsules.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_router.hpp"

using namespace quasio;

constexpr std::uint64_t greeting = 0x7357;  // A capsule type of this protocol's own.

asio::awaitable<void> answer_datagrams(driver::datagram_flow flow) {
  std::array<char, 1500> buffer;
  for (;;) {
    const auto [error, size] =
        co_await flow.async_receive_datagram(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error) co_return;  // The tunnel has ended.
    co_await flow.async_send_datagram(asio::buffer(buffer, size), {}, asio::as_tuple(asio::use_awaitable));
  }
}

// Sends back whatever comes: capsules on the stream, datagrams beside it.
asio::awaitable<void> echo(http3::request& request, http3::response& response) {
  response.set("capsule-protocol", "?1");
  co_await response.write(asio::const_buffer());             // 200: the tunnel is open.
  request.allow_silence(std::chrono::milliseconds::zero());  // There may be nothing to say on the stream for long.
  asio::co_spawn(request.get_executor(), answer_datagrams(request.datagrams()), asio::detached);
  driver::capsule_source from(request, {.max_value = 4096, .wanted_types = {greeting}});
  driver::capsule_sink to(response);
  for (;;) {
    const auto [error, capsule] = co_await from.async_receive_capsule(asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof) co_return;
    if (error) throw system_error(error);
    co_await to.async_send_capsule(capsule.type, asio::buffer(capsule.value.data(), capsule.value.size()));
  }
}

asio::awaitable<void> greet(http3::client& client, std::string url) {
  http3::client_request what;
  what.protocol = "echo-example";
  what.url = url;
  what.headers.push_back({"capsule-protocol", "?1"});
  auto tunnel = co_await client.request(what);
  if (tunnel.status() != 200) throw std::runtime_error("refused with " + std::to_string(tunnel.status()));

  driver::capsule_source from(tunnel);
  driver::capsule_sink to(tunnel.writer());
  co_await to.async_send_capsule(greeting, asio::buffer(std::string_view("hello, reliably")));
  const http3::capsule_piece heard = co_await from.async_receive_capsule();
  std::cout << "capsule: " << std::string(heard.value.begin(), heard.value.end()) << "\n";

  std::array<char, 1500> buffer;
  co_await tunnel.datagrams().async_send_datagram(asio::buffer(std::string_view("hello, at once")));
  const std::size_t size = co_await tunnel.datagrams().async_receive_datagram(asio::buffer(buffer));
  std::cout << "datagram: " << std::string(buffer.data(), size) << "\n";
  co_await tunnel.writer().async_finish(asio::const_buffer());
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_tunnel CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  http3::server_options serving;
  serving.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  serving.tls = crypto::tls_context::server(identity).value();
  serving.http3.enable_connect_protocol = true;
  serving.http3.datagrams.enable = true;
  http3::server server(context.get_executor(), serving);
  http3::router routes;
  server.handle(routes.connect("echo-example", "/echo", echo));
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/echo";

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  http3::client_options asking;
  asking.tls = crypto::tls_context::client(trust).value();
  asking.http3.datagrams.enable = true;
  http3::client client(context.get_executor(), asking);

  auto done = asio::co_spawn(context, greet(client, url), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
