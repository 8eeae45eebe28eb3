#include "quasio/runtime/connect.hpp"

#include <utility>

#include "quasio/net/udp_socket.hpp"
#include "runtime/client_sockets.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

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
  // A path to another address of the server's needs a socket of its own, which is opened here.
  quic::preferred_address_policy& preferred = options.client.transport.preferred_address;
  const bool follow_preferred = preferred == quic::preferred_address_policy::follow;
  if (follow_preferred) preferred = quic::preferred_address_policy::announce;
  auto connection = quic::connection::connect(std::move(options.client), where.state()->random(), read_clock());
  if (!connection) {
    const transport_error& reason = connection.error();
    return unexpected<connection_end>(connection_end{
        make_wire_error(static_cast<std::uint64_t>(reason.code), transport_category()), reason.reason, std::nullopt});
  }
  const router_limits limits{0, 1, {options.inbox_size, options.inbox_size}};
  const auto router = std::make_shared<inbound_packet_router>(where, std::move(socket), limits, id_size);
  router->hook_in({.on_client_hello = {}, .on_end = std::move(options.on_end)});
  io_worker& worker = router->adopt(std::move(*connection));
  worker.may_move_by(std::make_unique<client_sockets>(
      where, *router, client_sockets::policy{options.socket, follow_preferred, options.rebind_interval}));
  router->start();
  worker.start(std::move(application));
  return {};
}

}  // namespace quasio::runtime
