#include "quic/send_buffer.hpp"

#include <algorithm>
#include <cassert>

namespace quasio::quic {

void send_buffer::append(byte_view bytes) {
  blocks_.put(end_, bytes);
  end_ += bytes.size();
}

void send_buffer::on_sent(std::uint64_t begin, std::uint64_t end) {
  if (begin < next_unsent_) lost_.erase(begin, end);
  next_unsent_ = std::max(next_unsent_, end);
}

void send_buffer::on_acked(std::uint64_t begin, std::uint64_t end) {
  begin = std::max(begin, front_);
  end = std::min(end, next_unsent_);
  if (begin >= end) return;
  if (!lost_.empty()) lost_.erase(begin, end);  // It was not lost after all, or came through the second time.
  if (begin > front_) {
    acked_.insert(begin, end);
    return;
  }
  if (!acked_.empty() && acked_.lowest().begin <= end) {
    acked_.insert(begin, end);
    end = acked_.lowest().end;
    acked_.pop_lowest();
  }
  advance_front(end);
}

void send_buffer::on_lost(std::uint64_t begin, std::uint64_t end) {
  begin = std::max(begin, front_);
  end = std::min(end, next_unsent_);
  if (begin >= end) return;
  lost_.insert(begin, end);
  auto acked = std::upper_bound(acked_.begin(), acked_.end(), begin,
                                [](std::uint64_t number, const number_range& range) { return number < range.end; });
  for (; acked != acked_.end() && acked->begin < end; ++acked) lost_.erase(acked->begin, acked->end);
}

void send_buffer::discard() {
  blocks_.release_all();
  acked_.clear();
  lost_.clear();
  end_ = next_unsent_;
  front_ = end_;
}

void send_buffer::begin_anew() {
  assert(front_ == 0 && acked_.empty());
  lost_.clear();
  next_unsent_ = 0;
}

void send_buffer::restart() {
  blocks_.restart();
  acked_.clear();
  lost_.clear();
  front_ = next_unsent_ = end_ = 0;
}

void send_buffer::advance_front(std::uint64_t offset) {
  front_ = offset;
  blocks_.raise_floor(front_);
  if (front_ == end_) blocks_.release_all();  // An idle stream holds nothing.
}

}  // namespace quasio::quic
