#pragma once

#include <cstddef>

#include "quasio/net/datagrams.hpp"
#include "quasio/quic/events.hpp"
#include "quasio/runtime/connection_audit.hpp"

namespace quasio::runtime {

class io_worker;

/// What brings an io_worker its datagrams and takes those that it sends: the router of a socket, or the program itself.
/// Everything on the shard's executor.
class datagram_carrier {
public:
  virtual void add_route(const connection_id& id, io_worker& worker) = 0;
  virtual void remove_route(const connection_id& id, const io_worker& worker) = 0;
  virtual void handshake_ended(const io_worker& worker) = 0;

  /// The worker is through; what held it lets it go.
  virtual void forget(io_worker& worker) = 0;

  /// A server's handshake waits for io_worker::answer_client_hello().
  virtual void on_client_hello(io_worker& worker, const quic::client_hello_received& hello, time_point now) = 0;
  virtual void on_ended(const connection_audit& audit) = 0;

  /// Whether somebody wants on_ended().
  virtual bool is_audited() const noexcept = 0;

  /// How many datagrams a batch on this path may have.
  virtual std::size_t max_segments(const network_path& path) noexcept = 0;

  /// As net::udp_socket::send().
  virtual std::size_t send(const net::outgoing_datagrams& batch, error_code& error) = 0;

  /// Calls io_worker::on_writable() when send() has room again.
  virtual void wait_writable(const network_path& path, io_worker& worker) = 0;

protected:
  ~datagram_carrier() = default;
};

}  // namespace quasio::runtime
