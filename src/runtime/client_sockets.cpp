#include "runtime/client_sockets.hpp"

#include <algorithm>
#include <utility>

#include "quasio/net/endpoint.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

/// The address of that endpoint, at any port.
ip_endpoint any_port_of(ip_endpoint endpoint) noexcept {
  endpoint.port = 0;
  return endpoint;
}

}  // namespace

net::udp_socket open_connected(const shard& where, const network_path& path, const net::udp_socket_options& options,
                               error_code& error) {
  net::udp_socket socket(where.get_executor(), where.state()->buffers());
  const auto peer = net::to_udp_endpoint(path.peer);
  asio::ip::udp::socket plain(where.get_executor());
  if (plain.open(peer.protocol(), error)) return socket;
  const bool has_local = path.local.port != 0 || !net::is_unspecified(path.local);
  if (has_local && plain.bind(net::to_udp_endpoint(path.local), error)) return socket;
  if (plain.connect(peer, error)) return socket;
  const auto handle = plain.release(error);
  if (!error) socket.assign(handle, options, error);
  return socket;
}

result<network_path, error_code> client_sockets::move(quic::connection& connection, const ip_endpoint& local,
                                                      const ip_endpoint& peer, quic::migration_timing when,
                                                      time_point now) {
  error_code error;
  net::udp_socket socket = open_connected(where_, {local, peer}, policy_.socket, error);
  if (error) return unexpected(error);
  const network_path path{socket.local_endpoint(), peer};
  const auto moved = connection.migrate(path, now, when);
  if (!moved) return unexpected(make_error_code(moved.error()));
  router_.add_socket(std::move(socket));
  return path;
}

void client_sockets::on_preferred_address(quic::connection& connection, const ip_endpoint& address, time_point now) {
  if (!policy_.follow_preferred_address) return;
  // Where that fails the connection stays where it is.
  static_cast<void>(
      move(connection, any_port_of(connection.path().local), address, quic::migration_timing::when_validated, now));
}

bool client_sockets::on_path_refused(quic::connection& connection, time_point now) {
  if (policy_.rebind_interval.count() == 0) return false;
  if (last_rebinding_ && now - *last_rebinding_ < policy_.rebind_interval) return false;
  last_rebinding_ = now;
  return move(connection, {}, connection.path().peer, quic::migration_timing::at_once, now).has_value();
}

void client_sockets::on_path_gone(const quic::connection& connection, const network_path& path) noexcept {
  const auto paths = connection.paths();
  const bool is_needed =
      std::ranges::any_of(paths, [&](const quic::path_statistics& each) { return each.path.local == path.local; });
  if (!is_needed) router_.remove_socket(path.local);
}

}  // namespace quasio::runtime
