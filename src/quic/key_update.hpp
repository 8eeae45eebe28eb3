#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/result.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/key_update_error.hpp"
#include "quasio/wire/transport_error.hpp"

namespace quasio::quic {

struct connection_state;

/// What must be remembered between key updates (RFC 9001, section 6); the keys themselves are in the key_ring.
struct key_update_progress {
  /// When the first packet under the present write keys was acknowledged.
  std::optional<time_point> acknowledged_at;

  /// Bytes sent and received when the present keys came into use.
  std::uint64_t bytes_before = 0;

  /// A packet of the peer's present key phase has been acknowledged to it: only then may it update again
  /// (section 6.2).
  bool peer_has_confirmation = false;
};

/// Begins a key update now, if that is allowed: the next packet is sealed with new keys.
result<void, key_update_error> begin_key_update(connection_state& state);

/// A 1-RTT packet opened with the next keys: they are the present ones from now on, for sending too. KEY_UPDATE_ERROR
/// where the peer was not entitled to it.
transport_result<void> follow_key_update(connection_state& state, std::uint64_t packet_number);

/// A 1-RTT packet with an ACK frame up to `largest` was sent.
void note_acknowledgment_sent(connection_state& state, std::uint64_t largest);

/// A 1-RTT packet acknowledged packets up to `largest`. KEY_UPDATE_ERROR where it was sealed with older keys than what
/// it acknowledges (section 6.2).
transport_result<void> check_acknowledging_keys(const connection_state& state, std::uint64_t largest);

/// Our 1-RTT packet `newest` is newly acknowledged.
void note_acknowledged(connection_state& state, std::uint64_t newest);

/// Begins an update where a limit of the settings or of the cipher calls for one.
void begin_key_update_if_due(connection_state& state);

/// The keys of before the last update have been kept long enough (section 6.5).
void drop_previous_keys(connection_state& state);

}  // namespace quasio::quic
