#include "quasio/runtime/connect.hpp"

#include <utility>

#include "quasio/net/endpoint.hpp"
#include "quasio/net/udp_socket.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

// A connected socket: the kernel then picks the local address at once, and tells of refusals.
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

}  // namespace

result<void, connection_end> connect(const shard& where, connect_options options,
                                     std::unique_ptr<application_over_quic> application) {
  error_code error;
  net::udp_socket socket = open_connected(where, options.client.path, options.socket, error);
  if (error) return unexpected<connection_end>(describe(error));

  options.client.path.local = socket.local_endpoint();
  if (options.client.connection_ids == nullptr) {
    options.client.connection_ids = std::make_shared<quic::random_connection_ids>();
  }
  const std::size_t id_size = options.client.connection_ids->size();
  auto connection = quic::connection::connect(std::move(options.client), where.state()->random(), read_clock());
  if (!connection) {
    const transport_error& reason = connection.error();
    return unexpected<connection_end>(connection_end{
        make_wire_error(static_cast<std::uint64_t>(reason.code), transport_category()), reason.reason, std::nullopt});
  }
  const router_limits limits{0, 1, {options.inbox_size, options.inbox_size}};
  const auto router = std::make_shared<inbound_packet_router>(where, std::move(socket), limits, id_size);
  io_worker& worker = router->adopt(std::move(*connection));
  router->start();
  worker.start(std::move(application));
  return {};
}

}  // namespace quasio::runtime
