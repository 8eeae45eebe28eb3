#include "quic/closing.hpp"

#include <utility>

namespace quasio::quic {
namespace {

// Section 10.2: long enough that packets still on their way do not meet a stranger.
constexpr int closing_period_in_probe_timeouts = 3;

}  // namespace

connection_progress closing::progress() const noexcept {
  if (phase_ == phase::closing) return connection_progress::closing;
  return phase_ == phase::draining ? connection_progress::draining : connection_progress::closed;
}

void closing::begin_closing(close_reason reason, time_point now, duration probe_timeout) {
  phase_ = phase::closing;
  reason_ = std::move(reason);
  deadline_ = now + closing_period_in_probe_timeouts * probe_timeout;
  send_close_ = true;
}

void closing::begin_draining(close_reason reason, time_point now, duration probe_timeout) {
  phase_ = phase::draining;
  reason_ = std::move(reason);
  deadline_ = now + closing_period_in_probe_timeouts * probe_timeout;
}

void closing::end_silently(close_reason reason) {
  phase_ = phase::drained;
  reason_ = std::move(reason);
  deadline_.reset();
}

void closing::on_packet_received() noexcept {
  if (phase_ != phase::closing || ++packets_since_close_ < packets_until_answer_) return;
  packets_since_close_ = 0;
  packets_until_answer_ *= 2;
  send_close_ = true;
}

void closing::on_timeout(time_point now) noexcept {
  if (!deadline_ || now < *deadline_) return;
  phase_ = phase::drained;
  deadline_.reset();
}

}  // namespace quasio::quic
