#include "http3/datagram_inbox.hpp"

#include <utility>

namespace quasio::http3 {

bool datagram_inbox::keep(datagram_queue& queue, byte_view payload) {
  if (!make_room(queue, payload.size())) {
    ++counts_.dropped_full;
    return false;
  }
  queue.waiting_.push_back(spare_.acquire(payload));
  queue.bytes_ += payload.size();
  bytes_ += payload.size();
  return !std::exchange(queue.told_, true);
}

void datagram_inbox::pop(datagram_queue& queue) {
  if (queue.empty()) return;
  std::vector<std::uint8_t> oldest = queue.take_front();
  queue.bytes_ -= oldest.size();
  bytes_ -= oldest.size();
  spare_.release(std::move(oldest));
  if (queue.empty()) queue.told_ = false;
}

void datagram_inbox::clear(datagram_queue& queue) {
  while (!queue.empty()) pop(queue);
}

bool datagram_inbox::has_room(const datagram_queue& queue, std::size_t size) const noexcept {
  return queue.size() < limits_.max_to_read && queue.bytes_ + size <= limits_.max_bytes_to_read &&
         bytes_ + size <= limits_.max_bytes_in_all;
}

bool datagram_inbox::make_room(datagram_queue& queue, std::size_t size) {
  if (limits_.receive_overflow == quic::datagram_receive_overflow::drop_newest) return has_room(queue, size);
  const bool told = queue.told_;
  while (!has_room(queue, size) && !queue.empty()) {
    pop(queue);
    ++counts_.dropped_full;
  }
  if (!has_room(queue, size)) return false;
  queue.told_ = told;  // The reader has not been here: what it was told holds for the new one.
  return true;
}

void datagram_inbox::keep_early(stream_id id, byte_view payload, time_point now) {
  forget_stale(now);
  if (early_.size() >= limits_.max_early || early_bytes_ + payload.size() > limits_.max_early_bytes) {
    ++counts_.dropped_full;
    return;
  }
  early_.push_back({id, now, spare_.acquire(payload)});
  early_bytes_ += payload.size();
}

bool datagram_inbox::take_early(stream_id id, datagram_queue& queue, time_point now) {
  forget_stale(now);
  bool is_news = false;
  for (std::size_t i = 0; i < early_.size();) {
    if (early_[i].id != id) {
      ++i;
      continue;
    }
    is_news = keep(queue, early_[i].payload) || is_news;
    remove_early(early_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return is_news;
}

bool datagram_inbox::drop_early(stream_id id) {
  const std::size_t before = early_.size();
  for (std::size_t i = 0; i < early_.size();) {
    if (early_[i].id != id) {
      ++i;
      continue;
    }
    ++counts_.dropped_late;
    remove_early(early_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return early_.size() < before;
}

void datagram_inbox::forget_stale(time_point now) {
  while (!early_.empty() && now - early_.front().came > limits_.early_lifetime) {
    ++counts_.dropped_early;
    remove_early(early_.begin());
  }
}

void datagram_inbox::remove_early(const std::deque<early_datagram>::iterator& which) {
  early_bytes_ -= which->payload.size();
  spare_.release(std::move(which->payload));
  early_.erase(which);
}

}  // namespace quasio::http3
