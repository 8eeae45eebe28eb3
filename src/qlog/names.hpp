#pragma once

#include <string_view>

#include "quasio/quic/observer.hpp"

/// What the schema calls things (draft-ietf-quic-qlog-quic-events). Empty where it has no word.
namespace quasio::qlog {

/// $PacketType.
std::string_view name_of(quic::packet_kind kind) noexcept;

/// $PacketNumberSpace.
std::string_view space_name(quic::packet_kind kind) noexcept;

/// The trigger of "packet_dropped".
std::string_view name_of(quic::drop_cause cause) noexcept;

/// $ConnectionState.
std::string_view name_of(quic::connection_progress step) noexcept;

/// The trigger of "connection_closed".
std::string_view trigger_of(quic::close_cause cause) noexcept;

/// ECN, the bits.
std::string_view name_of(ecn_codepoint mark) noexcept;

/// ECNState; there is none for what the settings have disabled.
std::string_view name_of(quic::ecn_state state) noexcept;

/// MigrationState; not all that happens to a path is part of a migration.
std::string_view migration_state(quic::path_event what) noexcept;

/// $TimerType. The schema calls the threshold loss detection timer "ack".
std::string_view name_of(quic::timer_kind kind) noexcept;
std::string_view name_of(quic::timer_event what) noexcept;

/// $BlockedReason.
std::string_view name_of(quic::send_obstacle obstacle) noexcept;

/// $StreamState.
std::string_view name_of(quic::stream_change change) noexcept;

}  // namespace quasio::qlog
