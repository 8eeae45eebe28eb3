#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/ecn_state.hpp"
#include "quasio/quic/settings.hpp"
#include "wire/ack_frame.hpp"

namespace quasio::quic {

/// Decides whether the packets of one path are marked, by what became of those that were (RFC 9000, section 13.4.2 and
/// appendix A.4). The counts themselves belong to packet number spaces: see ecn_ledger.
class ecn_validation {
public:
  explicit ecn_validation(const settings& settings) noexcept
      : state_(settings.ecn ? ecn_state::testing : ecn_state::disabled), test_packets_(settings.ecn_test_packets) {}

  ecn_state state() const noexcept { return state_; }

  /// The mark of the next packet. A test that has lasted long enough ends here.
  ecn_codepoint mark(time_point now) noexcept;

  /// A marked packet left. The first one starts the clock of the test.
  void on_marked_sent(time_point now, duration probe_timeout) noexcept;

  void on_marked_lost() noexcept;

  /// Nobody will ever learn what became of a marked packet: its keys are gone.
  void on_marked_forgotten() noexcept;

  /// Counts that passed all checks came with an acknowledgment of so many marked packets, and tell of so many more
  /// marks of congestion.
  void on_validated(std::uint64_t marked_acked, std::uint64_t congestion_marks) noexcept;

  void fail() noexcept {
    if (state_ != ecn_state::disabled) state_ = ecn_state::failed;
  }

  bool has_failed() const noexcept { return state_ == ecn_state::failed; }

private:
  void end_test() noexcept;
  void judge_test() noexcept;

  ecn_state state_;
  std::uint64_t test_packets_;
  std::optional<time_point> test_ends_;
  std::uint64_t sent_ = 0;  // Marked packets all: those sent and not forgotten, those lost, those acknowledged.
  std::uint64_t lost_ = 0;
  std::uint64_t acked_ = 0;
  std::uint64_t congestion_marks_ = 0;
};

/// Both ends' books about the marks in one packet number space (RFC 9000, section 13.4.1): what was sent, and the
/// counts of the last ACK frame that was looked at.
class ecn_ledger {
public:
  void on_marked_sent() noexcept { ++sent_; }

  std::uint64_t sent() const noexcept { return sent_; }

  /// What one report adds to the one before.
  struct increase {
    std::uint64_t ect0 = 0;
    std::uint64_t ce = 0;
  };

  /// Takes the counts of an ACK frame that raised the largest acknowledged number. Empty when no honest peer behind an
  /// honest network can have counted so: fewer than before, more than was sent, or ECT(1), which is never set here
  /// (section 13.4.2.1).
  std::optional<increase> take(const wire::ecn_counts& reported) noexcept;

private:
  std::uint64_t sent_ = 0;
  wire::ecn_counts reported_;
};

}  // namespace quasio::quic
