#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/path_statistics.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/recovery/congestion_controller.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quic/ecn_validation.hpp"
#include "quic/mtu_discovery.hpp"
#include "quic/path_validation.hpp"
#include "recovery/delivery_rate.hpp"
#include "recovery/flight.hpp"
#include "recovery/pacer.hpp"
#include "recovery/rtt_estimator.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

/// How far away the peer is on a path, and how much the path can take (RFC 9002). When only a port changes the way is
/// most likely the same one, and all of this moves along (RFC 9000, section 9.4).
struct path_recovery {
  path_recovery(std::uint16_t number, const network_path& address, const settings& settings, time_point now,
                std::uint64_t seed);

  /// After every change of the window or the round-trip time.
  void update_pacing(time_point now);

  /// A recovery period began, or went on, with the loss of so many bytes, which have left the flight; none after an ECN
  /// mark.
  void on_lost(std::uint64_t bytes, bool recovery_began, time_point now);

  /// So many bytes were acknowledged, and the controller knows of it.
  void on_delivered(std::uint64_t bytes, time_point now);

  /// A packet that was sent here has arrived, if late: what it says about the size of datagrams.
  void note_arrival(const recovery::sent_packet_info& packet, time_point now) noexcept;

  /// Has congestion control and pacing follow the size of datagrams. Says whether it had changed.
  bool settle_datagram_size(time_point now);

  std::uint16_t id;  ///< Tells paths of one connection apart in the records of sent packets.
  recovery::rtt_estimator rtt;
  recovery::flight flight;
  recovery::delivery_rate rate;
  mtu_discovery mtu;
  recovery::pacer pacer;
  std::unique_ptr<recovery::congestion_controller> congestion;
  ecn_validation ecn;
  std::size_t settled_datagram_size;  ///< What congestion control and pacing go by.
  std::optional<slow_start_exit> slow_start_ended;

private:
  void note_end_of_slow_start(slow_start_end cause) noexcept;
};

/// What belongs to one path rather than to the connection: the connection IDs of both sides, whether the peer really is
/// there, how far away it is, and how much it can take (RFC 9000, sections 8 and 9; RFC 9002).
class path : private path_recovery {
public:
  /// `id` tells paths of one connection apart in the records of sent packets. `seed` is for the random choices of the
  /// congestion controller.
  path(std::uint16_t id, const network_path& address, const settings& settings, time_point now, std::uint64_t seed = 0);

  std::uint16_t id() const noexcept { return path_recovery::id; }
  const network_path& address() const noexcept { return address_; }
  std::size_t max_datagram_size() const noexcept { return mtu.current(); }

  // --- Address validation (section 8) ---

  /// Whether the peer was heard to be there. That the path carries large datagrams may be unproved yet.
  bool is_validated() const noexcept { return validated_; }
  void validate() noexcept { validated_ = true; }

  /// The peer's address is known from another path: so much may be sent as congestion allows.
  void lift_amplification_limit() noexcept { unlimited_ = true; }

  void on_datagram_received(std::size_t bytes) noexcept { counters.bytes_received += bytes; }
  void on_datagram_sent(std::size_t bytes) noexcept { counters.bytes_sent += bytes; }

  /// Bytes that may be sent before the peer has proved its address (section 8.1).
  std::uint64_t amplification_room() const noexcept;

  /// Whether the limit leaves room for a whole datagram. With less only validation goes on.
  bool may_carry_data() const noexcept { return amplification_room() >= full_datagram; }
  static constexpr std::size_t full_datagram = 1200;

  /// With less room than this no packet is worth trying.
  static constexpr std::size_t min_datagram = 64;

  // --- Path validation (section 8.2) ---

  path_validation validation;

  /// The peer's challenge, to be answered on this path (section 8.2.2). The oldest gives way when there are too many.
  void on_challenge(const wire::path_data& data, std::size_t max_pending);

  bool has_frames_to_send() const noexcept { return validation.wants_to_send() || !responses_.empty(); }

  /// Writes the challenge and the responses that wait; says whether it wrote any. A datagram with them is to be of full
  /// size where amplification allows (section 8.2.1).
  bool write_frames(byte_writer& packet);

  path_state state() const noexcept;
  path_statistics statistics() const;

  // --- Its place in the connection, driven by migration ---

  /// The ID by which the peer is addressed here, by its sequence number; none when the peer has supplied too few.
  std::optional<std::uint64_t> peer_id;

  /// The ID by which the peer addressed us here last.
  connection_id reached_by;

  bool mtu_unproven = false;             ///< Only small challenges were answered so far.
  bool move_when_validated = false;      ///< The connection goes over to it then.
  bool left_behind = false;              ///< Was in use, and is kept only to return to.
  bool move_is_paid = false;             ///< The peer's coming here was counted when it was first seen.
  std::optional<time_point> expires_at;  ///< When a path that was left behind is forgotten.

  // --- Recovery, driven by loss_recovery and the transmitter ---

  using path_recovery::congestion;
  using path_recovery::ecn;
  using path_recovery::flight;
  using path_recovery::mtu;
  using path_recovery::note_arrival;
  using path_recovery::on_delivered;
  using path_recovery::on_lost;
  using path_recovery::pacer;
  using path_recovery::rate;
  using path_recovery::rtt;
  using path_recovery::settle_datagram_size;
  using path_recovery::update_pacing;

  /// Takes over what `other` knows about the way, and the packets in flight with it; `other` gets what this one had.
  void exchange_recovery(path& other) noexcept;

  struct counts {
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t packets_lost = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_lost = 0;
    std::uint64_t probe_timeouts = 0;
    std::uint64_t challenges_sent = 0;
    std::uint64_t challenges_received = 0;
    std::uint64_t responses_sent = 0;
    std::uint64_t validations_failed = 0;
    std::uint64_t packets_resent = 0;
    std::uint64_t stream_bytes_resent = 0;
    std::uint64_t datagram_frames_sent = 0;
    std::uint64_t datagram_frames_received = 0;
    std::uint64_t datagram_frames_lost = 0;
  };
  counts counters;

private:
  network_path address_;
  unsigned amplification_factor_;
  bool validated_ = false;
  bool unlimited_ = false;
  std::vector<wire::path_data> responses_;
};

}  // namespace quasio::quic
