#pragma once

#include <memory>
#include <vector>

#include "sim/hosts.hpp"
#include "sim/shared_link.hpp"

namespace quasio::sim {

struct dumbbell_settings {
  std::uint64_t seed = 1;
  shared_link_settings to_server;  ///< The bottleneck.
  duration return_delay = std::chrono::milliseconds(10);

  /// Of acknowledgments. Without any, the packets of two flows keep their places in the queue's rhythm for ever, and
  /// one of them gets all the losses, which no real network does to them.
  duration return_jitter{};
  quic::settings client;
  quic::settings server;
};

/// Several clients that send to one server as fast as they may, through one bottleneck. The way back has no limit.
class dumbbell {
public:
  explicit dumbbell(const dumbbell_settings& settings);

  /// One client more, which begins now.
  void add_client();

  void run_for(duration time);

  time_point now() const noexcept { return now_; }
  shared_link& bottleneck() noexcept { return to_server_; }

  /// New bytes of stream data that the server has received, of each client in the order in which they reached
  /// the server.
  std::vector<std::uint64_t> delivered() const;

  quic::statistics client_statistics(std::size_t index) const {
    return clients_[index].host->connection().statistics();
  }

private:
  struct client {
    std::unique_ptr<connection_host> host;
    ip_endpoint address;
    std::optional<time_point> deadline;
    bool stirred = true;  ///< Something came for it since its last turn.
  };

  void turn();
  void turn_server();
  std::optional<time_point> next_event() const;
  void send_to_client(byte_view bytes, const network_path& path, ecn_codepoint ecn);

  dumbbell_settings settings_;
  seeded_random random_;
  seeded_random network_random_;
  time_point now_{std::chrono::seconds(1000)};
  ip_endpoint server_address_ = ip_endpoint::v4({10, 0, 0, 2}, 443);
  shared_link to_server_;
  shared_link to_clients_;
  std::vector<std::shared_ptr<std::uint64_t>> delivered_;
  server_host server_;
  std::optional<time_point> server_deadline_;
  bool server_stirred_ = false;
  std::vector<client> clients_;
};

}  // namespace quasio::sim
