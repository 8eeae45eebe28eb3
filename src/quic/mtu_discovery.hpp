#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/quic/mtu_settings.hpp"

namespace quasio::quic {

/// The smallest UDP payload that a path for QUIC must carry (RFC 9000, section 14).
inline constexpr std::size_t smallest_max_datagram_size = 1200;

/// Searches for the largest datagram that one path carries, and notices when it carries less than it did (RFC 8899).
/// Sizes are those of UDP payloads. It sends nothing itself: it names the size of the next probe and is told what
/// became of it.
class mtu_discovery {
public:
  /// `ceiling` is the largest size that is wanted.
  mtu_discovery(const mtu_settings& settings, std::size_t ceiling, bool over_ipv6) noexcept;

  mtu_state state() const noexcept { return state_; }

  /// What datagrams with data may have (the PLPMTU).
  std::size_t current() const noexcept { return current_; }

  /// Nothing larger than this can be sent, or taken by the peer.
  void limit_to(std::size_t size) noexcept;

  // --- Probes ---

  /// The size of the probe to be sent now; empty while one is under way, or when the search is over. Ask only once the
  /// handshake is confirmed, which proves the base size, and only on a path that is in use.
  std::optional<std::size_t> next_probe(time_point now) noexcept;

  void on_probe_sent() noexcept { under_way_ = true; }
  void on_probe_acked(std::size_t size, time_point now) noexcept;
  void on_probe_lost(std::size_t size, time_point now) noexcept;

  /// The probe under way will never be heard of.
  void forget_probe() noexcept { under_way_ = false; }

  /// This host would not send a datagram of this size, probe or not: its link is too small.
  void on_refused_by_host(std::size_t size, time_point now) noexcept;

  // --- Black holes (section 4.3) ---

  /// An ordinary packet arrived.
  void on_packet_acked(std::size_t size, time_point sent) noexcept {
    if (current_ > smallest_max_datagram_size && size > smallest_max_datagram_size) note_arrival(size, sent);
  }

  /// An ordinary packet was lost. Says whether the path now counts as a black hole.
  bool on_packet_lost(std::size_t size, time_point sent, time_point now) noexcept;

  /// Everything was lost for long: what was known of the path may have been another path's.
  void on_persistent_congestion() noexcept;

private:
  std::size_t worthwhile() const noexcept;
  std::size_t next_size() const noexcept;
  void exclude(std::size_t size, time_point now) noexcept;
  void fall_back(std::size_t high) noexcept;
  void advance(time_point now) noexcept;
  void note_arrival(std::size_t size, time_point sent) noexcept;

  mtu_settings settings_;
  std::size_t base_;
  std::size_t ceiling_;
  std::size_t current_;
  std::size_t high_;  ///< What is larger is known, or since a black hole assumed, not to pass.
  bool over_ipv6_;
  mtu_state state_;
  bool base_unproven_;  ///< The handshake proves 1200 bytes and no more.

  std::size_t probed_ = 0;  ///< The size being tried; 0: none.
  bool under_way_ = false;
  unsigned losses_ = 0;  ///< Of probes of this size.
  std::optional<time_point> raise_at_;

  struct arrival {
    std::size_t size = 0;
    time_point sent{};
  };
  arrival newest_arrival_;  ///< Of a packet of more than 1200 bytes.

  struct suspicion {
    unsigned rounds = 0;
    std::size_t size = 0;      ///< Of the smallest packet that seems not to pass.
    time_point newest_sent{};  ///< When the newest of those was sent.
    time_point noticed{};      ///< When the last round was.
  };
  suspicion suspicion_;
};

}  // namespace quasio::quic
