// Links quasio's Asio ring as an outsider does, and takes one walk through all floors: a client that nobody answers.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <quasio/asio.hpp>
#include <quasio/driver/http3_client.hpp>
#include <string>
#include <utility>

namespace {

namespace asio = quasio::asio;

// A port of loopback that was free a moment ago, and so has nobody who answers.
std::uint16_t unused_port(asio::io_context& context) {
  return asio::ip::udp::socket(context, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

}  // namespace

int main() {
  asio::io_context context;
  quasio::http3::client_options options;
  options.connect_timeout = std::chrono::seconds(2);
  quasio::http3::client client(context.get_executor(), std::move(options));
  bool failed = false;
  const auto url = "https://127.0.0.1:" + std::to_string(unused_port(context)) + "/";
  client.get(url, [&failed](std::exception_ptr why, quasio::http3::client_response) {
    const auto failure = quasio::http3::failure_of(why);
    failed = failure.has_value();
    if (failed) std::printf("as it should be: %s\n", failure->message.c_str());
  });
  context.run();
  if (!failed) return 1;
  std::puts("consumer_quasio: ok");
  return 0;
}
