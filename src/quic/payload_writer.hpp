#pragma once

#include "quic/connection_state.hpp"

namespace quasio::quic {

/// Fills what is left of a 1-RTT packet with what the application sends: the streams' control frames, then their data
/// and datagrams by urgency (see sending_order). `last_in_datagram`: nothing follows the packet.
void write_application_payload(connection_state& state, byte_writer& packet, sent_frames& record,
                               bool last_in_datagram);

/// Whether write_application_payload() would write something.
bool has_application_payload(const connection_state& state) noexcept;

}  // namespace quasio::quic
