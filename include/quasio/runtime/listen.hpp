#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/net/udp_socket_options.hpp"
#include "quasio/quic/acceptor.hpp"
#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/connection_hooks.hpp"
#include "quasio/runtime/inheritance.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::runtime {

class inbound_packet_router;
class io_worker;

/// How a listener takes connections. Required are acceptor.tls and acceptor.alpn.
struct listen_options {
  quic::acceptor_options acceptor;  ///< What connections are given, and how the front door treats strangers.
  net::udp_socket_options socket;   ///< Of the listener's socket.

  /// Accepted connections that may wait for async_accept(); further ones are dropped, and the client tries again.
  std::size_t accept_backlog = 256;

  /// Connections that one listener keeps at once, the draining ones included.
  std::size_t max_connections = 100'000;

  /// Receive batches (one datagram, or a run that the kernel joined) that wait for one connection. They only wait while
  /// the worker is not running, so that a few are enough; more are dropped, as a full socket would.
  std::size_t inbox_size = 64;

  /// Also opens sockets at the preferred addresses of acceptor.transport (RFC 9000, section 9.6); where such a port is
  /// 0 the system chooses, and clients are told its choice. Turn it off where a middlebox leads those addresses to
  /// `local`, or where `local` is a wildcard that includes them.
  bool open_preferred_addresses = true;

  /// Datagrams kept for a connection that nobody has started yet.
  std::size_t waiting_inbox_size = 8;

  /// What the program decides about, or hears of, each connection. With hooks.on_client_hello,
  /// acceptor.ask_about_client_hello need not be set.
  connection_hooks hooks;

  /// Counts first packets by the client's network (counters::initials_by_subnet), which makes up to 512 time series.
  bool count_subnets = false;
};

/// A client that has knocked, and whose handshake has not begun. Dropping it refuses the connection.
class incoming_connection {
public:
  incoming_connection() noexcept;
  explicit incoming_connection(std::shared_ptr<io_worker> waiting) noexcept;
  incoming_connection(incoming_connection&&) noexcept;
  incoming_connection& operator=(incoming_connection&&) noexcept;
  ~incoming_connection();

  /// The path of its first datagram.
  const network_path& path() const noexcept;

  /// Where its application will run: the listener's executor.
  asio::any_io_executor get_executor() const;

  /// Begins the handshake. Call it on the executor.
  void start(std::unique_ptr<application_over_quic> application);

  /// Refuses it: the client learns of it at once. Call it on the executor.
  void refuse();

private:
  std::shared_ptr<io_worker> waiting_;
  network_path path_;
};

/// A UDP socket that takes connections, on one shard. Destroying it is close().
///
/// Threads: close() and the initiation of async_accept() are safe from any; the handler given to on_accept() is called
/// on the shard's executor.
class listener {
public:
  listener() noexcept;
  explicit listener(std::shared_ptr<inbound_packet_router> router) noexcept;
  listener(listener&&) noexcept;
  listener& operator=(listener&&) noexcept;
  ~listener();

  bool is_open() const noexcept { return router_ != nullptr; }

  /// The bound address, with its true port.
  const ip_endpoint& local_endpoint() const noexcept;

  /// Where its connections run.
  const runtime::shard& shard() const noexcept;

  /// The next client that knocks. Any number of these may wait.
  /// @par Completion Signature
  /// void(error_code, incoming_connection): error::listener_closed after close().
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_accept(Token&& token = {}) {
    return initiate_operation<incoming_connection>(
        std::forward<Token>(token), shard().get_executor(), cancel_target(),
        [router = router_](pending_operation<incoming_connection> operation) {
          start_accept(router, std::move(operation));
        });
  }

  /// Has each client given to `handler` at once instead, also those that wait already; then no backlog exists.
  /// `handler` is called on the shard's executor. Any thread.
  void on_accept(std::function<void(incoming_connection)> handler);

  /// Gives the socket to another process: see runtime::inheritance. From then on no client that knocks comes here; the
  /// connections that exist go on. When the other process ends, or what it was to get is destroyed, all is as before.
  /// `handler` is called on the shard's executor. Any thread. Errors: error::listener_closed after close();
  /// already_started while another process has it; what the system says.
  void hand_over(std::function<void(error_code, inherited_listener)> handler);

  /// Takes no more connections. Those that exist go on; the socket is closed when the last of them has drained.
  void close();

private:
  static void start_accept(const std::shared_ptr<inbound_packet_router>& router,
                           pending_operation<incoming_connection> operation);
  std::shared_ptr<cancellable> cancel_target() const;

  std::shared_ptr<inbound_packet_router> router_;
};

/// Opens a socket at `local` (port 0: the system chooses) and listens on it. Connections run on the shard's executor.
/// Errors: what udp_socket::open() says; invalid_argument where connection IDs have no bytes, or where hooks ask about
/// ClientHellos and the TLS context cannot (crypto::tls_context::can_ask_about_client_hello()). The listener is then
/// not open.
listener listen(const shard& where, const ip_endpoint& local, const listen_options& options, error_code& error);

/// Listens with one socket a shard at one address; the kernel shares the clients out (SO_REUSEPORT). Connection IDs
/// name their shard, and a packet that the kernel gives to another one, as happens when a client's address changes, is
/// passed on. For that `options.acceptor.connection_ids` is asked for a generator for each shard; without one they are
/// quic::routable_connection_ids under a fresh key, which nobody else can read. The shards share the keys of tokens and
/// of stateless resets too. Empty on error: as above, and invalid_argument where the IDs cannot name a shard.
std::vector<listener> listen(const std::vector<shard>& shards, const ip_endpoint& local, const listen_options& options,
                             error_code& error);

/// The same with the sockets that another process has handed over, as many as there are shards: this process receives
/// from now on. Errors: as above, and invalid_argument for another number.
std::vector<listener> listen(const std::vector<shard>& shards, std::vector<inherited_listener> inherited,
                             const listen_options& options, error_code& error);

}  // namespace quasio::runtime
