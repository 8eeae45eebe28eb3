#pragma once

#include <atomic>
#include <cstdint>

namespace quasio::runtime {

/// A number that one thread changes and any thread may read.
class counter {
public:
  /// Only on the thread that the counter belongs to, like subtract() and set().
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  /// The number now. Any thread.
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace quasio::runtime
