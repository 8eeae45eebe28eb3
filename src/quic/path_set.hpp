#pragma once

#include <memory>
#include <vector>

#include "quic/path.hpp"

namespace quasio::quic {

/// The paths of a connection: the one in use, and those that the peer was seen on, that are probed, or that were left
/// (RFC 9000, section 9). It only keeps them; migration moves between them.
class path_set {
public:
  path_set(const network_path& first, const settings& settings, random_source& random, time_point now);

  path& active() noexcept { return *paths_.front(); }
  const path& active() const noexcept { return *paths_.front(); }

  /// By the record of a sent packet; null when that path was given up.
  path* find(std::uint16_t id) noexcept;

  /// By both ends. Where one of two local addresses is unspecified, as that of a wildcard socket whose datagrams do
  /// not tell what they were sent to, only their ports must agree.
  path* find(const network_path& address) noexcept;

  path* find_exactly(const network_path& address) noexcept;

  bool is_full() const noexcept { return paths_.size() >= max_paths_; }

  /// There must be room.
  path& add(const network_path& address, time_point now);

  /// The path is used from now on; the others keep their order.
  void activate(path& chosen) noexcept;

  /// The object lives on until forget_removed(): who is at work with a packet may still refer to it. Not the active
  /// one.
  void remove(path& gone);
  void forget_removed() noexcept { removed_.clear(); }

  /// Where to return to when the active path fails: the validated one that was added or used last. Null if none is.
  path* fallback() noexcept;

  /// What can give way to a new path: the oldest of those that prove to be of no use yet, else the oldest. Never the
  /// active one nor the fallback.
  path* dispensable() noexcept;

  /// A path other than the active one with a challenge or response to send that may be sent; null when there is none.
  path* next_with_frames() noexcept;

  std::optional<time_point> next_deadline() const noexcept;

  /// The active one first, then from the newest to the oldest.
  const std::vector<std::unique_ptr<path>>& all() const noexcept { return paths_; }

private:
  std::uint16_t unused_id() noexcept;

  const settings& settings_;
  random_source& random_;
  std::size_t max_paths_;
  std::vector<std::unique_ptr<path>> paths_;
  std::vector<std::unique_ptr<path>> removed_;
  std::uint16_t next_id_ = 0;
};

}  // namespace quasio::quic
