// Boost.Beast over HTTP/3 streams, both sides in one program: http3_beast CERTIFICATE.pem KEY.pem
//
// The bodies are HTTP/1.1 messages (application/http, RFC 9112 section 10.2), as a gateway passes them on. Beast's own
// composed operations read and write them: request, response and request_writer are streams like any other.
#include <iostream>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_server.hpp"

using namespace quasio;
namespace beast = boost::beast;

using inner_request = beast::http::request<beast::http::string_body>;
using inner_response = beast::http::response<beast::http::string_body>;

asio::awaitable<void> answer_each(http3::request& request, http3::response& response) {
  response.set("content-type", "application/http");
  beast::flat_buffer buffer;
  for (;;) {
    inner_request asked;
    const auto [end, size] =
        co_await beast::http::async_read(request, buffer, asked, asio::as_tuple(asio::use_awaitable));
    if (end == beast::http::error::end_of_stream) co_return;
    if (end) throw system_error(end);
    inner_response answer(beast::http::status::ok, 11);
    answer.body() = "inner answer to " + std::string(asked.target());
    answer.prepare_payload();
    co_await beast::http::async_write(response, answer, asio::use_awaitable);
  }
}

asio::awaitable<void> ask(http3::client& client, std::string url) {
  http3::client_request outer;
  outer.method = "POST";
  outer.url = url;
  outer.headers.push_back({"content-type", "application/http"});
  outer.source = [](http3::request_writer& body) -> asio::awaitable<void> {
    for (const char* target : {"/one", "/two"}) {
      inner_request inner(beast::http::verb::get, target, 11);
      inner.set(beast::http::field::host, "inner.example");
      co_await beast::http::async_write(body, inner, asio::use_awaitable);
    }
  };
  auto response = co_await client.request(std::move(outer));
  beast::flat_buffer buffer;
  for (int i = 0; i < 2; ++i) {
    inner_response inner;
    co_await beast::http::async_read(response, buffer, inner, asio::use_awaitable);
    std::cout << inner.result_int() << " " << inner.body() << "\n";
  }
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_beast CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  http3::server_options serving;
  serving.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  serving.tls = crypto::tls_context::server(identity).value();
  http3::server server(context.get_executor(), serving);
  server.handle(answer_each);
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/";

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  http3::client_options asking;
  asking.tls = crypto::tls_context::client(trust).value();
  http3::client client(context.get_executor(), asking);

  auto done = asio::co_spawn(context, ask(client, url), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
