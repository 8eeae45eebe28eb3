#pragma once

#include <cstddef>
#include <cstdint>

namespace quasio::net {

/// The most datagrams that one outgoing batch may hold: the limit of Linux since it knows UDP GSO.
inline constexpr std::size_t max_batch_segments = 64;

/// The most bytes that one outgoing batch may hold: a 65,535-byte IP packet less the IPv6 and UDP headers. The batch
/// passes through the kernel as a single packet, so that both IP versions share this limit.
inline constexpr std::size_t max_batch_bytes = 65'535 - 40 - 8;

/// The most entries that one udp_socket::receive() fills.
inline constexpr std::size_t max_receive_batch = 32;

/// What to ask of the kernel for a UDP socket. Features that it lacks are left out without an error, and
/// udp_socket::capabilities() tells; only reuse_port and v6_only, on which correctness rests, make open() fail.
struct udp_socket_options {
  /// Bytes of kernel memory for datagrams that wait to be read, and to leave. The system's usual 200 KB hold two
  /// milliseconds of traffic at 1 Gbit/s. Granted in part where the system sets a lower limit.
  std::size_t receive_buffer_size = std::size_t{4} << 20;
  std::size_t send_buffer_size = std::size_t{4} << 20;

  bool reuse_port = false;    ///< SO_REUSEPORT: several sockets share the address, and the kernel its load.
  bool gso = true;            ///< Give the kernel a whole batch in one call, which it cuts (UDP_SEGMENT).
  bool gro = true;            ///< Take joined datagrams from the kernel in one call (UDP_GRO).
  bool ecn = true;            ///< Read and set the ECN bits of each datagram (RFC 9000, section 13.4).
  bool packet_info = true;    ///< Learn the local address of each datagram, and reply from it.
  bool dont_fragment = true;  ///< Never fragment (RFC 9000, section 14), and leave the path MTU to our own probes.
  bool v6_only = false;       ///< Of an IPv6 socket: take no IPv4. Without it, "[::]" serves both.
  bool timestamps = false;    ///< Have the kernel say when each datagram came.
};

/// What the kernel granted. May shrink while the socket lives: see udp_socket::send().
struct udp_socket_capabilities {
  bool gso = false;
  bool gro = false;
  bool ecn = false;
  bool packet_info = false;
  bool dont_fragment = false;
  bool timestamps = false;
  bool drop_counter = false;  ///< Whether udp_socket_statistics::kernel_drops is counted.

  /// How many datagrams one call to the kernel takes: 1 without GSO, else at most max_batch_segments. A larger batch
  /// is sent by several calls.
  std::size_t max_segments = 1;

  std::size_t receive_buffer_size = 0;  ///< Bytes granted, in the terms of the option of the same name.
  std::size_t send_buffer_size = 0;
};

/// Counts since the socket was opened.
struct udp_socket_statistics {
  std::uint64_t datagrams_received = 0;  ///< Delivered to the caller.
  std::uint64_t bytes_received = 0;
  std::uint64_t receive_calls = 0;    ///< Calls to the kernel, also those that found nothing.
  std::uint64_t kernel_drops = 0;     ///< Came while the receive buffer was full.
  std::uint64_t truncated_drops = 0;  ///< Longer than a buffer of the pool.
  std::uint64_t empty_drops = 0;      ///< Without a single byte.
  std::uint64_t icmp_errors = 0;      ///< Told by ICMP about something sent earlier; nothing else was lost by it.
  std::uint64_t port_refusals = 0;    ///< Of these, those that say that nobody listens at the peer's port.
  std::uint64_t datagrams_sent = 0;   ///< Accepted by the kernel.
  std::uint64_t bytes_sent = 0;
  std::uint64_t send_calls = 0;  ///< Calls to the kernel, also those that failed.
  std::uint64_t send_would_block = 0;
  std::uint64_t send_drops = 0;      ///< Datagrams lost on this host because a queue or memory was full.
  std::uint64_t send_too_large = 0;  ///< Refusals because of the path's MTU.
  std::uint64_t send_failures = 0;   ///< Other refusals.
  std::uint64_t gso_fallbacks = 0;   ///< Times that a batch was refused whose datagrams passed singly.
  std::uint64_t ecn_fallbacks = 0;   ///< 1 when marked datagrams were refused that passed unmarked.
};

}  // namespace quasio::net
