#include "recovery/cubic.hpp"

#include <cmath>

namespace quasio::recovery {
namespace {

constexpr double aggressiveness = 0.4;  // C of RFC 9438, section 5.1, in datagrams per cubic second.
constexpr double largest_step = 1.5;    // Section 4.2: the target is no larger than so many windows.

double in_seconds(duration time) noexcept { return std::chrono::duration<double>(time).count(); }

}  // namespace

template class loss_based_controller<cubic_avoidance>;

cubic_curve::cubic_curve(double window, double maximum, double max_datagram_size) noexcept
    : plateau_(std::max(window, maximum)),
      scale_(aggressiveness * max_datagram_size),
      time_to_plateau_(std::cbrt((plateau_ - window) / scale_)) {}

double cubic_curve::window_at(duration elapsed) const noexcept {
  const double from_plateau = in_seconds(elapsed) - time_to_plateau_;
  return plateau_ + scale_ * from_plateau * from_plateau * from_plateau;
}

cubic_avoidance::cubic_avoidance(const congestion_settings& settings) noexcept
    : reduction_factor_(settings.loss_reduction_factor.value_or(reduction_factor)),
      fast_convergence_(settings.cubic_fast_convergence) {}

void cubic_avoidance::begin_epoch(const avoidance_step& step) noexcept {
  const auto window = static_cast<double>(step.window);
  if (maximum_ <= 0) prior_ = window;  // Section 4.10: slow start was left without a loss.
  curve_.emplace(window, maximum_, static_cast<double>(step.max_datagram_size));
  reno_window_ = window;
  elapsed_ = {};
  counted_until_ = step.now;
  fraction_ = 0;
}

std::uint64_t cubic_avoidance::grow(const avoidance_step& step) noexcept {
  if (!curve_) begin_epoch(step);
  elapsed_ += std::max(step.now - counted_until_, duration::zero());
  counted_until_ = step.now;
  const double window = static_cast<double>(step.window);
  const double acked_windows = static_cast<double>(step.bytes_acked) / window;

  const double like_reno = grow_like_reno(step);
  double grown = std::max(window, like_reno);
  if (curve_->window_at(elapsed_) >= like_reno) {
    const double target = std::clamp(curve_->window_at(elapsed_ + step.smoothed_rtt), window, largest_step * window);
    grown = std::min(window + (target - window) * acked_windows + fraction_, std::max(target, window + fraction_));
  }
  grown = std::min(grown, static_cast<double>(step.maximum_window));
  const auto whole = static_cast<std::uint64_t>(grown);
  fraction_ = grown - static_cast<double>(whole);
  return std::max(whole, std::min(step.window, step.maximum_window));
}

// Section 4.3: what a Reno that reduces by the same factor, and makes up for it by growing more slowly, would have.
double cubic_avoidance::grow_like_reno(const avoidance_step& step) noexcept {
  const double additive = 3 * (1 - reduction_factor_) / (1 + reduction_factor_);
  const double datagrams = reno_window_ < prior_ ? additive : 1;
  const double acked_windows = static_cast<double>(step.bytes_acked) / static_cast<double>(step.window);
  reno_window_ += datagrams * static_cast<double>(step.max_datagram_size) * acked_windows;
  reno_window_ = std::min(reno_window_, static_cast<double>(step.maximum_window));
  return reno_window_;
}

void cubic_avoidance::on_reduction(std::uint64_t window_before) noexcept {
  const auto window = static_cast<double>(window_before);
  // Section 4.7: a flow that did not get back to where it was leaves room for whoever came.
  const bool shrinks = fast_convergence_ && window < maximum_;
  maximum_ = shrinks ? window * (1 + reduction_factor_) / 2 : window;
  prior_ = window;
  curve_.reset();
}

void cubic_avoidance::on_slow_start() noexcept {
  // Section 4.8: the next epoch begins on a plateau of its own.
  maximum_ = prior_ = 0;
  curve_.reset();
}

}  // namespace quasio::recovery
