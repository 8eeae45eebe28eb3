#pragma once

#include <cstddef>

#include "quic/connection_state.hpp"

namespace quasio::quic {

/// The largest DATAGRAM payload that the peer takes and the path in use carries now, in a packet of its own; 0 when the
/// peer takes none (RFC 9221, section 3 and 5).
std::size_t max_datagram_payload(const connection_state& state) noexcept;

/// Whether the next datagram that waits goes, with its Length field, into a 1-RTT packet of `size` bytes.
bool next_datagram_fits(const connection_state& state, std::size_t size) noexcept;

}  // namespace quasio::quic
