#pragma once

#include <deque>
#include <utility>
#include <variant>

#include "quasio/http3/events.hpp"

namespace quasio::http3 {

/// What the application has not yet been told, in order. For one exchange it holds a bounded number of events, and for
/// the connection one GOAWAY: a peer that sends many only moves the ID.
class event_queue {
public:
  void push(event happened) { events_.push_back(std::move(happened)); }

  void push(goaway_received goaway) {
    if (!events_.empty()) {
      if (auto* last = std::get_if<goaway_received>(&events_.back())) {
        *last = goaway;
        return;
      }
    }
    events_.emplace_back(goaway);
  }

  bool empty() const noexcept { return events_.empty(); }

  /// The oldest; not to be called when empty.
  event take() {
    event oldest = std::move(events_.front());
    events_.pop_front();
    return oldest;
  }

private:
  std::deque<event> events_;
};

}  // namespace quasio::http3
