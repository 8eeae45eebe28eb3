#pragma once

#include <optional>
#include <string_view>

#include "http3/breach.hpp"
#include "quasio/base/time.hpp"
#include "quasio/http3/abuse_settings.hpp"
#include "quic/token_bucket.hpp"

namespace quasio::http3 {

/// Watches how often the peer does what is allowed, but must not be done without end. Whoever sees such a thing notes
/// it; the session looks at excess() afterwards and closes.
class abuse_guard {
public:
  explicit abuse_guard(const abuse_settings& limits)
      : small_data_frame_(limits.small_data_frame),
        wasted_requests_(bucket(limits.wasted_requests)),
        control_frames_(bucket(limits.control_frames)),
        unknown_streams_(bucket(limits.unknown_streams)),
        small_data_frames_(bucket(limits.small_data_frames)) {}

  /// The time of what is noted from now on.
  void set_time(time_point now) noexcept { now_ = now; }

  /// Chromium sends a PRIORITY_UPDATE with each request, and another one when its mind changes.
  void note_request() noexcept { control_frames_.give(control_frames_a_request); }
  void note_wasted_request() { take(wasted_requests_, "too many requests that come to nothing"); }
  void note_unknown_stream() { take(unknown_streams_, "too many streams that mean nothing"); }

  /// These two say whether to go on, for loops that could see many in one call.
  [[nodiscard]] bool note_control_frame() { return take(control_frames_, "too many frames on the control stream"); }
  [[nodiscard]] bool note_data_frame(std::uint64_t length) {
    return length >= small_data_frame_ || take(small_data_frames_, "too many small DATA frames");
  }

  /// The breach, once a limit was exceeded.
  const std::optional<error>& excess() const noexcept { return excess_; }

  unexpected<breach> as_breach() const { return connection_breach(excess_->code, excess_->reason); }

private:
  static constexpr std::uint32_t control_frames_a_request = 2;

  static quic::token_bucket bucket(const rate_limit& limit) noexcept { return {limit.per_second, limit.burst}; }

  bool take(quic::token_bucket& from, std::string_view complaint) {
    if (from.take(now_)) return true;
    if (!excess_) excess_ = error{error_code::excessive_load, std::string(complaint)};
    return false;
  }

  std::size_t small_data_frame_;
  quic::token_bucket wasted_requests_;
  quic::token_bucket control_frames_;
  quic::token_bucket unknown_streams_;
  quic::token_bucket small_data_frames_;
  time_point now_{};
  std::optional<error> excess_;
};

}  // namespace quasio::http3
