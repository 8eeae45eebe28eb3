#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quasio/quic/saved_session.hpp"

namespace quasio::http3 {

/// The sessions by which clients resume connections, by origin ("https://example.com:443"). Bounded: the oldest session
/// goes when there is no room. A session is a secret, and is only good for clients that trust the same certificates as
/// the one that it came from.
///
/// Threads: any, at once.
class session_cache {
public:
  /// `max_sessions` in all, `per_origin` for one origin.
  explicit session_cache(std::size_t max_sessions = 256, std::size_t per_origin = 4) noexcept
      : max_sessions_(max_sessions), per_origin_(per_origin) {}

  /// Keeps one more session of an origin.
  void put(std::string_view origin, quic::saved_session session);

  /// The newest session of an origin, which is no longer in the cache then: each is for one connection.
  std::optional<quic::saved_session> take(std::string_view origin);

  /// All sessions with their origins, the oldest first: for who wants to keep them.
  std::vector<std::pair<std::string, quic::saved_session>> all() const;

  std::size_t size() const;

private:
  using entry = std::pair<std::string, quic::saved_session>;

  mutable std::mutex mutex_;
  std::size_t max_sessions_;
  std::size_t per_origin_;
  std::deque<entry> entries_;  // The oldest first.
};

}  // namespace quasio::http3
