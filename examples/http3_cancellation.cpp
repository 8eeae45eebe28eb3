// Four ways to give up waiting, both sides in one program: http3_cancellation CERTIFICATE.pem KEY.pem
#include <iostream>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_server.hpp"

using namespace quasio;
using namespace std::chrono_literals;

// Takes its time; when the client goes, the wait is cancelled.
asio::awaitable<void> answer_late(http3::request&, http3::response& response) {
  asio::steady_timer patience(response.get_executor(), 1h);
  co_await patience.async_wait(asio::use_awaitable);
}

// A limit of the client's own, for one request.
asio::awaitable<void> give_up_by_timeout(http3::client& client, std::string url) {
  http3::client_request request;
  request.url = url;
  request.timeouts = http3::request_timeouts{.headers = 50ms};
  try {
    co_await client.request(std::move(request));
  } catch (const http3::request_failed& failed) {
    if (failed.code() == http3::client_error::headers_timeout) std::cout << "timeout: took too long\n";
  }
}

// Whatever ends first: the operator cancels the other.
asio::awaitable<void> give_up_by_operator(http3::client& client, std::string url) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(client.get_executor(), 50ms);
  const auto first = co_await (client.get(url) || timer.async_wait(asio::use_awaitable));
  std::cout << "operator: " << (first.index() == 0 ? "answered" : "took too long") << "\n";
}

// A slot: somebody else decides when to stop, such as a button or another request.
asio::awaitable<void> give_up_by_slot(http3::client& client, std::string url) {
  asio::cancellation_signal stop;
  asio::steady_timer finished(client.get_executor(), asio::steady_timer::time_point::max());
  client.get(url,
             asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr& error, http3::client_response) {
               const auto failure = http3::failure_of(error);
               const bool stopped = failure && failure->code == asio::error::operation_aborted;
               std::cout << "slot: " << (stopped ? "stopped" : "answered") << "\n";
               finished.cancel();
             }));
  asio::steady_timer button(client.get_executor(), 50ms);
  co_await button.async_wait(asio::use_awaitable);
  stop.emit(asio::cancellation_type::terminal);
  co_await finished.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Dropping what one no longer wants: the response's stream is closed, the connection stays.
asio::awaitable<void> give_up_by_dropping(http3::client& client, std::string url) {
  {
    const http3::client_response response = co_await client.get(url + "endless");
    std::cout << "dropping: status " << response.status() << "\n";
  }
}

asio::awaitable<void> send_without_end(http3::request& request, http3::response& response) {
  if (request.path() != "/endless") co_return co_await answer_late(request, response);
  for (const std::string piece(16 * 1024, 'x');;) co_await response.write(piece);
}

asio::awaitable<void> give_up(http3::client& client, std::string url) {
  co_await give_up_by_timeout(client, url);
  co_await give_up_by_operator(client, url);
  co_await give_up_by_slot(client, url);
  co_await give_up_by_dropping(client, url);
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: http3_cancellation CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  http3::server_options serving;
  serving.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  serving.tls = crypto::tls_context::server(identity).value();
  http3::server server(context.get_executor(), serving);
  server.handle(send_without_end);
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/";

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  http3::client_options asking;
  asking.tls = crypto::tls_context::client(trust).value();
  http3::client client(context.get_executor(), asking);

  auto done = asio::co_spawn(context, give_up(client, url), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
