#pragma once

#include "recovery/loss_based_controller.hpp"

namespace quasio::recovery {

/// The cubic function of RFC 9438, section 4.2: how large a window was or would be, given when it was `maximum`.
///
/// Windows are double-precision bytes. A window is at most 2^30 bytes, of which a double keeps 22 binary digits after
/// the point, and even a century cubed is far from overflow; so nothing is rounded that matters, and nothing scaled.
class cubic_curve {
public:
  /// Begins where the window is now, on the way back to `maximum`; from the plateau on if that is no larger.
  cubic_curve(double window, double maximum, double max_datagram_size) noexcept;

  /// The window in bytes, so long after the begin.
  double window_at(duration elapsed) const noexcept;

  /// K: when the plateau is reached, in seconds after the begin.
  double time_to_plateau() const noexcept { return time_to_plateau_; }

private:
  double plateau_;
  double scale_;
  double time_to_plateau_;
};

/// The congestion avoidance of RFC 9438.
class cubic_avoidance {
public:
  static constexpr std::string_view name = "cubic";
  static constexpr double reduction_factor = 0.7;  // Beta of RFC 9438, section 4.6.

  explicit cubic_avoidance(const congestion_settings& settings) noexcept;

  std::uint64_t grow(const avoidance_step& step) noexcept;
  void on_reduction(std::uint64_t window_before) noexcept;
  void on_slow_start() noexcept;

  /// Section 5.8: time in which the window could not grow, because it was not in use, moves nothing along the curve.
  void on_pause(time_point now) noexcept { counted_until_ = now; }

  /// The curve is counted in datagrams: it continues from where it is, at the new scale.
  void on_datagram_size_change() noexcept { curve_.reset(); }

private:
  void begin_epoch(const avoidance_step& step) noexcept;
  double grow_like_reno(const avoidance_step& step) noexcept;

  double reduction_factor_;
  bool fast_convergence_;
  double maximum_ = 0;  ///< W_max; 0 when there is none to return to.
  double prior_ = 0;    ///< cwnd_prior.
  std::optional<cubic_curve> curve_;
  double reno_window_ = 0;  ///< W_est.
  duration elapsed_{};      ///< In which the window was in use since the epoch began.
  time_point counted_until_{};
  double fraction_ = 0;  ///< Of a byte that the window has yet to grow by.
};

/// CUBIC (RFC 9438).
using cubic = loss_based_controller<cubic_avoidance>;

extern template class loss_based_controller<cubic_avoidance>;

}  // namespace quasio::recovery
