#pragma once

#include <memory>
#include <vector>

#include "quic/path.hpp"

namespace quasio::quic {

/// The paths of a connection: the one in use, and those that the peer was seen on or that wait for validation
/// (RFC 9000, section 9). Bounded: a peer that hops between addresses makes the oldest idle path give way.
class path_set {
public:
  path_set(const network_path& first, const settings& settings, random_source& random, time_point now);

  path& active() noexcept { return *paths_.front(); }
  const path& active() const noexcept { return *paths_.front(); }

  /// By the record of a sent packet; null when that path was given up.
  path* find(std::uint16_t id) noexcept;

  /// The path from which the peer's datagram came; null when it is not known yet.
  path* find_by_peer(const ip_endpoint& peer) noexcept;

  /// A peer's datagram came from a new address.
  path& add(const network_path& address, time_point now);

  /// The peer now sends from this path (section 9.3): it becomes the active one, and is challenged unless validated.
  /// What is known about the old path carries over where only the port changed, which is a NAT's doing (section 9.4).
  void move_to(path& destination, time_point now);

  /// A path other than the active one with a challenge or response to send; null when there is none.
  path* next_with_frames() noexcept;

  std::optional<time_point> next_deadline() const noexcept;

  /// Repeats challenges and gives paths up. False when no path is left on which the peer can be reached.
  bool on_timeout(time_point now);

  bool on_response(const wire::path_data& data, time_point now);

private:
  void make_room();
  std::uint16_t unused_id() noexcept;
  duration validation_timeout() const noexcept;

  const settings& settings_;
  random_source& random_;
  std::vector<std::unique_ptr<path>> paths_;  // The active one first, then the most recently active.
  std::uint16_t next_id_ = 0;
};

}  // namespace quasio::quic
