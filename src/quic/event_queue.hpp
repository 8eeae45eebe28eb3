#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "quasio/quic/events.hpp"

namespace quasio::quic {

/// What the application has not yet been told, in order. The parts that add to it say each thing once until it was
/// told, so that the queue is bounded by the number of streams and connection IDs.
class event_queue {
public:
  void push(event happened) { events_.push_back(std::move(happened)); }

  std::optional<event> pop() {
    if (events_.empty()) return std::nullopt;
    std::optional<event> next(std::move(events_.front()));
    events_.pop_front();
    return next;
  }

  bool empty() const noexcept { return events_.empty(); }

private:
  std::deque<event> events_;
};

}  // namespace quasio::quic
