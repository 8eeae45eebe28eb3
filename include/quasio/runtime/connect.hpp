#pragma once

#include <chrono>
#include <memory>

#include "quasio/base/result.hpp"
#include "quasio/net/udp_socket_options.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/connection_audit.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::runtime {

/// How a client's connection is made.
struct connect_options {
  /// What the QUIC connection is given. `path.peer` says where to; `path.local` may name an address and port of this
  /// host, by default the kernel chooses.
  quic::client_options client;

  net::udp_socket_options socket;  ///< Of the connection's own socket.

  /// When the system refuses to send from the address in use, since that or its network is gone, the connection moves
  /// to a new socket at an address of the system's choice: at most once in this time. 0: never; the connection then
  /// waits for the path to come back, or for async_migrate().
  std::chrono::milliseconds rebind_interval{1000};

  /// As listen_options::inbox_size.
  std::size_t inbox_size = 64;

  /// Told of the end, also of a handshake that fails.
  audit_handler on_end;
};

/// Begins a connection on a socket of its own, whose peer's refusals (ICMP) therefore become known at once: then the
/// handshake fails with connection_refused instead of waiting for its timeout.
///
/// The outcome is told to `application`. Fails, without a call to it, where no socket can be had, the peer is
/// unreachable from here, or TLS refuses the options.
///
/// Call it on the shard's executor.
result<void, connection_end> connect(const shard& where, connect_options options,
                                     std::unique_ptr<application_over_quic> application);

}  // namespace quasio::runtime
