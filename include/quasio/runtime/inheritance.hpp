#pragma once

#include <cstdint>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/net/descriptor.hpp"

namespace quasio::runtime {

/// What one process hands to another so that a server can be replaced while clients use it: its very sockets, which
/// both have from then on. The heir receives from them. Whatever is for a connection of the testator's it passes on,
/// and what the testator does not know either comes back, so that no datagram is lost and none is taken for a
/// stranger's. The testator sends by them until its last connection has ended; should the heir die, it receives again.
struct inherited_listener {
  ip_endpoint local;       ///< Where it is bound, with its true port.
  std::uint8_t shard = 0;  ///< The shard whose it was; the heir's shards take them in this order.

  /// UDP sockets; the first is bound to `local`, the others to preferred addresses.
  std::vector<net::descriptor> sockets;

  /// A Unix socket (SOCK_SEQPACKET) whose other end the testator holds: what is passed on goes by it.
  net::descriptor channel;
};

/// All that one process hands to another: see inherited_listener.
struct inheritance {
  /// For each endpoint one listener a shard.
  std::vector<std::vector<inherited_listener>> endpoints;

  /// Whatever else the program hands on, such as sockets that listen for TCP.
  std::vector<net::descriptor> others;
};

/// Sends it over a connected Unix socket (SOCK_SEQPACKET). Waits until it is sent. What is handed over stays open here
/// too until the object is destroyed; destroy it at once, so that the heir alone holds the channels' other ends.
void send_inheritance(int socket, const inheritance& what, error_code& error);

/// Waits for one and receives it. Errors: eof where the other side closed; no_protocol_option for one that is not
/// understood; what recvmsg() says.
inheritance receive_inheritance(int socket, error_code& error);

}  // namespace quasio::runtime
