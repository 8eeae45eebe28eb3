#include "driver/retry.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace quasio::http3 {

bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> all = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(all.begin(), all.end(), method) != all.end();
}

std::optional<std::chrono::milliseconds> retry_count::next(request_fate fate, bool is_idempotent,
                                                           random_source& random) {
  if (tries_ >= settings_.max_tries || !may_repeat(fate, is_idempotent)) return std::nullopt;
  const bool is_first = tries_++ == 1;
  if (is_first && fate == request_fate::unprocessed) return std::chrono::milliseconds(0);
  return wait(random);
}

bool retry_count::may_repeat(request_fate fate, bool is_idempotent) const noexcept {
  switch (fate) {
    case request_fate::unprocessed:
      return true;
    case request_fate::unconnected:
      return settings_.failed_connects;
    case request_fate::lost:
      return settings_.lost_connections && is_idempotent;
    case request_fate::failed:
      break;
  }
  return false;
}

std::chrono::milliseconds retry_count::wait(random_source& random) {
  auto longest = std::min(settings_.backoff, settings_.max_backoff);
  for (std::size_t i = 0; i < waits_ && longest < settings_.max_backoff; ++i) {
    longest = std::min(longest * 2, settings_.max_backoff);
  }
  ++waits_;
  std::array<std::uint8_t, 2> bytes{};
  random.fill(bytes);
  const std::int64_t chance = bytes[0] * 256 + bytes[1];
  return longest - longest / 2 * chance / 65536;
}

}  // namespace quasio::http3
