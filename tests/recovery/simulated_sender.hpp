#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "quasio/base/range_set.hpp"
#include "quasio/recovery/congestion_settings.hpp"
#include "recovery/delivery_rate.hpp"
#include "recovery/flight.hpp"
#include "recovery/loss_detection.hpp"
#include "recovery/numbered_packets.hpp"
#include "recovery/pacer.hpp"
#include "recovery/probe_timeout.hpp"

namespace quasio::recovery {

/// The parts of the room put together as a connection does it: one path, application data, handshake confirmed. The
/// order of the calls is that of RFC 9002, appendices A.7 and B.
class simulated_sender {
public:
  static constexpr std::uint32_t datagram = 1200;
  static constexpr duration peer_max_ack_delay = milliseconds(25);

  explicit simulated_sender(const congestion_settings& settings = {.algorithm = congestion_algorithm::new_reno},
                            const loss_detection_settings& losses = {})
      : simulated_sender(make_congestion_controller(settings, datagram), losses) {}

  explicit simulated_sender(std::unique_ptr<congestion_controller> controller,
                            const loss_detection_settings& losses = {})
      : rtt(default_initial_rtt), control(std::move(controller)), paced({}, datagram, at({})), detection(losses) {
    update_pacing(at({}));
  }

  std::uint64_t send(time_point now, std::uint32_t bytes = datagram) {
    const std::uint64_t number = packets.next_number();
    const auto snapshot = rate.on_sent(bytes, flying.bytes(), paced.is_full(now), now);
    packets.append({.packet_number = number,
                    .time_sent = now,
                    .bytes = bytes,
                    .ack_eliciting = true,
                    .in_flight = true,
                    .delivery = snapshot});
    control->on_packet_sent(
        {.bytes = bytes, .bytes_in_flight_before = flying.bytes(), .app_limited = rate.app_limited()}, now);
    flying.on_sent(bytes, control->window(), datagram, now);
    if (flying.bytes() == bytes) update_pacing(now);
    paced.on_sent(now, bytes);
    return number;
  }

  /// Whether window and pacer let a full datagram go; notes that they held back data that was waiting.
  bool may_send(time_point now) {
    const bool allowed = flying.room(control->window()) >= datagram && paced.budget(now) >= datagram;
    if (!allowed) {
      flying.on_blocked(now);
      rate.on_held_back();
    }
    return allowed;
  }

  /// There is nothing to send.
  void run_dry(time_point now) {
    if (flying.room(control->window()) >= datagram) rate.on_ran_dry(now);
  }

  /// When the pacer lets more go; empty when it is the window that holds back.
  std::optional<time_point> release_time(time_point now) const {
    if (flying.room(control->window()) < datagram) return std::nullopt;
    return paced.release_time(now, paced.quantum());
  }

  /// Ranges in the order of an ACK frame: the highest first.
  void acknowledge(const std::vector<number_range>& ranges, time_point now, duration ack_delay = {}) {
    ack_summary summary;
    ack_event acked{.bytes_in_flight_before = flying.bytes()};
    for (const number_range& range : ranges) {
      detection.acknowledge(
          packets, range.begin, range.end - 1, summary,
          [&](const auto& packet) {
            if (!packet.in_flight) return;
            flying.remove(packet.bytes);
            acked.bytes += packet.bytes;
            rate.on_acked(packet, now);
          },
          [&](const auto& packet) {
            rate.on_late(packet.bytes);
            control->on_spurious_loss(packet.bytes, packet.time_sent, now);
          });
    }
    if (summary.late > 0) detection.adapt_time_threshold(summary, rtt, now);
    if (!control->in_recovery()) flying.end_reduction();
    if (summary.empty()) return;
    if (const auto sample = summary.rtt_sample(now)) rtt.update(*sample, ack_delay, true, peer_max_ack_delay, now);
    detect_losses(now);
    acked.newest_time_sent = summary.newest.time_sent;
    acked.window_underutilized = flying.underutilized_since(acked.newest_time_sent);
    acked.rtt = rtt.statistics();
    acked.bytes_in_flight = flying.bytes();
    acked.rate = rate.take_sample(rtt.minimum(), now);
    control->on_packets_acked(acked, now);
    flying.on_delivered(acked.bytes, control->window(), now);
    if (!control->in_recovery()) flying.end_reduction();
    if (control->holds_back()) rate.mark_app_limited(flying.bytes());
    update_pacing(now);
    pto_count = 0;
  }

  std::optional<loss_timer> timer() const {
    loss_timer_inputs inputs{.pto_base = rtt.pto_base(),
                             .max_ack_delay = peer_max_ack_delay,
                             .pto_count = pto_count,
                             .handshake_confirmed = true,
                             .has_handshake_keys = true,
                             .peer_completed_address_validation = true};
    inputs.spaces[2] = {.ack_eliciting_in_flight = packets.ack_eliciting_outstanding() > 0,
                        .last_ack_eliciting_sent = packets.last_ack_eliciting_sent(),
                        .loss_time = detection.loss_time()};
    return next_loss_timer(inputs);
  }

  /// The number of the probe that was sent, if the timer had expired and asked for one.
  std::optional<std::uint64_t> on_timer(time_point now) {
    const auto expired = timer();
    if (!expired || now < expired->deadline) return std::nullopt;
    if (expired->kind == loss_timer_kind::time_threshold) {
      detect_losses(now);
      return std::nullopt;
    }
    ++pto_count;
    ++probes;
    return send(now);
  }

  rtt_estimator rtt;
  std::unique_ptr<congestion_controller> control;
  pacer paced;
  flight flying;
  delivery_rate rate;
  cargo_packets packets;
  loss_detection detection;
  std::uint32_t pto_count = 0;
  std::uint64_t probes = 0;
  numbers lost;
  std::uint64_t recoveries = 0;
  std::uint64_t persistent_congestions = 0;

private:
  void update_pacing(time_point now) {
    paced.set_rate(pacing_rate(*control, rtt.smoothed()), now);
    paced.set_quantum(control->send_quantum());
  }

  void detect_losses(time_point now) {
    congestion_event event;
    detection.detect_lost(packets, rtt, now, [&](const auto& packet) {
      lost.push_back(packet.packet_number);
      if (!packet.in_flight) return;
      flying.remove(packet.bytes);
      event.bytes_lost += packet.bytes;
      event.newest_time_sent = packet.time_sent;
      control->on_packet_lost(rate.on_lost(packet), now);
    });
    if (event.bytes_lost == 0) return;
    event.bytes_in_flight = flying.bytes();
    if (!control->on_congestion_event(event, now)) {
      flying.on_lost_in_reduction();
    } else {
      ++recoveries;
      if (control->wants_rate_reduction())
        flying.begin_reduction(event.bytes_lost, datagram, now);
      else
        flying.lend_one_datagram(datagram);
    }
    const std::array histories{&detection.history()};
    if (!establish_persistent_congestion(histories, 0, persistent_congestion_duration(rtt, peer_max_ack_delay))) return;
    ++persistent_congestions;
    control->on_persistent_congestion(now);
    flying.end_reduction();
    rtt.on_persistent_congestion();
  }
};

}  // namespace quasio::recovery
