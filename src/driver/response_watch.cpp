#include "driver/response_watch.hpp"

#include <algorithm>

namespace quasio::http3 {

void response_watch::set_deadline(clock::time_point when, client_error why) {
  deadline_ = deadline{when, why};
  sleep();
}

void response_watch::watch_body(std::chrono::milliseconds idle) {
  idle_ = idle;
  sleep();
}

void response_watch::stop() noexcept {
  deadline_.reset();
  idle_ = std::chrono::milliseconds(0);
  timer_.cancel();
}

// Reads come and go much faster than any limit: so they are looked at a few times within it.
void response_watch::sleep() {
  constexpr std::chrono::milliseconds finest{5};
  auto next = clock::time_point::max();
  if (idle_.count() > 0) next = clock::now() + std::max(idle_ / 4, finest);
  if (deadline_) next = std::min(next, deadline_->when);
  if (next == clock::time_point::max()) return;
  timer_.expires_at(next);
  timer_.async_wait([weak = weak_from_this()](const quasio::error_code& error) {
    const auto self = weak.lock();
    if (!error && self != nullptr) self->look();
  });
}

void response_watch::look() {
  const auto with = with_.lock();
  if (with == nullptr || with->is_over()) return;
  const auto now = clock::now();
  if (deadline_ && now >= deadline_->when) return give_up(deadline_->why);
  const bool is_waiting = idle_.count() > 0 && with->is_waiting_to_read();
  if (!is_waiting) {
    waiting_since_.reset();
  } else if (!waiting_since_ || with->bytes_read() != bytes_then_) {
    waiting_since_ = now;
    bytes_then_ = with->bytes_read();
  } else if (now - *waiting_since_ >= idle_) {
    return give_up(client_error::body_timeout);
  }
  sleep();
}

void response_watch::give_up(client_error why) {
  const auto with = with_.lock();
  with->give_up_reading(why);
  with->cancel(error_code::request_cancelled);
}

}  // namespace quasio::http3
