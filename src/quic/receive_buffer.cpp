#include "quic/receive_buffer.hpp"

#include <algorithm>
#include <cassert>

namespace quasio::quic {
namespace {

byte_view slice(byte_view bytes, std::uint64_t offset, std::uint64_t begin, std::uint64_t end) {
  return bytes.subspan(static_cast<std::size_t>(begin - offset), static_cast<std::size_t>(end - begin));
}

}  // namespace

std::uint64_t receive_buffer::put(std::uint64_t offset, byte_view bytes) {
  const std::uint64_t end = offset + bytes.size();
  if (end <= in_order_ || bytes.empty()) return 0;
  if (offset < in_order_) {
    bytes = slice(bytes, offset, in_order_, end);
    offset = in_order_;
  }
  if (!ahead_.empty() || offset > in_order_) return put_ahead(offset, bytes);
  blocks_.put(offset, bytes);
  in_order_ = end;
  return bytes.size();
}

std::uint64_t receive_buffer::put_ahead(std::uint64_t offset, byte_view bytes) {
  const std::uint64_t end = offset + bytes.size();
  std::uint64_t next = offset;
  auto known = std::upper_bound(ahead_.begin(), ahead_.end(), offset,
                                [](std::uint64_t number, const number_range& range) { return number < range.end; });
  for (; known != ahead_.end() && known->begin < end; ++known) {
    if (known->begin > next) blocks_.put(next, slice(bytes, offset, next, known->begin));
    next = std::max(next, known->end);
  }
  if (next < end) blocks_.put(next, slice(bytes, offset, next, end));

  const std::uint64_t fresh = ahead_.insert(offset, end);
  bytes_ahead_ += fresh;
  if (ahead_.lowest().begin == in_order_) {
    bytes_ahead_ -= ahead_.lowest().end - in_order_;
    in_order_ = ahead_.lowest().end;
    ahead_.pop_lowest();
  }
  return fresh;
}

void receive_buffer::consume(std::uint64_t count) {
  assert(count <= readable());
  read_ += count;
  blocks_.raise_floor(read_);
  if (read_ == in_order_ && ahead_.empty()) blocks_.release_all();  // An idle stream holds nothing.
}

void receive_buffer::discard() {
  blocks_.release_all();
  ahead_.clear();
  bytes_ahead_ = 0;
  read_ = in_order_;
}

void receive_buffer::restart() {
  blocks_.restart();
  ahead_.clear();
  bytes_ahead_ = 0;
  read_ = in_order_ = 0;
}

}  // namespace quasio::quic
