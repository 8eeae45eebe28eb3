// A congestion controller of one's own, at both ends of one program: own_congestion_controller CERTIFICATE.pem KEY.pem
#include <algorithm>
#include <iostream>

#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_server.hpp"

using namespace quasio;

// One packet more a round trip, half the window after a loss: the rule of 1988 (RFC 5681), without slow start's end by
// delay, without pacing rates, and without anything else that the library's own ones have.
class halving_controller final : public recovery::congestion_controller {
public:
  halving_controller(const recovery::congestion_settings& settings, std::size_t max_datagram_size)
      : datagram_(max_datagram_size),
        minimum_(recovery::minimum_window(settings, max_datagram_size)),
        window_(recovery::initial_window(settings, max_datagram_size)) {}

  void on_packet_sent(const recovery::sent_event&, time_point) override {}

  void on_packets_acked(const recovery::ack_event& acked, time_point) override {
    // What was sent before the last reduction tells nothing about the present window; a window that was not filled,
    // nothing about whether it could be larger.
    if (acked.newest_time_sent <= recovery_began_ || acked.window_underutilized) return;
    in_recovery_ = false;
    window_ += window_ < threshold_ ? acked.bytes : acked.bytes * datagram_ / window_;
  }

  bool on_congestion_event(const recovery::congestion_event& event, time_point now) override {
    if (event.newest_time_sent <= recovery_began_) return false;  // Answered already.
    recovery_began_ = now;
    in_recovery_ = true;
    threshold_ = std::max(window_ / 2, minimum_);
    window_ = threshold_;
    return true;
  }

  void on_persistent_congestion(time_point) override { window_ = minimum_; }

  std::uint64_t window() const noexcept override { return window_; }
  std::uint64_t slow_start_threshold() const noexcept override { return threshold_; }
  bool in_recovery() const noexcept override { return in_recovery_; }
  void set_max_datagram_size(std::size_t bytes) override { datagram_ = bytes; }
  std::string_view name() const noexcept override { return "halving"; }

private:
  std::uint64_t datagram_;
  std::uint64_t minimum_;
  std::uint64_t window_;
  std::uint64_t threshold_ = infinite;
  time_point recovery_began_ = time_point::min();
  bool in_recovery_ = false;
};

void use_own_controller(quic::settings& settings) {
  settings.congestion_controller = std::make_shared<const recovery::congestion_controller_factory>(
      [](const recovery::congestion_settings& congestion, std::size_t max_datagram_size) {
        return std::make_unique<halving_controller>(congestion, max_datagram_size);
      });
}

asio::awaitable<void> send_much(http3::request&, http3::response& response) {
  co_await response.finish(std::string(4 * 1024 * 1024, 'x'));
}

asio::awaitable<void> fetch(http3::client& client, std::string url) {
  auto response = co_await client.get(url);
  const std::string body = co_await response.read_all();
  std::cout << body.size() << " bytes by " << response.statistics().congestion_controller << "\n";
}

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: own_congestion_controller CERTIFICATE.pem KEY.pem\n", 2;
  asio::io_context context;

  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  http3::server_options serving;
  serving.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  serving.tls = crypto::tls_context::server(identity).value();
  use_own_controller(serving.transport);
  http3::server server(context.get_executor(), serving);
  server.handle(send_much);
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/";

  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  http3::client_options asking;
  asking.tls = crypto::tls_context::client(trust).value();
  use_own_controller(asking.transport);
  http3::client client(context.get_executor(), asking);

  auto done = asio::co_spawn(context, fetch(client, url), asio::use_future);
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  done.get();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
