#pragma once

#include <algorithm>
#include <cstddef>

#include "quasio/net/datagrams.hpp"

namespace quasio::runtime {

/// Datagrams that came together over one path for one connection: a received batch, or a part of it. Shares the batch's
/// buffer.
struct inbound_run {
  net::packet_buffer buffer;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t segment_size = 0;
  network_path path;
  ecn_codepoint ecn = ecn_codepoint::not_ect;

  byte_span bytes() const noexcept { return {buffer.data() + offset, size}; }

  /// Calls `take` with each datagram.
  template <class Take>
  void for_each_datagram(Take take) const {
    for (byte_span rest = bytes(); !rest.empty();) {
      const std::size_t length = std::min(segment_size, rest.size());
      take(rest.first(length));
      rest = rest.subspan(length);
    }
  }

  std::size_t count() const noexcept { return segment_size == 0 ? 0 : (size + segment_size - 1) / segment_size; }
};

}  // namespace quasio::runtime
