#include "quasio/runtime/pending_operation.hpp"

#include <atomic>

namespace quasio::runtime {

std::uint64_t next_operation_tag() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace quasio::runtime
