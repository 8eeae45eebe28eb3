#pragma once

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
    return next;
  }

  bool empty() const noexcept { return events_.empty(); }

private:
  recovery::ring<event> events_;
};

}  // namespace quasio::quic
