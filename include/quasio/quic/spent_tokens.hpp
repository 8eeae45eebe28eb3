#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_set>

namespace quasio::quic {

/// Remembers which NEW_TOKEN tokens were used, so that none proves an address twice (RFC 9000, section 8.1.4): who
/// replays one is treated like a client without a token. It may be shared by many acceptors.
///
/// It is bounded: after `capacity` tokens the older half is forgotten; those can be used once more if they have not
/// expired. Machines do not tell one another, and a process that is started again has forgotten all: then the token's
/// lifetime and its address are what limits replay.
///
/// Threads: all calls are safe from any.
class spent_tokens {
public:
  /// Some 40 bytes a token, allocated as tokens come.
  explicit spent_tokens(std::size_t capacity = 64 * 1024);

  /// Whether the token with this fingerprint was not used before. It is now.
  bool spend(std::uint64_t fingerprint);

  std::size_t size() const;

private:
  mutable std::mutex mutex_;
  std::size_t half_;
  std::unordered_set<std::uint64_t> newer_;
  std::unordered_set<std::uint64_t> older_;
};

}  // namespace quasio::quic
