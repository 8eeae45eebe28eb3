#include "quasio/http3/statistics.hpp"

#include <numeric>

namespace quasio::http3 {

std::uint64_t error_counts::total() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

}  // namespace quasio::http3
