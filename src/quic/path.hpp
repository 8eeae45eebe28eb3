#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/recovery/congestion_controller.hpp"
#include "quic/ecn_validation.hpp"
#include "quic/mtu_discovery.hpp"
#include "recovery/delivery_rate.hpp"
#include "recovery/flight.hpp"
#include "recovery/pacer.hpp"
#include "recovery/rtt_estimator.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

/// What belongs to one path rather than to the connection: whether the peer really is there, how far away it is, and
/// how much it can take (RFC 9000, sections 8 and 9; RFC 9002).
class path {
public:
  /// `id` tells paths of one connection apart in the records of sent packets. `seed` is for the random choices of the
  /// congestion controller.
  path(std::uint16_t id, const network_path& address, const settings& settings, time_point now, std::uint64_t seed = 0);

  std::uint16_t id() const noexcept { return id_; }
  const network_path& address() const noexcept { return address_; }
  std::size_t max_datagram_size() const noexcept { return mtu.current(); }

  // --- Address validation (section 8) ---

  bool is_validated() const noexcept { return validated_; }
  void validate() noexcept { validated_ = true; }

  void on_datagram_received(std::size_t bytes) noexcept { bytes_received_ += bytes; }
  void on_datagram_sent(std::size_t bytes) noexcept { bytes_sent_ += bytes; }

  /// Bytes that may be sent before the peer has proved its address (section 8.1).
  std::uint64_t amplification_room() const noexcept;

  /// With less room than this no packet is worth trying.
  static constexpr std::size_t min_datagram = 64;

  // --- Path validation (section 8.2) ---

  /// A PATH_CHALLENGE is to be sent, and again at each deadline until it is answered or given up.
  void begin_challenge(random_source& random, time_point now, duration probe_timeout);

  bool is_challenging() const noexcept { return challenge_deadline_.has_value(); }
  std::optional<time_point> challenge_deadline() const noexcept { return challenge_deadline_; }

  /// Repeats the challenge, or gives up after three: then false.
  bool on_challenge_timeout(time_point now, duration probe_timeout) noexcept;

  /// Whether this data answers our challenge; the path is validated then.
  bool on_response(const wire::path_data& data) noexcept;

  /// Whether the newest challenge could go in a datagram of full size. If not, its answer proves the peer's address but
  /// not that the path carries such datagrams: another challenge is due (section 8.2.1).
  bool challenge_had_full_size() const noexcept { return challenge_had_full_size_; }

  /// The peer's challenge, to be answered on this path (section 8.2.2). The oldest gives way when there are too many.
  void on_challenge(const wire::path_data& data, std::size_t max_pending);

  bool has_frames_to_send() const noexcept { return challenge_due_ || !responses_.empty(); }

  /// Writes the challenge and the responses that wait; says whether it wrote any. A datagram with them is to be of full
  /// size where amplification allows (section 8.2.1).
  bool write_frames(byte_writer& packet);

  // --- Recovery, driven by loss_recovery and the transmitter ---

  /// After every change of the window or the round-trip time.
  void update_pacing(time_point now);

  /// A recovery period began, or went on, with the loss of so many bytes, which have left the flight; none after an ECN
  /// mark.
  void on_lost(std::uint64_t bytes, bool recovery_began, time_point now);

  /// So many bytes were acknowledged, and the controller knows of it.
  void on_delivered(std::uint64_t bytes, time_point now);

  recovery::rtt_estimator rtt;
  recovery::flight flight;
  recovery::delivery_rate rate;
  mtu_discovery mtu;
  recovery::pacer pacer;
  std::unique_ptr<recovery::congestion_controller> congestion;

  ecn_validation ecn;

  /// A packet that was sent here has arrived, if late: what it says about the size of datagrams.
  void note_arrival(const recovery::sent_packet_info& packet, time_point now) noexcept;

  /// Has congestion control and pacing follow max_datagram_size(). Says whether it had changed.
  bool settle_datagram_size(time_point now);

private:
  std::uint16_t id_;
  network_path address_;
  std::size_t settled_datagram_size_;
  unsigned amplification_factor_;
  bool validated_ = false;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;

  wire::path_data challenge_{};
  bool challenge_due_ = false;
  bool challenge_had_full_size_ = false;
  int challenges_left_ = 0;
  std::optional<time_point> challenge_deadline_;
  std::vector<wire::path_data> responses_;
};

}  // namespace quasio::quic
