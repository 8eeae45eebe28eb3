#pragma once

#include <cstddef>
#include <deque>

#include "quasio/driver/h3_event.hpp"
#include "quasio/runtime/pending_operation.hpp"

namespace quasio::driver {

/// What goes with an error. In a file of its own: GCC 12, where it sees which alternative this is, warns of the others
/// as uninitialized.
h3_event no_event();

/// Events that wait for a reader, or readers that wait for an event. Without bounds: h3_event_queue has them.
class h3_event_mailbox {
public:
  void put(h3_event&& event);
  void read(runtime::pending_operation<h3_event> operation);

  std::deque<h3_event>& waiting() noexcept { return events_; }
  bool is_awaited() const noexcept { return !readers_.empty(); }

  /// Requests among those that wait.
  std::size_t requests() const noexcept { return requests_; }

  /// Ends one reader's waiting; false when it does not wait.
  bool cancel(std::uint64_t tag);
  void end_readers(const error_code& code);
  void abandon() noexcept;

private:
  std::size_t requests_ = 0;
  std::deque<h3_event> events_;
  std::deque<runtime::pending_operation<h3_event>> readers_;
};

}  // namespace quasio::driver
