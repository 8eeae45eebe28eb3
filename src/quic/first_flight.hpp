#pragma once

#include "quic/connection_state.hpp"
#include "quic/loss_recovery.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::quic {

/// What a server may answer a client's first flight with before it makes a connection: Version Negotiation and Retry
/// packets. Neither is authentic in the sense of other packets: what they say is proved by the handshake that follows.
class first_flight {
public:
  first_flight(connection_state& state, loss_recovery& recovery) noexcept : state_(state), recovery_(recovery) {}

  /// Ends the connection where there is no version in common, else has it begin again (RFC 9368, section 2.1): see
  /// connection_state::version_to_begin_again.
  void receive_version_negotiation(byte_view packet);

  void receive_retry(byte_view packet);

private:
  void tell_of(std::size_t size, const wire::version_negotiation_packet& negotiation,
               std::optional<quic_version> common) const;

  connection_state& state_;
  loss_recovery& recovery_;
};

/// Makes a client's state what it was before its first packet, but for a new destination connection ID, version and
/// keys of Initial packets. TLS is to be started anew next.
void begin_again(connection_state& state, loss_recovery& recovery, const connection_id& destination);

}  // namespace quasio::quic
