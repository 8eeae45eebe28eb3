#include "quic/path.hpp"

#include <algorithm>
#include <limits>

#include "crypto/stateless_reset.hpp"
#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, section 8.2.4 asks for patience of three probe timeouts; the challenge is sent once in each.
constexpr int challenge_attempts = 3;

// Section 8.2.1.
constexpr std::size_t full_challenge_datagram = 1200;

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

path::path(std::uint16_t path_id, const network_path& path_address, const settings& settings, time_point now,
           std::uint64_t seed)
    : rtt(settings.initial_rtt),
      mtu(settings.mtu, settings.max_datagram_size, !path_address.peer.is_v4()),
      pacer(settings.pacer, mtu.current(), now),
      congestion(make_controller(settings, mtu.current(), seed)),
      ecn(settings),
      id_(path_id),
      address_(path_address),
      settled_datagram_size_(mtu.current()),
      amplification_factor_(settings.amplification_factor) {
  update_pacing(now);
}

void path::update_pacing(time_point now) {
  if (!congestion->in_recovery()) flight.end_reduction();
  pacer.set_rate(recovery::pacing_rate(*congestion, rtt.smoothed()), now);
  pacer.set_quantum(congestion->send_quantum());
}

void path::on_lost(std::uint64_t bytes, bool recovery_began, time_point now) {
  if (!recovery_began) return flight.on_lost_in_reduction();
  if (congestion->wants_rate_reduction())
    flight.begin_reduction(bytes, max_datagram_size(), now);
  else
    flight.lend_one_datagram(max_datagram_size());
}

void path::on_delivered(std::uint64_t bytes, time_point now) {
  flight.on_delivered(bytes, congestion->window(), now);
  update_pacing(now);
}

void path::note_arrival(const recovery::sent_packet_info& packet, time_point now) noexcept {
  if (packet.mtu_probe) return mtu.on_probe_acked(packet.bytes, now);
  mtu.on_packet_acked(packet.bytes, packet.time_sent);
}

bool path::settle_datagram_size(time_point now) {
  if (mtu.current() == settled_datagram_size_) return false;
  settled_datagram_size_ = mtu.current();
  congestion->set_max_datagram_size(settled_datagram_size_);
  pacer.set_max_datagram_size(settled_datagram_size_, now);
  flight.set_max_datagram_size(settled_datagram_size_);
  update_pacing(now);
  return true;
}

std::uint64_t path::amplification_room() const noexcept {
  if (validated_) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t allowed = bytes_received_ * amplification_factor_;
  return allowed > bytes_sent_ ? allowed - bytes_sent_ : 0;
}

void path::begin_challenge(random_source& random, time_point now, duration probe_timeout) {
  random.fill(challenge_);
  challenge_due_ = true;
  challenges_left_ = challenge_attempts - 1;
  challenge_deadline_ = now + probe_timeout;
}

bool path::on_challenge_timeout(time_point now, duration probe_timeout) noexcept {
  if (challenges_left_ == 0) {
    challenge_deadline_.reset();
    challenge_due_ = false;
    return false;
  }
  --challenges_left_;
  challenge_due_ = true;
  challenge_deadline_ = now + probe_timeout;
  return true;
}

bool path::on_response(const wire::path_data& data) noexcept {
  if (!is_challenging() || !crypto::equal_in_constant_time(data, challenge_)) return false;
  challenge_deadline_.reset();
  challenge_due_ = false;
  validated_ = true;
  return true;
}

void path::on_challenge(const wire::path_data& data, std::size_t max_pending) {
  if (responses_.size() >= max_pending) responses_.erase(responses_.begin());
  responses_.push_back(data);
}

bool path::write_frames(byte_writer& packet) {
  bool wrote = false;
  if (const wire::path_challenge_frame challenge{challenge_};
      challenge_due_ && wire::encoded_size(challenge) <= packet.remaining()) {
    wire::write(packet, challenge);
    challenge_due_ = false;
    challenge_had_full_size_ = amplification_room() >= full_challenge_datagram;
    wrote = true;
  }
  while (!responses_.empty()) {
    const wire::path_response_frame response{responses_.front()};
    if (wire::encoded_size(response) > packet.remaining()) break;
    wire::write(packet, response);
    responses_.erase(responses_.begin());
    wrote = true;
  }
  return wrote;
}

}  // namespace quasio::quic
