#include "quic/crypto_stream.hpp"

#include <algorithm>

#include "wire/data_frame_header.hpp"

namespace quasio::quic {
namespace {

// An honest flight is a few packets long and so leaves few gaps. A peer that scatters single bytes would make each of
// them cost a walk over all others.
constexpr std::size_t max_gaps = 64;

}  // namespace

transport_result<void> crypto_stream::receive(std::uint64_t offset, byte_view data) {
  const std::uint64_t end = offset + data.size();
  if (end <= read_offset_) return {};
  if (end - read_offset_ > buffer_size_) {
    return unexpected(transport_error{transport_error_code::crypto_buffer_exceeded, 0x06,
                                      "more handshake data out of order than is kept"});
  }
  if (offset < read_offset_) {
    data = data.subspan(static_cast<std::size_t>(read_offset_ - offset));
    offset = read_offset_;
  }
  const auto begin = static_cast<std::size_t>(offset - read_offset_);
  if (received_.size() < begin + data.size()) received_.resize(begin + data.size());
  std::copy(data.begin(), data.end(), received_.begin() + static_cast<std::ptrdiff_t>(begin));
  received_ranges_.insert(offset, end);
  if (received_ranges_.size() > max_gaps) {
    return unexpected(transport_error{transport_error_code::crypto_buffer_exceeded, 0x06,
                                      "handshake data in more pieces than are kept"});
  }
  return {};
}

byte_view crypto_stream::readable() const noexcept {
  if (received_ranges_.empty() || received_ranges_.lowest().begin > read_offset_) return {};
  return byte_view(received_).first(static_cast<std::size_t>(received_ranges_.lowest().end - read_offset_));
}

void crypto_stream::consume(std::size_t count) {
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(count));
  read_offset_ += count;
  received_ranges_.erase_below(read_offset_);
}

void crypto_stream::write(byte_view data) {
  const std::uint64_t begin = sent_base_ + sent_.size();
  sent_.insert(sent_.end(), data.begin(), data.end());
  to_send_.insert(begin, begin + data.size());
}

void crypto_stream::write_frames(byte_writer& packet, sent_frames& record) {
  while (!to_send_.empty()) {
    const number_range next = to_send_.lowest();
    const std::size_t capacity = wire::crypto_frame_capacity(packet.remaining(), next.begin).value_or(0);
    if (capacity == 0) return;
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(next.size(), capacity));
    wire::write_crypto_frame_header(packet, next.begin, length);
    packet.write_bytes(byte_view(sent_).subspan(static_cast<std::size_t>(next.begin - sent_base_), length));
    to_send_.erase(next.begin, next.begin + length);
    record.push_back(
        {.kind = sent_frame_kind::crypto, .length = static_cast<std::uint32_t>(length), .offset = next.begin});
  }
}

void crypto_stream::on_acked(const sent_frame& frame) {
  // Data that was sent twice, in other portions, may be settled already, or in part.
  const std::uint64_t begin = std::max(frame.offset, sent_base_);
  const std::uint64_t end = frame.offset + frame.length;
  if (begin >= end) return;
  acked_.insert(begin, end);
  to_send_.erase(begin, end);
  if (acked_.lowest().begin > sent_base_) return;
  const std::uint64_t settled = acked_.lowest().end;
  sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(settled - sent_base_));
  sent_base_ = settled;
  acked_.pop_lowest();
}

void crypto_stream::on_lost(const sent_frame& frame) {
  const std::uint64_t begin = std::max(frame.offset, sent_base_);
  const std::uint64_t end = frame.offset + frame.length;
  if (begin >= end) return;
  to_send_.insert(begin, end);
  for (const number_range& range : acked_) to_send_.erase(range.begin, range.end);
}

void crypto_stream::resend_unacknowledged() {
  on_lost({.kind = sent_frame_kind::crypto, .length = static_cast<std::uint32_t>(sent_.size()), .offset = sent_base_});
}

}  // namespace quasio::quic
