#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace quasio::recovery {

/// A queue in a circle of slots whose number is a power of two. Slots are never destroyed before the ring is: what is
/// popped stays in its slot, so that the memory it holds serves whoever is pushed there next.
template <class Value>
class ring {
public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  Value& operator[](std::size_t index) noexcept { return slots_[(head_ + index) & (slots_.size() - 1)]; }
  const Value& operator[](std::size_t index) const noexcept { return slots_[(head_ + index) & (slots_.size() - 1)]; }
  Value& front() noexcept { return (*this)[0]; }
  const Value& front() const noexcept { return (*this)[0]; }
  Value& back() noexcept { return (*this)[size_ - 1]; }
  const Value& back() const noexcept { return (*this)[size_ - 1]; }

  /// A slot at the end, holding whatever it held when it was last popped.
  Value& push() {
    if (size_ == slots_.size()) grow();
    ++size_;
    return back();
  }

  void pop() noexcept {
    assert(!empty());
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
  }

  void clear() noexcept { head_ = size_ = 0; }

private:
  void grow() {
    std::vector<Value> larger(slots_.empty() ? first_capacity : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    head_ = 0;
  }

  static constexpr std::size_t first_capacity = 16;

  std::vector<Value> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace quasio::recovery
