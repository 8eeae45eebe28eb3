#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/http3/datagram.hpp"
#include "quasio/http3/statistics.hpp"
#include "quasio/wire/stream_id.hpp"
#include "quic/datagram_buffer_pool.hpp"

namespace quasio::http3 {

/// Datagrams of one request that wait to be read. A datagram_inbox fills and empties it.
class datagram_queue {
public:
  std::optional<byte_view> front() const noexcept {
    return empty() ? std::nullopt : std::optional<byte_view>(waiting_[first_]);
  }

  bool empty() const noexcept { return first_ == waiting_.size(); }
  std::size_t size() const noexcept { return waiting_.size() - first_; }

private:
  friend class datagram_inbox;

  /// The oldest, which is no longer in the queue then; there must be one.
  std::vector<std::uint8_t> take_front() {
    std::vector<std::uint8_t> oldest = std::move(waiting_[first_++]);
    constexpr std::size_t worth_moving = 32;
    if (empty()) {
      waiting_.clear();
      first_ = 0;
    } else if (first_ >= worth_moving && first_ >= size()) {
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    return oldest;
  }

  // Most requests have none: nothing is allocated for those, and nothing in a steady flow.
  std::vector<std::vector<std::uint8_t>> waiting_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  bool told_ = false;  ///< Since it was last empty.
};

/// Received datagrams of all requests, within their limits, and those that came before their requests.
class datagram_inbox {
public:
  datagram_inbox(const datagram_settings& limits, received_datagram_counts& counts)
      : limits_(limits), counts_(counts), spare_(max_spare_bytes) {}

  /// Copies a datagram to the end of `queue`, if need be in place of an older one of it. Whether the reader has to be
  /// told: once until the queue was empty.
  bool keep(datagram_queue& queue, byte_view payload);

  void pop(datagram_queue& queue);
  void clear(datagram_queue& queue);

  /// Keeps one whose request has not come.
  void keep_early(stream_id id, byte_view payload, time_point now);

  /// Moves those that came early to the queue of their request. As keep().
  bool take_early(stream_id id, datagram_queue& queue, time_point now);

  /// Drops those whose request turned out to take none. Whether there were any.
  bool drop_early(stream_id id);

  bool has_early() const noexcept { return !early_.empty(); }
  std::size_t bytes() const noexcept { return bytes_ + early_bytes_; }

private:
  static constexpr std::size_t max_spare_bytes = 64 * 1024;

  struct early_datagram {
    stream_id id;
    time_point came;
    std::vector<std::uint8_t> payload;
  };

  bool has_room(const datagram_queue& queue, std::size_t size) const noexcept;
  bool make_room(datagram_queue& queue, std::size_t size);
  void forget_stale(time_point now);
  void remove_early(const std::deque<early_datagram>::iterator& which);

  const datagram_settings& limits_;
  received_datagram_counts& counts_;
  quic::datagram_buffer_pool spare_;
  std::size_t bytes_ = 0;
  std::deque<early_datagram> early_;  ///< In the order in which they came.
  std::size_t early_bytes_ = 0;
};

}  // namespace quasio::http3
