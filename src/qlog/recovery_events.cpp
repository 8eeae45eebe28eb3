#include <limits>
#include <utility>

#include "qlog/connection_log.hpp"
#include "qlog/names.hpp"

/// "Recovery events".
namespace quasio::qlog {

void connection_log::on_recovery_parameters(const quic::observed_recovery_parameters& parameters, time_point now) {
  if (!wants(importance::base)) return;
  const auto granularity = std::chrono::ceil<std::chrono::milliseconds>(parameters.timer_granularity).count();
  records_.write("quic:recovery_parameters_set", now, [&](json_writer& json) {
    json.number("reordering_threshold", parameters.packet_threshold);
    json.real("time_threshold", parameters.time_threshold);
    json.number("timer_granularity", static_cast<std::uint64_t>(granularity));
    json.milliseconds("initial_rtt", parameters.initial_rtt);
    json.number("max_datagram_size", parameters.max_datagram_size);
    json.number("initial_congestion_window", parameters.initial_window);
    json.number("minimum_congestion_window", parameters.minimum_window);
    if (parameters.loss_reduction_factor) json.real("loss_reduction_factor", *parameters.loss_reduction_factor);
    json.number("persistent_congestion_threshold", parameters.persistent_congestion_threshold);
    // The schema lets other fields stand here.
    json.text("congestion_controller", parameters.controller);
  });
}

void connection_log::on_packet_lost(const quic::observed_loss& loss, time_point now) {
  records_.write(
      "quic:packet_lost", now,
      [&](json_writer& json) {
        json.begin_object("header");
        json.text("packet_type", name_of(loss.kind));
        json.number("packet_number", loss.number);
        json.end_object();
        json.text("trigger",
                  loss.cause == quic::loss_cause::packet_threshold ? "reordering_threshold" : "time_threshold");
        if (loss.mtu_probe) json.boolean("is_mtu_probe_packet", true);
      },
      loss.path);
}

void connection_log::on_recovery(const quic::observed_recovery& recovery, time_point now) {
  const quic::observed_recovery before = std::exchange(told_, recovery);
  const bool anew = before.path != recovery.path || before.congestion_window == 0;
  records_.write(
      "quic:recovery_metrics_updated", now,
      [&](json_writer& json) {
        const auto time = [&](std::string_view key, duration old, duration value) {
          if (anew || old != value) json.milliseconds(key, value);
        };
        const auto number = [&](std::string_view key, std::uint64_t old, std::uint64_t value) {
          if (anew || old != value) json.number(key, value);
        };
        time("min_rtt", before.minimum_rtt, recovery.minimum_rtt);
        time("smoothed_rtt", before.smoothed_rtt, recovery.smoothed_rtt);
        time("latest_rtt", before.latest_rtt, recovery.latest_rtt);
        time("rtt_variance", before.rtt_variation, recovery.rtt_variation);
        number("pto_count", before.pto_count, recovery.pto_count);
        number("congestion_window", before.congestion_window, recovery.congestion_window);
        json.number("bytes_in_flight", recovery.bytes_in_flight);
        if (recovery.slow_start_threshold && before.slow_start_threshold != recovery.slow_start_threshold)
          json.number("ssthresh", *recovery.slow_start_threshold);
        constexpr std::uint64_t bits = 8;
        if (anew || before.pacing_rate != recovery.pacing_rate)
          json.number("pacing_rate",
                      recovery.pacing_rate > UINT64_MAX / bits ? UINT64_MAX : recovery.pacing_rate * bits);
      },
      recovery.path);
}

void connection_log::on_congestion_state(const quic::observed_congestion_state& state, time_point now) {
  if (!wants(importance::base)) return;
  records_.write(
      "quic:congestion_state_updated", now,
      [&](json_writer& json) {
        if (!state.before.empty()) json.text("old", state.before);
        json.text("new", state.now);
      },
      state.path);
}

void connection_log::on_ecn(const quic::observed_ecn& ecn, time_point now) {
  if (!wants(importance::extra) || name_of(ecn.now).empty()) return;
  records_.write(
      "quic:ecn_state_updated", now,
      [&](json_writer& json) {
        if (ecn.before && !name_of(*ecn.before).empty()) json.text("old", name_of(*ecn.before));
        json.text("new", name_of(ecn.now));
      },
      ecn.path);
}

}  // namespace quasio::qlog
