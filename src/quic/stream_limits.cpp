#include "quic/stream_limits.hpp"

#include <algorithm>
#include <utility>

#include "wire/frame.hpp"

namespace quasio::quic {

std::optional<std::uint64_t> outgoing_streams::open() noexcept {
  if (left() == 0) {
    wanted_ = true;
    return std::nullopt;
  }
  const std::uint64_t index = ledger_.opened();
  ledger_.open_through(index);
  return index;
}

bool outgoing_streams::raise(std::uint64_t limit) noexcept {
  if (limit <= limit_) return false;
  limit_ = limit;
  if (left() == 0) {
    // Streams that were opened under a remembered limit use it up, or wait for more.
    wanted_ = true;
    return false;
  }
  return std::exchange(wanted_, false);
}

void outgoing_streams::on_blocked_lost(std::uint64_t limit) noexcept {
  if (told_blocked_at_ == limit) told_blocked_at_ = nothing_told;
}

incoming_streams::incoming_streams(std::uint64_t max_concurrent) noexcept
    : max_concurrent_(std::min(max_concurrent, wire::max_stream_count)), limit_(max_concurrent_) {}

bool incoming_streams::update_due() const noexcept {
  if (announcement_lost_) return true;
  const std::uint64_t freed = next_limit() - limit_;
  return freed > 0 && freed >= max_concurrent_ / 4;
}

std::uint64_t incoming_streams::announce() noexcept {
  limit_ = next_limit();
  announcement_lost_ = false;
  return limit_;
}

void incoming_streams::on_announcement_lost(std::uint64_t limit) noexcept {
  if (limit == limit_) announcement_lost_ = true;
}

std::uint64_t incoming_streams::next_limit() const noexcept {
  return std::min(ledger_.closed() + max_concurrent_, wire::max_stream_count);
}

}  // namespace quasio::quic
