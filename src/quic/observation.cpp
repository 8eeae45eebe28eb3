#include "quic/observation.hpp"

namespace quasio::quic {
namespace {

std::optional<std::uint64_t> finite(std::uint64_t threshold) noexcept {
  return threshold == recovery::congestion_controller::infinite ? std::nullopt : std::optional(threshold);
}

}  // namespace

packet_kind kind_of(wire::packet_type type) noexcept {
  switch (type) {
    case wire::packet_type::initial:
      return packet_kind::initial;
    case wire::packet_type::zero_rtt:
      return packet_kind::zero_rtt;
    case wire::packet_type::handshake:
      return packet_kind::handshake;
    case wire::packet_type::retry:
      return packet_kind::retry;
    case wire::packet_type::version_negotiation:
      return packet_kind::version_negotiation;
    default:
      return packet_kind::one_rtt;
  }
}

packet_kind kind_of(space_id space) noexcept {
  switch (space) {
    case space_id::initial:
      return packet_kind::initial;
    case space_id::handshake:
      return packet_kind::handshake;
    default:
      return packet_kind::one_rtt;
  }
}

void observation::keys_may_have_come(const key_ring& keys, time_point now) {
  if (!observer_) return;
  const auto tell = [&](bool present, bool& told, packet_kind level) {
    if (!present || told) return;
    told = true;
    observer_->on_key({.what = key_event::installed, .level = level, .phase = 0}, now);
  };
  tell(keys.handshake_write.has_value(), handshake_keys_, packet_kind::handshake);
  tell(keys.application_write.has_value(), application_keys_, packet_kind::one_rtt);
}

void observation::recovery_changed(const path& on, std::uint32_t pto_count, time_point now) {
  if (!observer_) return;
  observer_->on_recovery({.path = on.id(),
                          .latest_rtt = on.rtt.latest(),
                          .smoothed_rtt = on.rtt.smoothed(),
                          .minimum_rtt = on.rtt.minimum(),
                          .rtt_variation = on.rtt.variation(),
                          .pto_count = pto_count,
                          .congestion_window = on.congestion->window(),
                          .bytes_in_flight = on.flight.bytes(),
                          .slow_start_threshold = finite(on.congestion->slow_start_threshold()),
                          .pacing_rate = on.pacer.rate()},
                         now);
  const std::string_view state = on.congestion->state();
  if (state == congestion_state_) return;
  observer_->on_congestion_state({on.id(), congestion_state_, state}, now);
  congestion_state_ = state;
}

}  // namespace quasio::quic
