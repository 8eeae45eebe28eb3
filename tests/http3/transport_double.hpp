#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http3/transport_streams.hpp"
#include "quasio/quic/events.hpp"

namespace quasio::http3::testing {

/// What an endpoint was closed with.
struct close_record {
  error_code code{};
  std::string reason;
};

/// One end of an in-memory stand-in for a QUIC connection. Nothing moves by itself: bytes, ends, resets and the rest
/// travel when deliver() is called, in pieces of any size. A test that wants to speak raw bytes uses an end without a
/// session.
class endpoint_double final : public transport_streams {
public:
  explicit endpoint_double(endpoint_role role) : role_(role) {}

  /// Joins two ends.
  void join(endpoint_double& peer) {
    peer_ = &peer;
    peer.peer_ = this;
  }

  std::size_t send_buffer = 64 * 1024;      ///< Bytes a stream takes before they are delivered.
  std::size_t receive_window = 64 * 1024;   ///< Bytes of one stream that may wait here to be read.
  std::size_t send_credit = SIZE_MAX;       ///< Flow control credit that streams are said to have, at the most.
  std::uint64_t bidirectional_limit = 100;  ///< Streams this end may open.
  std::uint64_t unidirectional_limit = 100;

  time_point time = time_point(std::chrono::hours(1));
  std::map<stream_id, std::pair<std::uint8_t, bool>> priorities;  ///< Urgency and incremental, as last set.

  struct sent_datagram {
    std::vector<std::uint8_t> data;
    quic::datagram_options options;
  };
  std::size_t datagram_limit = 1200;  ///< Bytes a datagram; 0: none are taken.
  std::size_t datagram_queue_limit = SIZE_MAX;
  std::deque<sent_datagram> unsent_datagrams;

  // --- transport_streams ------------------------------------------------------------------------------------------

  quic::stream_result<stream_id> open_stream(stream_direction direction) override {
    if (closed_) return refuse(quic::stream_error::connection_closed);
    const bool one_way = direction == stream_direction::unidirectional;
    std::uint64_t& opened = opened_[one_way ? 1 : 0];
    if (opened == (one_way ? unidirectional_limit : bidirectional_limit))
      return refuse(quic::stream_error::limit_reached);
    const stream_id id = make_stream_id(opened++, role_, direction);
    streams_[id].receives = !one_way;
    streams_[id].announced = true;
    return id;
  }

  quic::stream_result<std::size_t> stream_write(stream_id id, byte_view data, bool fin) override {
    const auto room = stream_capacity(id);
    if (!room) return refuse(room.error());
    const std::size_t taken = std::min(*room, data.size());
    streams_[id].wants_room = taken < data.size();
    append(streams_[id], data.first(taken), fin && taken == data.size());
    return taken;
  }

  quic::stream_result<void> stream_write_whole(stream_id id, byte_view data, bool fin) override {
    if (const auto room = stream_capacity(id); !room) return refuse(room.error());
    append(streams_[id], data, fin);
    return {};
  }

  quic::stream_result<std::size_t> stream_capacity(stream_id id) const override {
    if (closed_) return refuse(quic::stream_error::connection_closed);
    const auto found = streams_.find(id);
    if (found == streams_.end()) return refuse(quic::stream_error::unknown_stream);
    const stream& one = found->second;
    if (!one.sends) return refuse(quic::stream_error::wrong_direction);
    if (one.reset) return refuse(quic::stream_error::reset);
    if (one.fin) return refuse(quic::stream_error::already_finished);
    return one.unsent.size() < send_buffer ? send_buffer - one.unsent.size() : 0;
  }

  quic::stream_result<std::uint64_t> stream_credit(stream_id id) const override {
    if (const auto room = stream_capacity(id); !room) return refuse(room.error());
    const std::size_t unsent = streams_.at(id).unsent.size();
    const std::size_t credit = peer_ == nullptr ? 0 : std::min(send_credit, peer_->room_for(id));
    return credit > unsent ? credit - unsent : 0;
  }

  quic::stream_result<unread_bytes> stream_peek(stream_id id) const override {
    if (closed_) return refuse(quic::stream_error::connection_closed);
    const auto found = streams_.find(id);
    if (found == streams_.end()) return refuse(quic::stream_error::unknown_stream);
    const stream& one = found->second;
    if (!one.receives) return refuse(quic::stream_error::wrong_direction);
    if (one.was_reset || one.abandoned) return refuse(quic::stream_error::reset);
    return unread_bytes{byte_view(one.unread), one.fin_came};
  }

  quic::stream_result<void> stream_consume(stream_id id, std::size_t count) override {
    if (const auto peeked = stream_peek(id); !peeked) return refuse(peeked.error());
    stream& one = streams_[id];
    count = std::min(count, one.unread.size());
    one.unread.erase(one.unread.begin(), one.unread.begin() + static_cast<std::ptrdiff_t>(count));
    if (one.unread.empty()) one.readable_told = false;
    if (one.unread.empty() && one.fin_came) one.fin_consumed = true;
    close_if_done(id);
    return {};
  }

  void reset_stream(stream_id id, error_code code) override {
    const auto found = streams_.find(id);
    if (found == streams_.end() || !found->second.sends || found->second.is_sent() || found->second.reset) return;
    found->second.unsent.clear();
    found->second.reset = code;
  }

  void stop_sending(stream_id id, error_code code) override {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.abandoned || found->second.fin_consumed) return;
    found->second.abandoned = true;
    found->second.unread.clear();
    found->second.stop = code;
    close_if_done(id);
  }

  void set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) override {
    priorities[id] = {urgency, incremental};
  }

  std::uint64_t peer_stream_limit(stream_direction direction) const override {
    return direction == stream_direction::unidirectional ? peer_->unidirectional_limit : peer_->bidirectional_limit;
  }

  std::size_t max_datagram_payload() const override { return datagram_limit; }

  quic::datagram_result<void> send_datagram(byte_view data, const quic::datagram_options& options) override {
    const auto fail = [](quic::datagram_error why) { return unexpected<quic::datagram_error>(why); };
    if (closed_) return fail(quic::datagram_error::connection_closed);
    if (datagram_limit == 0) return fail(quic::datagram_error::not_negotiated);
    if (data.size() > datagram_limit) return fail(quic::datagram_error::too_large);
    if (unsent_datagrams.size() >= datagram_queue_limit) return fail(quic::datagram_error::queue_full);
    unsent_datagrams.push_back({{data.begin(), data.end()}, options});
    return {};
  }

  void purge_datagram_group(std::uint64_t group) override {
    std::erase_if(unsent_datagrams, [&](const sent_datagram& one) { return one.options.group == group; });
  }

  std::optional<byte_view> peek_datagram() const override {
    if (unread_datagrams_.empty()) return std::nullopt;
    return byte_view(unread_datagrams_.front());
  }

  void pop_datagram() override {
    if (!unread_datagrams_.empty()) unread_datagrams_.pop_front();
  }

  time_point now() const override { return time; }

  void close(error_code code, std::string_view reason) override {
    if (closed_) return;
    closed_ = close_record{code, std::string(reason)};
    events_.emplace_back(quic::connection_closed{});
  }

  bool is_closed() const override { return closed_.has_value(); }

  // --- What a test does and sees ------------------------------------------------------------------------------------

  const std::optional<close_record>& closed() const noexcept { return closed_; }

  std::optional<quic::event> poll_event() {
    if (events_.empty()) return std::nullopt;
    quic::event next = std::move(events_.front());
    events_.pop_front();
    return next;
  }

  /// Opens a stream and writes to it at once.
  stream_id send(stream_direction direction, byte_view data, bool fin = false) {
    const stream_id id = *open_stream(direction);
    (void)stream_write_whole(id, data, fin);
    return id;
  }

  /// Lets at most `piece` bytes of this stream travel to the peer, and all else that waits on it. True when something
  /// moved.
  bool deliver(stream_id id, std::size_t piece = SIZE_MAX) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || closed_ || peer_->closed_) return false;
    bool moved = deliver_stop(id, found->second);
    if (found->second.sends) moved = deliver_bytes(id, found->second, piece) || moved;
    close_if_done(id);
    return moved;
  }

  /// Lets everything travel, as far as the peer's windows allow.
  bool deliver_all(std::size_t piece = SIZE_MAX) {
    bool moved = false;
    for (const stream_id id : stream_ids()) {
      while (deliver(id, piece)) moved = true;
    }
    return deliver_datagrams() || moved;
  }

  /// Lets every datagram travel.
  bool deliver_datagrams() {
    if (closed_ || peer_->closed_ || unsent_datagrams.empty()) return false;
    for (sent_datagram& one : unsent_datagrams) peer_->unread_datagrams_.push_back(std::move(one.data));
    unsent_datagrams.clear();
    peer_->events_.emplace_back(quic::datagrams_readable{});
    return true;
  }

  std::vector<stream_id> stream_ids() const {
    std::vector<stream_id> ids;
    for (const auto& [id, one] : streams_) ids.push_back(id);
    return ids;
  }

  void allow_streams(stream_direction direction, std::uint64_t limit) {
    (direction == stream_direction::unidirectional ? unidirectional_limit : bidirectional_limit) = limit;
    events_.emplace_back(quic::streams_available{direction});
  }

  /// All bytes that ever came on this stream, read or not.
  const std::vector<std::uint8_t>& received(stream_id id) { return records_[id].bytes; }
  bool received_fin(stream_id id) { return records_[id].fin; }
  std::optional<error_code> received_reset(stream_id id) { return records_[id].reset; }
  std::optional<error_code> received_stop(stream_id id) { return records_[id].stop; }

  /// Bytes written here that have not travelled.
  std::size_t unsent(stream_id id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? 0 : found->second.unsent.size();
  }

private:
  struct stream {
    bool sends = true;
    bool receives = true;
    bool announced = false;  ///< This end knows of it.
    // Sending.
    std::vector<std::uint8_t> unsent;
    bool fin = false;
    bool fin_delivered = false;
    bool wants_room = false;
    std::optional<error_code> reset;
    bool reset_delivered = false;
    // Receiving.
    std::vector<std::uint8_t> unread;
    bool fin_came = false;
    bool fin_consumed = false;
    bool was_reset = false;
    bool abandoned = false;
    bool readable_told = false;
    std::optional<error_code> stop;  ///< Not yet delivered.

    bool is_sent() const { return !sends || fin_delivered || reset_delivered; }
    bool is_read() const { return !receives || fin_consumed || was_reset || (abandoned && fin_came); }
  };

  struct record {
    std::vector<std::uint8_t> bytes;
    bool fin = false;
    std::optional<error_code> reset;
    std::optional<error_code> stop;
  };

  static unexpected<quic::stream_error> refuse(quic::stream_error why) { return unexpected<quic::stream_error>(why); }

  static void append(stream& to, byte_view data, bool fin) {
    to.unsent.insert(to.unsent.end(), data.begin(), data.end());
    to.fin = to.fin || fin;
  }

  stream* arriving(stream_id id) {
    if (gone_.count(id) > 0) return nullptr;
    const auto [found, is_new] = streams_.try_emplace(id);
    stream& one = found->second;
    if (is_new && direction_of(id) == stream_direction::unidirectional) one.sends = false;
    if (!one.announced) {
      one.announced = true;
      events_.emplace_back(quic::stream_opened{id});
    }
    return &one;
  }

  bool deliver_stop(stream_id id, stream& from) {
    if (!from.stop) return false;
    const error_code code = *from.stop;
    from.stop.reset();
    peer_->take_stop(id, code);
    return true;
  }

  void take_stop(stream_id id, error_code code) {
    stream* to = arriving(id);
    if (to == nullptr || !to->sends || to->is_sent() || to->reset) return;
    records_[id].stop = code;
    to->unsent.clear();
    to->reset = code;
    to->wants_room = false;
    events_.emplace_back(quic::stream_stopped{id, static_cast<std::uint64_t>(code)});
  }

  bool deliver_bytes(stream_id id, stream& from, std::size_t piece) {
    if (from.reset) {
      if (from.reset_delivered) return false;
      from.reset_delivered = true;
      peer_->take_reset(id, *from.reset);
      return true;
    }
    if (from.fin_delivered || (from.unsent.empty() && !from.fin)) return false;
    const std::size_t count = std::min({piece, from.unsent.size(), peer_->room_for(id)});
    if (count == 0 && !from.unsent.empty()) return false;
    const bool is_last = from.fin && count == from.unsent.size();
    peer_->take_bytes(id, byte_view(from.unsent).first(count), is_last);
    from.unsent.erase(from.unsent.begin(), from.unsent.begin() + static_cast<std::ptrdiff_t>(count));
    from.fin_delivered = is_last;
    if (from.wants_room && from.unsent.size() < send_buffer) {
      from.wants_room = false;
      events_.emplace_back(quic::stream_writable{id});
    }
    return true;
  }

  std::size_t room_for(stream_id id) const {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return receive_window;
    return receive_window > found->second.unread.size() ? receive_window - found->second.unread.size() : 0;
  }

  void take_bytes(stream_id id, byte_view data, bool fin) {
    record& seen = records_[id];
    seen.bytes.insert(seen.bytes.end(), data.begin(), data.end());
    seen.fin = seen.fin || fin;
    stream* to = arriving(id);
    if (to == nullptr) return;
    to->fin_came = to->fin_came || fin;
    if (!to->abandoned) {
      to->unread.insert(to->unread.end(), data.begin(), data.end());
      if (!to->readable_told) {
        to->readable_told = true;
        events_.emplace_back(quic::stream_readable{id});
      }
    }
    close_if_done(id);
  }

  void take_reset(stream_id id, error_code code) {
    records_[id].reset = code;
    stream* to = arriving(id);
    if (to == nullptr || to->fin_came) return;
    to->fin_came = true;
    if (!to->abandoned) {
      to->was_reset = true;
      to->unread.clear();
      events_.emplace_back(quic::stream_reset{id, static_cast<std::uint64_t>(code)});
    }
    close_if_done(id);
  }

  void close_if_done(stream_id id) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || !found->second.is_sent() || !found->second.is_read() || found->second.stop) return;
    streams_.erase(found);
    gone_[id] = true;
    events_.emplace_back(quic::stream_closed{id});
  }

  endpoint_role role_;
  endpoint_double* peer_ = nullptr;
  std::uint64_t opened_[2] = {};
  std::map<stream_id, stream> streams_;
  std::map<stream_id, bool> gone_;
  std::map<stream_id, record> records_;
  std::deque<quic::event> events_;
  std::deque<std::vector<std::uint8_t>> unread_datagrams_;
  std::optional<close_record> closed_;
};

}  // namespace quasio::http3::testing
