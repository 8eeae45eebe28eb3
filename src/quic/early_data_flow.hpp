#pragma once

#include "quasio/quic/early_data.hpp"
#include "quic/connection_state.hpp"

/// The walk of early data through a connection: its beginning, what comes of it, and the end of its keys.
namespace quasio::quic {

class loss_recovery;

early_data_status status_of_early_data(const connection_state& state) noexcept;

/// A client's: TLS has keys for early data, so that streams may be used within what the server allowed the last time.
void begin_early_data(connection_state& state, const saved_session& from);

/// The peer's parameters, as they stand in the state, hold for what is sent from here on.
void apply_limits(connection_state& state);

/// A server's: TLS may have accepted early data.
void note_accepted_early_data(connection_state& state);

/// A client's, once the handshake is complete: either the limits that it went by still hold, which is an error of the
/// server's if they do not, or all of its streams begin anew.
transport_result<void> settle_early_data(connection_state& state, loss_recovery& recovery);

/// A server has got a 1-RTT packet: early data may still be on its way, but not for long (RFC 9001, section 4.9.3).
void limit_early_reading(connection_state& state);
void end_early_reading(connection_state& state);

/// Whether a server that has no keys for 0-RTT packets may still get them.
bool may_await_early_keys(const connection_state& state) noexcept;

/// Whether a client's packets of the application space are 0-RTT packets now.
bool sends_early_data(const connection_state& state) noexcept;

}  // namespace quasio::quic
