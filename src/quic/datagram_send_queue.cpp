#include "quic/datagram_send_queue.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "wire/data_frame_header.hpp"

namespace quasio::quic {
namespace {

// How late expired datagrams may be told.
constexpr std::chrono::milliseconds expiry_slack{1};

std::uint8_t bit_of(std::size_t urgency) noexcept { return static_cast<std::uint8_t>(1u << urgency); }

bool is_expired(const datagram_options& options, time_point now) noexcept {
  return options.expires && *options.expires <= now;
}

}  // namespace

// --- The application ---------------------------------------------------------------------------------------------

datagram_result<void> datagram_send_queue::push(byte_view data, const datagram_options& options,
                                                std::size_t max_payload, time_point now) {
  if (peer_limit_ == 0) return unexpected<datagram_error>(datagram_error::not_negotiated);
  if (data.size() > max_payload || data.size() > settings_.max_bytes_to_send) {
    return unexpected<datagram_error>(datagram_error::too_large);
  }
  const std::size_t urgency = std::min<std::size_t>(options.urgency, urgency_levels - 1);
  if (!make_room_for(data.size(), urgency, now)) {
    ++counters_.refused;
    room_is_wanted_ = true;
    return unexpected<datagram_error>(datagram_error::queue_full);
  }
  waiting_datagram& added = levels_[urgency].push();
  added.bytes = buffers_.acquire(data);
  added.options = options;
  added.order = next_order_++;
  added.gone = false;
  waiting_levels_ |= bit_of(urgency);
  ++size_;
  bytes_ += data.size();
  ++counters_.accepted;
  first_expiry_ = earliest(first_expiry_, options.expires);
  return {};
}

bool datagram_send_queue::has_room_for(std::size_t bytes) const noexcept {
  return size_ < settings_.max_to_send && bytes <= settings_.max_bytes_to_send - bytes_;
}

bool datagram_send_queue::make_room_for(std::size_t bytes, std::size_t urgency, time_point now) {
  if (!has_room_for(bytes)) drop_expired(now);
  while (!has_room_for(bytes)) {
    if (!displace_one(urgency)) return false;
  }
  return true;
}

bool datagram_send_queue::displace_one(std::size_t newcomer_urgency) {
  if (empty()) return false;
  switch (settings_.send_overflow) {
    case datagram_send_overflow::refuse_newest:
      return false;
    case datagram_send_overflow::drop_oldest:
      drop_front(level_of_oldest(), datagram_outcome::displaced);
      return true;
    case datagram_send_overflow::drop_least_urgent: {
      const auto least_urgent = static_cast<std::size_t>(std::bit_width(waiting_levels_) - 1);
      if (least_urgent <= newcomer_urgency) return false;
      drop_front(least_urgent, datagram_outcome::displaced);
      return true;
    }
  }
  return false;
}

std::size_t datagram_send_queue::level_of_oldest() const noexcept {
  std::size_t oldest = urgency_levels;
  for (std::size_t urgency = 0; urgency < urgency_levels; ++urgency) {
    if (levels_[urgency].empty()) continue;
    if (oldest == urgency_levels || levels_[urgency].front().order < levels_[oldest].front().order) oldest = urgency;
  }
  return oldest;
}

std::size_t datagram_send_queue::purge(const datagram_predicate& doomed) {
  return drop_if(datagram_outcome::purged,
                 [&](const waiting_datagram& each) { return doomed(each.bytes, each.options); });
}

// --- Dropping ----------------------------------------------------------------------------------------------------

template <class Doomed>
std::size_t datagram_send_queue::drop_if(datagram_outcome outcome, Doomed&& doomed) {
  const std::size_t before = size_;
  for (std::size_t urgency = 0; urgency < urgency_levels; ++urgency) {
    level& at = levels_[urgency];
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (doomed(at[i])) give_up(at[i], outcome);
    }
    // Those that stay move to the end, in their order; what is then in front is empty.
    std::size_t first_kept = at.size();
    for (std::size_t i = at.size(); i-- > 0;) {
      if (!at[i].gone && --first_kept != i) std::swap(at[first_kept], at[i]);
    }
    for (; first_kept > 0; --first_kept) at.pop();
    if (at.empty()) waiting_levels_ &= static_cast<std::uint8_t>(~bit_of(urgency));
  }
  if (empty()) first_expiry_.reset();
  tell_of_room();
  return before - size_;
}

void datagram_send_queue::drop_expired(time_point now) {
  if (!first_expiry_ || *first_expiry_ > now) return;
  first_expiry_.reset();
  drop_if(datagram_outcome::expired, [&](const waiting_datagram& each) {
    if (is_expired(each.options, now)) return true;
    first_expiry_ = earliest(first_expiry_, each.options.expires);
    return false;
  });
}

void datagram_send_queue::drop_front(std::size_t urgency, datagram_outcome outcome) {
  give_up(levels_[urgency].front(), outcome);
  pop(urgency);
}

void datagram_send_queue::give_up(waiting_datagram& dropped, datagram_outcome outcome) {
  count(counters_, outcome);
  tell(dropped.options, outcome);
  forget_bytes(dropped);
}

void datagram_send_queue::forget_bytes(waiting_datagram& gone) {
  gone.gone = true;
  --size_;
  bytes_ -= gone.bytes.size();
  buffers_.release(std::move(gone.bytes));
}

void datagram_send_queue::pop(std::size_t urgency) {
  levels_[urgency].pop();
  if (levels_[urgency].empty()) waiting_levels_ &= static_cast<std::uint8_t>(~bit_of(urgency));
  if (empty()) first_expiry_.reset();
  tell_of_room();
}

void datagram_send_queue::tell(const datagram_options& options, datagram_outcome outcome) {
  if (options.cookie) events_->push(datagram_fate{*options.cookie, outcome});
}

// Half of the queue is worth a wake-up; room for one datagram is not.
void datagram_send_queue::tell_of_room() {
  if (!room_is_wanted_ || size_ > settings_.max_to_send / 2 || bytes_ > settings_.max_bytes_to_send / 2) return;
  room_is_wanted_ = false;
  events_->push(datagrams_writable{});
}

void datagram_send_queue::count(sent_datagram_statistics& counters, datagram_outcome outcome) noexcept {
  switch (outcome) {
    case datagram_outcome::acknowledged:
      ++counters.acknowledged;
      return;
    case datagram_outcome::lost:
      ++counters.lost;
      return;
    case datagram_outcome::expired:
      ++counters.expired;
      return;
    case datagram_outcome::displaced:
      ++counters.displaced;
      return;
    case datagram_outcome::purged:
      ++counters.purged;
      return;
    case datagram_outcome::too_large:
      ++counters.too_large;
      return;
  }
}

// --- Sending -----------------------------------------------------------------------------------------------------

std::size_t datagram_send_queue::next_size() const noexcept {
  assert(!empty());
  return levels_[static_cast<std::size_t>(std::countr_zero(waiting_levels_))].front().bytes.size();
}

void datagram_send_queue::drop_unsendable(std::size_t max_payload, time_point now) {
  for (std::size_t urgency = 0; urgency < urgency_levels; ++urgency) {
    const level& at = levels_[urgency];
    while (!at.empty()) {
      if (is_expired(at.front().options, now)) {
        drop_front(urgency, datagram_outcome::expired);
      } else if (at.front().bytes.size() > max_payload) {
        drop_front(urgency, datagram_outcome::too_large);
      } else {
        break;
      }
    }
  }
}

bool datagram_send_queue::write_frame(std::size_t urgency, byte_writer& packet, sent_frames& record,
                                      bool last_in_packet) {
  waiting_datagram& next = levels_[urgency].front();
  const std::size_t size = next.bytes.size();
  const std::size_t room = packet.remaining();
  const bool has_length = wire::datagram_frame_header_size(size, true) + size <= room;
  if (!has_length) {
    const std::size_t bare = wire::datagram_frame_header_size(size, false) + size;
    if (!last_in_packet || bare > room) return false;
    // Where only the Length field was too much, the frame reaches to the end behind a byte or two of padding.
    packet.write_zeros(room - bare);
  }
  wire::write_datagram_frame_header(packet, size, has_length);
  packet.write_bytes(next.bytes);
  record.push_back({.kind = sent_frame_kind::datagram,
                    .fin = next.options.cookie.has_value(),
                    .length = static_cast<std::uint32_t>(size),
                    .id = next.options.cookie.value_or(0)});
  ++counters_.sent;
  counters_.bytes_sent += size;
  forget_bytes(next);
  pop(urgency);
  return true;
}

void datagram_send_queue::on_acked(const sent_frame& frame) {
  ++counters_.acknowledged;
  if (frame.fin) events_->push(datagram_fate{frame.id, datagram_outcome::acknowledged});
}

void datagram_send_queue::on_lost(const sent_frame& frame) {
  ++counters_.lost;
  if (frame.fin) events_->push(datagram_fate{frame.id, datagram_outcome::lost});
}

// --- Time --------------------------------------------------------------------------------------------------------

std::optional<time_point> datagram_send_queue::deadline() const noexcept {
  return first_expiry_ ? std::optional(*first_expiry_ + expiry_slack) : std::nullopt;
}

void datagram_send_queue::on_timeout(time_point now) {
  if (const auto due = deadline(); due && *due <= now) drop_expired(now);
}

// --- What others may know ----------------------------------------------------------------------------------------

void datagram_send_queue::note_max_payload(std::size_t max_payload) {
  if (told_max_payload_ == max_payload) return;
  if (told_max_payload_) events_->push(datagram_limit_changed{max_payload});
  told_max_payload_ = max_payload;
}

sent_datagram_statistics datagram_send_queue::statistics() const noexcept {
  sent_datagram_statistics now = counters_;
  now.waiting = size_;
  now.bytes_waiting = bytes_;
  return now;
}

}  // namespace quasio::quic
