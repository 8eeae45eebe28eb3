#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// kPacketNumberSpace of RFC 9002, appendix A.2.
enum class packet_number_space : std::uint8_t { initial = 0, handshake = 1, application_data = 2 };

inline constexpr std::size_t packet_number_space_count = 3;

/// What the loss detection timer needs to know of one packet number space. A discarded space is a default one.
struct loss_timer_space {
  bool ack_eliciting_in_flight = false;
  time_point last_ack_eliciting_sent{};   ///< Meaningful when ack_eliciting_in_flight.
  std::optional<time_point> loss_time{};  ///< loss_detection::loss_time().
};

/// Everything that the one loss detection timer of a connection depends on (RFC 9002, appendix A.8).
struct loss_timer_inputs {
  std::array<loss_timer_space, packet_number_space_count> spaces{};

  duration pto_base{};          ///< rtt_estimator::pto_base() of the path in use.
  duration max_ack_delay{};     ///< The peer's transport parameter; counts for application data only.
  std::uint32_t pto_count = 0;  ///< How many probe timeouts expired in a row.

  bool handshake_confirmed = false;
  bool has_handshake_keys = false;

  /// Always true at a server; at a client, true after an ACK in a Handshake packet or once the handshake is confirmed.
  bool peer_completed_address_validation = false;

  /// Only ever true at a server (RFC 9000, section 8.1): nothing can be sent, so no probe is armed.
  bool at_anti_amplification_limit = false;

  /// When something last rearmed the timer: a packet sent, an ACK processed, keys discarded. The anti-deadlock probe
  /// counts from here, so that asking again later does not push it away.
  time_point rearmed_at{};
};

enum class loss_timer_kind : std::uint8_t {
  time_threshold,  ///< Run loss detection on the space (RFC 9002, section 6.1.2).
  probe,           ///< Raise pto_count and send one or two ack-eliciting packets in the space (section 6.2.4).
};

struct loss_timer {
  time_point deadline;  ///< May lie in the past: then it fires at once.
  packet_number_space space;
  loss_timer_kind kind;

  friend bool operator==(const loss_timer&, const loss_timer&) = default;
};

/// When the loss detection timer fires, for which space and why; empty when it is not set.
std::optional<loss_timer> next_loss_timer(const loss_timer_inputs& inputs) noexcept;

/// `period` doubled `pto_count` times (RFC 9002, section 6.2.1), held at maximum_probe_period.
duration backed_off(duration period, std::uint32_t pto_count) noexcept;

/// No probe timeout is longer: far above every idle timeout, and it keeps the arithmetic away from overflow.
inline constexpr duration maximum_probe_period = std::chrono::hours(24);

}  // namespace quasio::recovery
