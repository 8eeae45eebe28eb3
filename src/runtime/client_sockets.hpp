#pragma once

#include <chrono>
#include <optional>

#include "quasio/base/result.hpp"
#include "quasio/base/time.hpp"
#include "quasio/net/udp_socket.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/connect.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::runtime {

class inbound_packet_router;

/// A socket connected to the peer: the kernel then picks the local address at once, and tells of refusals.
net::udp_socket open_connected(const shard& where, const network_path& path, const net::udp_socket_options& options,
                               error_code& error);

/// The sockets of a client's connection, one for each local address, and the moves that need a new one.
class client_sockets {
public:
  struct policy {
    net::udp_socket_options socket;
    bool follow_preferred_address = true;
    std::chrono::milliseconds rebind_interval{0};
  };

  client_sockets(const shard& where, inbound_packet_router& router, policy how)
      : where_(where), router_(router), policy_(how) {}

  /// Opens a socket at `local`, of which any part may be left to the system, and moves the connection there.
  result<network_path, error_code> move(quic::connection& connection, const ip_endpoint& local, const ip_endpoint& peer,
                                        quic::migration_timing when, time_point now);

  void on_preferred_address(quic::connection& connection, const ip_endpoint& address, time_point now);

  /// The system refuses to send on the path in use: its address or network is gone. Moves to what the system offers
  /// instead, if that is wanted, and not too often. Says whether it did.
  bool on_path_refused(quic::connection& connection, time_point now);

  /// A path is forgotten: its socket is closed if no other path needs it.
  void on_path_gone(const quic::connection& connection, const network_path& path) noexcept;

private:
  shard where_;
  inbound_packet_router& router_;
  policy policy_;
  std::optional<time_point> last_rebinding_;
};

}  // namespace quasio::runtime
