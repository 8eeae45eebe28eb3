#pragma once

#include "quasio/base/bytes.hpp"
#include "quasio/wire/transport_error.hpp"
#include "wire/packet_header.hpp"

namespace quasio::quic {

/// Writes an Initial packet with a CONNECTION_CLOSE that answers a client's Initial packet, without keeping anything
/// about that client (RFC 9000, section 5.2.2). Returns its size; 0 when it does not fit.
std::size_t write_refusal(byte_span reply, const wire::packet_header& initial, transport_error_code code);

}  // namespace quasio::quic
