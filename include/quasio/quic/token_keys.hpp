#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/crypto/token_key.hpp"

namespace quasio::quic {

/// The secrets under which a server seals its address validation tokens (RFC 9000, section 8.1): one set may serve any
/// number of acceptors, processes and machines, which then honour each other's tokens.
///
/// It holds a current secret, with which tokens are sealed, and may hold a previous one, with which they still open.
/// No token is sealed with a secret itself but with keys derived from it: a new one every `period`, at the same moment
/// on all machines, so that nothing needs to be told around; and of these one for each acceptor, none of which seals
/// more than 2^32 tokens (NIST SP 800-38D, section 8.3). A token opens for one period after it was sealed at least, and
/// for two at most. The secrets themselves need to be changed only when they may have become known.
///
/// Threads: all calls are safe from any.
class token_keys {
public:
  static constexpr std::chrono::seconds default_period{std::chrono::hours(24)};  ///< How long one derived key seals.

  /// `period` is at least a second. Zero: the keys change by rotate() only.
  explicit token_keys(const crypto::token_key& current, std::chrono::seconds period = default_period);

  /// A set of its own.
  static std::shared_ptr<token_keys> generate(random_source& random, std::chrono::seconds period = default_period);

  token_keys(const token_keys&) = delete;
  token_keys& operator=(const token_keys&) = delete;

  /// Seals with `next` from now on; the secret so far still opens, the one before it no longer does.
  void rotate(const crypto::token_key& next);

  /// The set as bytes, to be kept or to be brought to another machine. They are as secret as the keys.
  std::vector<std::uint8_t> export_bytes() const;

  /// Null when the bytes are not what export_bytes() gave.
  static std::shared_ptr<token_keys> import_bytes(byte_view bytes);

  // --- For those who seal ---

  /// The set at one moment.
  struct contents {
    crypto::token_key current;                  ///< Seals and opens.
    std::optional<crypto::token_key> previous;  ///< Opens only.
    std::chrono::seconds period;                ///< As the constructor has it.
    std::uint64_t version;                      ///< Another one after each rotate().
  };

  /// The set now.
  contents read() const;
  /// Changes with each rotate(), so that it can be seen without a lock that read() would give something else.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

private:
  mutable std::mutex mutex_;
  crypto::token_key current_;
  std::optional<crypto::token_key> previous_;
  std::chrono::seconds period_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace quasio::quic
