#include "driver/request_watch.hpp"

#include <algorithm>
#include <utility>

#include "quasio/driver/error.hpp"

namespace quasio::http3 {
namespace {

constexpr std::chrono::milliseconds finest{5};

// A finished response has no bytes to count any more: it gets more time instead.
constexpr int patience_with_finished = 4;

std::chrono::milliseconds interval_of(const server_limits& limits) noexcept {
  std::chrono::milliseconds shortest{0};
  for (const auto each : {limits.headers_timeout, limits.body_timeout, limits.write_timeout}) {
    if (each.count() > 0 && (shortest.count() == 0 || each < shortest)) shortest = each;
  }
  return shortest.count() == 0 ? shortest : std::max(shortest / 4, finest);
}

}  // namespace

request_watch::request_watch(const asio::any_io_executor& executor, const server_limits& limits,
                             request_watch_listener& listener)
    : timer_(executor), limits_(limits), interval_(interval_of(limits)), listener_(&listener) {}

void request_watch::start() {
  unused_since_ = clock::now();
  sleep();
}

void request_watch::stop() noexcept {
  listener_ = nullptr;
  requests_.clear();
  timer_.cancel();
}

void request_watch::on_stream_opened(stream_id id) {
  requests_.try_emplace(id, watched{clock::now(), nullptr, std::nullopt, std::nullopt, std::nullopt});
  if (requests_.size() == 1) sleep();
}

void request_watch::on_request(stream_id id, std::shared_ptr<driver::exchange> with) {
  const auto found = requests_.find(id);
  if (found != requests_.end()) found->second.with = std::move(with);
}

void request_watch::on_stream_closed(stream_id id) {
  if (requests_.erase(id) == 0 || !requests_.empty()) return;
  unused_since_ = clock::now();
  sleep();
}

std::optional<request_watch::clock::time_point> request_watch::next_look(clock::time_point now) const {
  if (!requests_.empty()) {
    if (interval_.count() == 0) return std::nullopt;
    return now + interval_;
  }
  if (limits_.unused_timeout.count() == 0) return std::nullopt;
  return unused_since_ + limits_.unused_timeout;
}

// A look that comes too early does no harm; so a busy connection does not set its timer anew for each request.
void request_watch::sleep() {
  const auto next = next_look(clock::now());
  if (!next || *next >= next_look_ || listener_ == nullptr) return;
  next_look_ = *next;
  timer_.expires_at(*next);
  timer_.async_wait([weak = weak_from_this()](const quasio::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->next_look_ = clock::time_point::max();
    self->look_after_all();
    self->sleep();
  });
}

void request_watch::look_after_all() {
  const auto now = clock::now();
  if (requests_.empty()) {
    if (limits_.unused_timeout.count() == 0 || now < unused_since_ + limits_.unused_timeout) return;
    unused_since_ = now;
    if (listener_ != nullptr) listener_->on_unused();
    return;
  }
  std::vector<stream_id> late;
  std::vector<stream_id> begun;
  for (const auto& [id, one] : requests_) {
    if (one.with != nullptr) {
      begun.push_back(id);
    } else if (are_headers_late(one, now)) {
      late.push_back(id);
    }
  }
  // What is told may end requests.
  for (const stream_id id : begun) {
    const auto found = requests_.find(id);
    if (found != requests_.end()) look_after(found->second, now);
  }
  for (const stream_id id : late) {
    if (listener_ != nullptr) listener_->on_headers_late(id);
    on_stream_closed(id);
  }
}

bool request_watch::are_headers_late(const watched& one, clock::time_point now) const {
  return limits_.headers_timeout.count() > 0 && now - one.opened >= limits_.headers_timeout;
}

void request_watch::look_after(watched& one, clock::time_point now) {
  // Whether too little has moved for too long, which counts from the first look that finds somebody waiting.
  const auto is_late = [now](std::optional<progress>& mark, bool waiting, std::uint64_t bytes, std::uint64_t enough,
                             std::chrono::milliseconds limit) {
    if (!waiting || limit.count() == 0) {
      mark.reset();
      return false;
    }
    if (!mark || bytes - mark->bytes >= std::max<std::uint64_t>(enough, 1)) mark = progress{now, bytes};
    return now - mark->since >= limit;
  };
  const auto with = one.with;
  if (is_late(one.read, with->is_waiting_to_read(), with->bytes_read(), limits_.body_min_progress,
              with->body_timeout().value_or(limits_.body_timeout))) {
    with->give_up_reading(client_error::body_timeout);
  }
  if (is_late(one.written, with->is_waiting_to_write(), with->bytes_written(), limits_.write_min_progress,
              limits_.write_timeout)) {
    return with->give_up_writing(client_error::write_timeout);
  }
  if (!with->is_written() || limits_.write_timeout.count() == 0) return;
  if (!one.finished) one.finished = now;
  if (now - *one.finished >= limits_.write_timeout * patience_with_finished) {
    with->cancel(error_code::request_cancelled);
  }
}

}  // namespace quasio::http3
