#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"

namespace quasio::crypto {

/// Sees to it that early data is taken once (RFC 8446, section 8.2): a first flight can be recorded and sent again, to
/// the same server or to another that opens the same tickets. One guard serves as many listeners and threads as share
/// ticket keys; a program of many machines implements it over a store that they share.
class replay_guard {
public:
  virtual ~replay_guard() = default;

  /// Whether this is the first time that a ClientHello with this random value comes, as far as one can know; it is
  /// remembered. False refuses early data, and nothing else: whoever is in doubt says so. A ClientHello stays fresh for
  /// max_hello_freshness (section 8.3, which TLS checks before), and need not be remembered for longer.
  ///
  /// Called by the threads that run connections, several at a time; it must not block for long.
  virtual bool is_first(byte_view client_random, time_point now) = 0;
};

/// The span in which TLS finds the age that a ClientHello claims for its ticket plausible: ten seconds, and one that is
/// lost to rounding.
inline constexpr std::chrono::seconds max_hello_freshness{11};

/// How much a strike_register remembers.
struct strike_register_settings {
  /// How long what came is remembered at least. Must not be below max_hello_freshness.
  duration window = std::chrono::seconds{12};

  /// First flights with early data taken in one window, in all; beyond it early data is refused until the next begins.
  /// Costs 32 bytes each, once the first one has come. At the default: 5,461 a second in 2 MiB.
  std::size_t capacity = 65'536;

  /// Takes no early data for one window after its first question: set it where ticket keys outlive the process, since
  /// what came to an earlier one is not known (RFC 8446, section 8.2).
  bool distrust_start = false;
};

/// The guard of one process: two tables of keyed fingerprints, of this window and the one before. It never grows; what
/// does not fit is refused. One first flight in 2^47 is refused without being a copy.
class strike_register final : public replay_guard {
public:
  /// `random` makes fingerprints that a client cannot foresee, so that none can fill a corner of the table.
  strike_register(const strike_register_settings& settings, random_source& random);

  bool is_first(byte_view client_random, time_point now) override;

private:
  using table = std::vector<std::uint64_t>;

  void move_to(time_point now);
  std::uint64_t fingerprint_of(byte_view bytes) const;
  static bool contains(const table& slots, std::uint64_t fingerprint) noexcept;
  static void insert(table& slots, std::uint64_t fingerprint) noexcept;

  strike_register_settings settings_;
  std::array<std::uint8_t, 32> key_{};
  std::mutex mutex_;
  table current_;
  table previous_;
  std::size_t used_ = 0;
  std::optional<time_point> started_;
  time_point window_ends_{};
};

}  // namespace quasio::crypto
