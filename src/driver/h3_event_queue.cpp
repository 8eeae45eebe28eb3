#include "driver/h3_event_queue.hpp"

#include <algorithm>
#include <utility>

namespace quasio::driver {

void h3_event_queue::tell(h3_event event) {
  if (!is_on() || end_ || add_to_last(event)) return;
  if (mailbox_.waiting().size() >= limit_) {
    ++lost_;
    if (counters_ != nullptr) counters_->events_dropped.add();
    return;
  }
  tell_of_losses();
  mailbox_.put(std::move(event));
}

void h3_event_queue::tell_for_certain(h3_event event) {
  if (!is_on() || end_ || replace_earlier(event)) return;
  tell_of_losses();
  mailbox_.put(std::move(event));
}

void h3_event_queue::offer(request_begun&& request) {
  tell_of_losses();
  mailbox_.put(std::move(request));
}

void h3_event_queue::tell_of_losses() {
  if (lost_ > 0) mailbox_.put(events_lost{std::exchange(lost_, 0)});
}

// A GOAWAY takes the place of one that nobody has read: peers may send many, and the newest is what counts.
bool h3_event_queue::replace_earlier(const h3_event& event) {
  const auto* latest = std::get_if<going_away>(&event);
  if (latest == nullptr) return false;
  const auto earlier = std::ranges::find_if(
      mailbox_.waiting(), [](const h3_event& each) { return std::holds_alternative<going_away>(each); });
  if (earlier == mailbox_.waiting().end()) return false;
  std::get<going_away>(*earlier).id = latest->id;
  return true;
}

// Bytes of one body, taken bit by bit, are told as one as long as nobody has heard of the first, and of a client's
// wishes for one response the last.
bool h3_event_queue::add_to_last(const h3_event& event) {
  if (const auto* wish = std::get_if<priority_updated>(&event)) return replace_wish(*wish);
  const auto* more = std::get_if<body_received>(&event);
  if (more == nullptr || mailbox_.waiting().empty()) return false;
  auto* last = std::get_if<body_received>(&mailbox_.waiting().back());
  if (last == nullptr || last->id != more->id) return false;
  last->bytes += more->bytes;
  last->end = last->end || more->end;
  return true;
}

bool h3_event_queue::replace_wish(const priority_updated& wish) {
  if (mailbox_.waiting().empty()) return false;
  auto* last = std::get_if<priority_updated>(&mailbox_.waiting().back());
  if (last == nullptr || last->id != wish.id) return false;
  last->wanted = wish.wanted;
  return true;
}

void h3_event_queue::receive(runtime::pending_operation<h3_event> operation) {
  if (!is_on()) return operation.complete(asio::error::operation_not_supported, no_event());
  if (end_ && mailbox_.waiting().empty()) return operation.complete(*end_, no_event());
  mailbox_.read(std::move(operation));
}

void h3_event_queue::close(const error_code& code) {
  if (end_) return;
  end_ = code;
  mailbox_.end_readers(code);
}

void h3_event_queue::abandon() noexcept {
  // After an end in order, what waits may still be read.
  if (end_) return;
  mailbox_.abandon();
  end_ = make_error_code(runtime::error::connection_closed);
}

}  // namespace quasio::driver
