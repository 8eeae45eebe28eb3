#include "quic/path.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

std::unique_ptr<recovery::congestion_controller> make_controller(const settings& settings,
                                                                 std::size_t max_datagram_size, std::uint64_t seed) {
  recovery::congestion_settings congestion = settings.congestion;
  congestion.paced = settings.pacing;
  if (congestion.seed == 0) congestion.seed = seed;
  if (settings.congestion_controller && *settings.congestion_controller) {
    if (auto own = (*settings.congestion_controller)(congestion, max_datagram_size)) return own;
  }
  return recovery::make_congestion_controller(congestion, max_datagram_size);
}

}  // namespace

path_recovery::path_recovery(std::uint16_t number, const network_path& address, const settings& settings,
                             time_point now, std::uint64_t seed)
    : id(number),
      rtt(settings.initial_rtt),
      mtu(settings.mtu, settings.max_datagram_size, !address.peer.is_v4()),
      pacer(settings.pacer, mtu.current(), now),
      congestion(make_controller(settings, mtu.current(), seed)),
      ecn(settings),
      settled_datagram_size(mtu.current()) {
  update_pacing(now);
}

void path_recovery::update_pacing(time_point now) {
  if (!congestion->in_recovery()) flight.end_reduction();
  pacer.set_rate(recovery::pacing_rate(*congestion, rtt.smoothed()), now);
  pacer.set_quantum(congestion->send_quantum());
  note_end_of_slow_start(slow_start_end::no_growth);
}

void path_recovery::note_end_of_slow_start(slow_start_end cause) noexcept {
  if (slow_start_ended || congestion->in_slow_start()) return;
  slow_start_ended = {cause, congestion->window(), rate.latest()};
}

void path_recovery::on_lost(std::uint64_t bytes, bool recovery_began, time_point now) {
  note_end_of_slow_start(bytes > 0 ? slow_start_end::loss : slow_start_end::ecn_mark);
  if (!recovery_began) return flight.on_lost_in_reduction();
  if (congestion->wants_rate_reduction())
    flight.begin_reduction(bytes, mtu.current(), now);
  else
    flight.lend_one_datagram(mtu.current());
}

void path_recovery::on_delivered(std::uint64_t bytes, time_point now) {
  flight.on_delivered(bytes, congestion->window(), now);
  update_pacing(now);
}

void path_recovery::note_arrival(const recovery::sent_packet_info& packet, time_point now) noexcept {
  if (packet.mtu_probe) return mtu.on_probe_acked(packet.bytes, now);
  mtu.on_packet_acked(packet.bytes, packet.time_sent);
}

bool path_recovery::settle_datagram_size(time_point now) {
  if (mtu.current() == settled_datagram_size) return false;
  settled_datagram_size = mtu.current();
  congestion->set_max_datagram_size(settled_datagram_size);
  pacer.set_max_datagram_size(settled_datagram_size, now);
  flight.set_max_datagram_size(settled_datagram_size);
  update_pacing(now);
  return true;
}

path::path(std::uint16_t path_id, const network_path& path_address, const settings& settings, time_point now,
           std::uint64_t seed)
    : path_recovery(path_id, path_address, settings, now, seed),
      validation(settings.max_path_challenges),
      address_(path_address),
      amplification_factor_(settings.amplification_factor) {}

void path::exchange_recovery(path& other) noexcept {
  std::swap(static_cast<path_recovery&>(*this), static_cast<path_recovery&>(other));
}

std::uint64_t path::amplification_room() const noexcept {
  if (validated_ || unlimited_) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t allowed = counters.bytes_received * amplification_factor_;
  return allowed > counters.bytes_sent ? allowed - counters.bytes_sent : 0;
}

void path::on_challenge(const wire::path_data& data, std::size_t max_pending) {
  ++counters.challenges_received;
  if (responses_.size() >= max_pending) responses_.erase(responses_.begin());
  responses_.push_back(data);
}

bool path::write_frames(byte_writer& packet) {
  bool wrote = false;
  if (validation.wants_to_send() && validation.write(packet, may_carry_data())) {
    ++counters.challenges_sent;
    wrote = true;
  }
  while (!responses_.empty()) {
    const wire::path_response_frame response{responses_.front()};
    if (wire::encoded_size(response) > packet.remaining()) break;
    wire::write(packet, response);
    responses_.erase(responses_.begin());
    ++counters.responses_sent;
    wrote = true;
  }
  return wrote;
}

path_state path::state() const noexcept {
  if (validated_) return mtu_unproven ? path_state::validating_mtu : path_state::validated;
  return validation.is_under_way() ? path_state::validating : path_state::unvalidated;
}

path_statistics path::statistics() const {
  return {.path = address_,
          .state = state(),
          .packets_sent = counters.packets_sent,
          .packets_received = counters.packets_received,
          .packets_lost = counters.packets_lost,
          .bytes_sent = counters.bytes_sent,
          .bytes_received = counters.bytes_received,
          .bytes_lost = counters.bytes_lost,
          .packets_resent = counters.packets_resent,
          .stream_bytes_resent = counters.stream_bytes_resent,
          .datagram_frames_sent = counters.datagram_frames_sent,
          .datagram_frames_received = counters.datagram_frames_received,
          .datagram_frames_lost = counters.datagram_frames_lost,
          .probe_timeouts = counters.probe_timeouts,
          .challenges_sent = counters.challenges_sent,
          .challenges_received = counters.challenges_received,
          .responses_sent = counters.responses_sent,
          .validations_failed = counters.validations_failed,
          .smoothed_rtt = rtt.smoothed(),
          .rtt_variation = rtt.variation(),
          .minimum_rtt = rtt.minimum(),
          .maximum_rtt = rtt.maximum(),
          .latest_rtt = rtt.latest(),
          .rtt_jumps = rtt.jumps(),
          .congestion_window = congestion->window(),
          .bytes_in_flight = flight.bytes(),
          .max_datagram_size = max_datagram_size(),
          .mtu = mtu.state(),
          .ecn = ecn.state(),
          .pacing_rate = pacer.rate(),
          .delivery_rate = rate.latest(),
          .bandwidth_estimate = congestion->bandwidth_estimate().value_or(0),
          .congestion_state = congestion->state(),
          .slow_start_ended = slow_start_ended};
}

}  // namespace quasio::quic
