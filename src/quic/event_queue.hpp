#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "quasio/quic/events.hpp"
#include "recovery/ring.hpp"

namespace quasio::quic {

/// What the application has not yet been told, in order. The parts that add to it say each thing once until it was
/// told, so that the queue is bounded by the number of streams and connection IDs.
class event_queue {
public:
  void push(event happened) { events_.push() = std::move(happened); }

  std::optional<event> pop() {
    if (events_.empty()) return std::nullopt;
    std::optional<event> next(std::move(events_.front()));
    events_.pop();
    ++popped_;
    return next;
  }

  bool empty() const noexcept { return events_.empty(); }

  /// How many there ever were, and the one of that number, counted from 0; not one that was popped.
  std::uint64_t count() const noexcept { return popped_ + events_.size(); }
  const event& operator[](std::uint64_t number) const noexcept {
    return events_[static_cast<std::size_t>(number - popped_)];
  }

private:
  recovery::ring<event> events_;
  std::uint64_t popped_ = 0;
};

}  // namespace quasio::quic
