#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "driver/h3_event_mailbox.hpp"
#include "quasio/driver/h3_counters.hpp"

namespace quasio::driver {

/// The events of one connection, for a reader that may lag behind. Bounded: see h3_driver_settings::max_waiting_events.
/// Belongs to the executor.
class h3_event_queue {
public:
  h3_event_queue(std::size_t limit, std::size_t request_limit, std::shared_ptr<h3_counters> counters)
      : limit_(limit), request_limit_(request_limit), counters_(std::move(counters)) {}

  bool is_on() const noexcept { return limit_ > 0; }

  /// Puts one in, unless too many wait: then it is lost, and events_lost will say so.
  void tell(h3_event event);

  /// Puts in what must not be lost, and comes once or is replaced by what came later.
  void tell_for_certain(h3_event event);

  /// Whether a server's request can be put in; else the caller has to refuse it.
  bool has_room_for_request() const noexcept {
    return !end_ && (mailbox_.is_awaited() || mailbox_.requests() < request_limit_);
  }
  void offer(request_begun&& request);

  void receive(runtime::pending_operation<h3_event> operation);

  /// False when it is no reader's.
  bool cancel(std::uint64_t tag) { return mailbox_.cancel(tag); }

  /// No more events come. What waits can still be received, then operations end with `code`.
  void close(const error_code& code);

  /// The io_context goes away.
  void abandon() noexcept;

private:
  void tell_of_losses();
  bool add_to_last(const h3_event& event);
  bool replace_earlier(const h3_event& event);
  bool replace_wish(const priority_updated& wish);

  std::size_t limit_;
  std::size_t request_limit_;
  std::shared_ptr<h3_counters> counters_;
  std::uint64_t lost_ = 0;
  h3_event_mailbox mailbox_;
  std::optional<error_code> end_;
};

}  // namespace quasio::driver
