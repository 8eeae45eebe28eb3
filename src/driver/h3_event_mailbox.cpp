#include "driver/h3_event_mailbox.hpp"

#include <algorithm>
#include <utility>

namespace quasio::driver {

void h3_event_mailbox::put(h3_event&& event) {
  if (readers_.empty()) {
    if (std::holds_alternative<request_begun>(event)) ++requests_;
    events_.push_back(std::move(event));
    return;
  }
  auto reader = std::move(readers_.front());
  readers_.pop_front();
  reader.complete(error_code(), std::move(event));
}

void h3_event_mailbox::read(runtime::pending_operation<h3_event> operation) {
  if (events_.empty()) return readers_.push_back(std::move(operation));
  h3_event next = std::move(events_.front());
  events_.pop_front();
  if (std::holds_alternative<request_begun>(next)) --requests_;
  operation.complete(error_code(), std::move(next));
}

bool h3_event_mailbox::cancel(std::uint64_t tag) {
  const auto found = std::ranges::find(readers_, tag, [](const auto& each) { return each.tag(); });
  if (found == readers_.end()) return false;
  auto operation = std::move(*found);
  readers_.erase(found);
  operation.complete(asio::error::operation_aborted, no_event());
  return true;
}

void h3_event_mailbox::end_readers(const error_code& code) {
  for (auto& reader : std::exchange(readers_, {})) reader.complete(code, no_event());
}

void h3_event_mailbox::abandon() noexcept {
  const auto unheard = std::exchange(readers_, {});
  const auto unread = std::exchange(events_, {});
  requests_ = 0;
}

}  // namespace quasio::driver
