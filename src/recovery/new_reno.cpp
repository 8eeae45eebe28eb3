#include "recovery/new_reno.hpp"

namespace quasio::recovery {

template class loss_based_controller<reno_avoidance>;

std::uint64_t reno_avoidance::grow(const avoidance_step& step) noexcept {
  // RFC 3465, section 2.1: counting what was acknowledged keeps the fractions that a division would drop.
  std::uint64_t window = step.window;
  acked_since_increase_ += step.bytes_acked;
  while (acked_since_increase_ >= window) {
    acked_since_increase_ -= window;
    window = std::min(window + step.max_datagram_size, step.maximum_window);
  }
  return window;
}

}  // namespace quasio::recovery
