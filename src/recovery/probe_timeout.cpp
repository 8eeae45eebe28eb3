#include "recovery/probe_timeout.hpp"

#include <algorithm>

namespace quasio::recovery {
namespace {

constexpr std::array all_spaces{packet_number_space::initial, packet_number_space::handshake,
                                packet_number_space::application_data};

std::optional<loss_timer> earlier(std::optional<loss_timer> a, const loss_timer& b) noexcept {
  return a && a->deadline <= b.deadline ? a : b;
}

const loss_timer_space& at(const loss_timer_inputs& inputs, packet_number_space space) noexcept {
  return inputs.spaces[static_cast<std::size_t>(space)];
}

std::optional<loss_timer> earliest_loss_time(const loss_timer_inputs& inputs) noexcept {
  std::optional<loss_timer> timer;
  for (const packet_number_space space : all_spaces) {
    const std::optional<time_point> loss_time = at(inputs, space).loss_time;
    if (loss_time) timer = earlier(timer, {*loss_time, space, loss_timer_kind::time_threshold});
  }
  return timer;
}

bool handshake_packets_in_flight(const loss_timer_inputs& inputs) noexcept {
  return at(inputs, packet_number_space::initial).ack_eliciting_in_flight ||
         at(inputs, packet_number_space::handshake).ack_eliciting_in_flight;
}

loss_timer anti_deadlock_probe(const loss_timer_inputs& inputs) noexcept {
  const auto space = inputs.has_handshake_keys ? packet_number_space::handshake : packet_number_space::initial;
  return {inputs.rearmed_at + backed_off(inputs.pto_base, inputs.pto_count), space, loss_timer_kind::probe};
}

std::optional<loss_timer> earliest_probe(const loss_timer_inputs& inputs) noexcept {
  std::optional<loss_timer> timer;
  for (const packet_number_space space : all_spaces) {
    if (!at(inputs, space).ack_eliciting_in_flight) continue;
    const bool application = space == packet_number_space::application_data;
    // RFC 9002, section 6.2.1: before confirmation one side may lack the keys for these packets or their ACKs.
    if (application && !inputs.handshake_confirmed) continue;
    const duration period = application ? inputs.pto_base + inputs.max_ack_delay : inputs.pto_base;
    const time_point deadline = at(inputs, space).last_ack_eliciting_sent + backed_off(period, inputs.pto_count);
    timer = earlier(timer, {deadline, space, loss_timer_kind::probe});
  }
  return timer;
}

}  // namespace

duration backed_off(duration period, std::uint32_t pto_count) noexcept {
  constexpr std::uint32_t most_doublings = 30;
  const std::int64_t factor = std::int64_t{1} << std::min(pto_count, most_doublings);
  return period > maximum_probe_period / factor ? maximum_probe_period : period * factor;
}

std::optional<loss_timer> next_loss_timer(const loss_timer_inputs& inputs) noexcept {
  if (const auto timer = earliest_loss_time(inputs)) return timer;
  if (inputs.at_anti_amplification_limit) return std::nullopt;
  // Appendix A.8 arms this probe only when nothing at all is in flight. 0-RTT packets in flight would then leave a
  // client without any timer, as they arm none themselves; section 6.2.2.1 says that it MUST have one.
  if (!inputs.peer_completed_address_validation && !handshake_packets_in_flight(inputs))
    return anti_deadlock_probe(inputs);
  return earliest_probe(inputs);
}

}  // namespace quasio::recovery
