#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/quic/settings.hpp"

namespace quasio::quic {

/// When a connection that has nothing to say says so, lest it be taken for idle: because the application wants it kept
/// (RFC 9000, section 10.1.2), or because flow control holds its data back (section 4.1).
///
/// Without either it has no deadline, and an idle connection ends as it should.
class keep_alive {
public:
  keep_alive(const settings& own, time_point now) noexcept
      : interval_(own.keep_alive_interval),
        scope_(own.keep_alive_scope),
        blocked_interval_(own.blocked_repeat_interval),
        last_sent_(now) {}

  /// Changes what the settings said. An interval of 0 ends it.
  void set(std::chrono::milliseconds interval, keep_alive_scope scope) noexcept {
    interval_ = interval;
    scope_ = scope;
    if (interval == interval.zero()) due_ = false;
  }

  struct situation {
    bool has_streams = false;
    bool is_blocked = false;             ///< Data waits for the peer's credit.
    bool awaits_acknowledgment = false;  ///< An acknowledgment or a probe will come of itself.
    duration idle_timeout{};             ///< The one in force; 0: none.
  };

  /// When something that elicits an acknowledgment is to be sent. At the latest after half of the idle timeout, or it
  /// would be of no use.
  std::optional<time_point> deadline(const situation& now) const noexcept {
    const auto wanted = wanted_interval(now);
    if (due_ || now.awaits_acknowledgment || !wanted) return std::nullopt;
    const bool has_timeout = now.idle_timeout > duration::zero();
    return last_sent_ + (has_timeout ? std::min<duration>(*wanted, now.idle_timeout / 2) : *wanted);
  }

  /// Whether it has just become due.
  bool on_timeout(time_point at, const situation& now) noexcept {
    const auto when = deadline(now);
    if (!when || *when > at) return false;
    due_ = true;
    return true;
  }

  bool is_due() const noexcept { return due_; }

  void on_ack_eliciting_sent(time_point now) noexcept {
    last_sent_ = now;
    due_ = false;
  }

private:
  std::optional<duration> wanted_interval(const situation& now) const noexcept {
    std::optional<duration> wanted;
    const bool applies = scope_ == keep_alive_scope::always || now.has_streams;
    if (interval_ > interval_.zero() && applies) wanted = interval_;
    if (now.is_blocked && blocked_interval_ > blocked_interval_.zero()) {
      wanted = wanted ? std::min<duration>(*wanted, blocked_interval_) : duration(blocked_interval_);
    }
    return wanted;
  }

  std::chrono::milliseconds interval_;
  keep_alive_scope scope_;
  std::chrono::milliseconds blocked_interval_;
  time_point last_sent_;
  bool due_ = false;
};

}  // namespace quasio::quic
