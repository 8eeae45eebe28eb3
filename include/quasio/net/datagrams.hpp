#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/net/packet_buffer_pool.hpp"

namespace quasio::net {

/// Datagrams that reached the socket together over one path: one, or the run that the kernel joined (GRO).
struct received_datagrams {
  packet_buffer buffer;          ///< Holds the datagrams back to back from its first byte.
  std::size_t size = 0;          ///< Bytes of all of them.
  std::size_t segment_size = 0;  ///< Bytes of each but the last, which may be shorter; `size` when there is one only.

  /// `local` is the address that the peer sent to, where packet info is on; else what the socket is bound to.
  network_path path;

  ecn_codepoint ecn = ecn_codepoint::not_ect;  ///< Of every datagram: the kernel joins none that differ in it.

  /// When the kernel got the first of them, on the clock of time_point; only with udp_socket_options::timestamps.
  std::optional<time_point> kernel_time;

  /// How many datagrams there are. At least 1 in what udp_socket::receive() delivers.
  std::size_t count() const noexcept { return segment_size == 0 ? 0 : (size + segment_size - 1) / segment_size; }

  /// The datagram of that index, writable so that packets can be decrypted in place. Precondition: index < count().
  byte_span datagram(std::size_t index) const noexcept {
    const std::size_t offset = index * segment_size;
    return {buffer.data() + offset, std::min(segment_size, size - offset)};
  }
};

/// Datagrams to be sent over one path by, where the kernel can (GSO), one call.
struct outgoing_datagrams {
  byte_view data;                ///< The datagrams back to back.
  std::size_t segment_size = 0;  ///< Bytes of each but the last, which may be shorter; 0: `data` is one datagram.

  /// Where to, and from which of this host's addresses; an unspecified `local` leaves that choice to the kernel.
  network_path path;

  ecn_codepoint ecn = ecn_codepoint::not_ect;  ///< The mark put on each datagram.
};

}  // namespace quasio::net
