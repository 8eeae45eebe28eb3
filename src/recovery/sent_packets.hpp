#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>

#include "recovery/ring.hpp"
#include "recovery/sent_packet.hpp"
#include "recovery/skipped_numbers.hpp"

namespace quasio::recovery {

/// What bounds the memory of one packet number space.
struct sent_packets_settings {
  /// From this many tracked packet numbers on, full() holds. 131072 packets of 1200 bytes are 12 Gbit/s over 100 ms;
  /// only a peer that withholds its acknowledgments gets a sender there.
  std::size_t maximum_tracked = std::size_t{1} << 17;

  /// Packets outside the flight (ACK only) that are kept while nothing in flight was sent before them: nobody owes an
  /// acknowledgment for them (RFC 9000, section 13.2.1), so a pure receiver would gather them forever.
  std::size_t maximum_leading_ack_only = 1024;

  /// Lost packets that are remembered, so that a late acknowledgment is seen as such (RFC 9002, appendix A.1).
  std::size_t maximum_remembered_losses = 256;
};

/// Why an ACK range cannot come from an honest peer. The connection closes with PROTOCOL_VIOLATION.
enum class ack_violation : std::uint8_t {
  never_sent,  ///< RFC 9000, section 13.1.
  skipped,     ///< RFC 9000, section 21.4: an optimistic ACK.
};

/// What one packet number space has sent and not yet seen resolved (RFC 9002, appendix A.1). Packets sit in a ring
/// indexed by packet number; it shrinks from the front as they are acknowledged or lost.
///
/// No visitor may call back into the object. A Content is given back cleared once its packet is resolved, and in the
/// steady state nothing is allocated.
template <packet_content Content>
class sent_packets {
public:
  using packet = sent_packet<Content>;

  explicit sent_packets(const sent_packets_settings& settings = {}) noexcept : settings_(settings) {}

  /// The record of the packet under construction: empty, with capacity of earlier packets. append() takes it over; to
  /// give a packet up, clear() it.
  Content& draft() noexcept { return draft_; }

  /// Notes a packet that is sent, together with draft(). Numbers ascend; those left out since the last packet count
  /// as skipped. Keep such gaps short: a skipped number takes a slot as long as a packet before it is outstanding.
  /// The reference holds until the next call.
  packet& append(const sent_packet_info& info) {
    assert(info.packet_number >= next_number_ && "packet numbers never repeat (RFC 9000, section 12.3)");
    if (info.packet_number > next_number_) skip_until(info.packet_number);
    packet& slot = push(info, packet_state::outstanding);
    std::swap(slot.content, draft_);
    if (info.ack_eliciting) {
      ++ack_eliciting_outstanding_;
      last_ack_eliciting_sent_ = info.time_sent;
    }
    forget_leading_ack_only();
    return slot;
  }

  /// The smallest number that the next packet may have.
  std::uint64_t next_number() const noexcept { return next_number_; }

  /// True when so much is outstanding that nothing but probes should be sent until ACKs come.
  bool full() const noexcept { return packets_.size() >= settings_.maximum_tracked; }

  /// How many slots are in use, from the oldest outstanding packet to the newest.
  std::size_t tracked() const noexcept { return packets_.size(); }

  std::size_t ack_eliciting_outstanding() const noexcept { return ack_eliciting_outstanding_; }

  /// When the newest ack-eliciting packet was sent; meaningful while one is outstanding.
  time_point last_ack_eliciting_sent() const noexcept { return last_ack_eliciting_sent_; }

  const skipped_numbers& skipped() const noexcept { return skipped_; }

  /// Whether an ACK frame may name [first, last]. Ask for every range of a frame before acknowledging any.
  std::optional<ack_violation> check_ack(std::uint64_t first, std::uint64_t last) const noexcept {
    if (last >= next_number_) return ack_violation::never_sent;
    if (skipped_.touches(first, last)) return ack_violation::skipped;
    return std::nullopt;
  }

  /// Acknowledges [first, last], which check_ack() accepted: calls `on_acked(packet&)` for each packet that was
  /// outstanding, and `on_late(packet&)` for each that was declared lost before and is still remembered. Both see the
  /// packet only during the call and may take its content. Costs no more than the packets it finds.
  template <class OnAcked, class OnLate>
  void acknowledge(std::uint64_t first, std::uint64_t last, OnAcked&& on_acked, OnLate&& on_late) {
    acknowledge_late(first, last, on_late);
    if (packets_.empty() || last < front_number_) return;
    const std::size_t end = static_cast<std::size_t>(std::min(last, next_number_ - 1) - front_number_) + 1;
    std::size_t index = first > front_number_ ? static_cast<std::size_t>(first - front_number_) : 0;
    for (; index < end; ++index) {
      packet& sent = packets_[index];
      if (sent.state != packet_state::outstanding) continue;
      resolve(sent, packet_state::acked);
      on_acked(sent);
      sent.content.clear();
    }
    trim();
  }

  enum class verdict : std::uint8_t { lost, keep, stop };

  /// Walks the outstanding packets from the oldest on. `judge(const packet&)` says whether each is lost; for those
  /// that are, `on_lost(packet&)` is called, which should copy from the content what it needs rather than take it:
  /// a late acknowledgment shows it again.
  template <class Judge, class OnLost>
  void declare_lost(Judge&& judge, OnLost&& on_lost) {
    for (std::size_t index = 0; index < packets_.size(); ++index) {
      packet& sent = packets_[index];
      if (sent.state != packet_state::outstanding) continue;
      const verdict decision = judge(std::as_const(sent));
      if (decision == verdict::stop) break;
      if (decision == verdict::keep) continue;
      resolve(sent, packet_state::lost);
      on_lost(sent);
      remember_lost(sent);
    }
    trim();
  }

  /// Forgets losses of packets sent before `time`: a late acknowledgment of them is no longer recognised.
  void forget_losses_sent_before(time_point time) noexcept {
    while (!lost_.empty() && lost_.front().time_sent < time) forget_oldest_loss();
  }

  /// Forgets the newest outstanding packet of which `is_wanted(const packet&)` holds, because it never left this host;
  /// calls `on_withdrawn(packet&)` for it.
  template <class IsWanted, class OnWithdrawn>
  void withdraw_newest(IsWanted&& is_wanted, OnWithdrawn&& on_withdrawn) {
    for (std::size_t index = packets_.size(); index > 0; --index) {
      packet& sent = packets_[index - 1];
      if (sent.state != packet_state::outstanding || !is_wanted(std::as_const(sent))) continue;
      resolve(sent, packet_state::lost);
      on_withdrawn(sent);
      sent.content.clear();
      break;
    }
    trim();
  }

  /// The packet a probe should repeat first; null when nothing that elicits an ACK is outstanding.
  packet* oldest_ack_eliciting() noexcept {
    packet* found = nullptr;
    visit_outstanding([&](packet& sent) {
      if (sent.ack_eliciting) found = &sent;
      return found == nullptr;
    });
    return found;
  }

  /// Calls `visitor(packet&)` for the outstanding packets, oldest first, while it returns true.
  template <class Visitor>
  void visit_outstanding(Visitor&& visitor) {
    for (std::size_t index = 0; index < packets_.size(); ++index) {
      packet& sent = packets_[index];
      if (sent.state == packet_state::outstanding && !visitor(sent)) return;
    }
  }

  /// Forgets every packet, calling `on_discarded(packet&)` for those outstanding: the keys are gone, 0-RTT was
  /// rejected, or a Retry came (RFC 9002, sections 6.3 and 6.4). Numbering goes on where it was.
  template <class OnDiscarded>
  void discard(OnDiscarded&& on_discarded) {
    visit_outstanding([&](packet& sent) {
      resolve(sent, packet_state::lost);
      on_discarded(sent);
      return true;
    });
    while (!packets_.empty()) drop_front();
    while (!lost_.empty()) forget_oldest_loss();
    draft_.clear();
  }

private:
  packet& push(const sent_packet_info& info, packet_state state) {
    assert((packets_.empty() || packets_.back().time_sent <= info.time_sent) && "time runs backwards");
    if (packets_.empty()) front_number_ = info.packet_number;
    packet& slot = packets_.push();
    static_cast<sent_packet_info&>(slot) = info;
    slot.state = state;
    next_number_ = info.packet_number + 1;
    return slot;
  }

  void skip_until(std::uint64_t number) {
    skipped_.add(next_number_, number);
    // With nothing outstanding before it, a gap needs no slots.
    if (packets_.empty()) return;
    const time_point time = packets_.back().time_sent;
    for (std::uint64_t gap = next_number_; gap < number; ++gap)
      push({.packet_number = gap, .time_sent = time}, packet_state::skipped);
  }

  void resolve(packet& sent, packet_state state) noexcept {
    sent.state = state;
    if (sent.ack_eliciting) --ack_eliciting_outstanding_;
  }

  void trim() noexcept {
    while (!packets_.empty() && packets_.front().state != packet_state::outstanding) drop_front();
  }

  void drop_front() noexcept {
    packets_.front().content.clear();
    packets_.pop();
    ++front_number_;
  }

  void forget_leading_ack_only() noexcept {
    const std::size_t limit = std::max<std::size_t>(settings_.maximum_leading_ack_only, 1);
    while (packets_.size() > limit && !packets_.front().in_flight) {
      resolve(packets_.front(), packet_state::lost);
      drop_front();
      trim();
    }
  }

  void remember_lost(packet& sent) {
    if (settings_.maximum_remembered_losses == 0) return;
    assert((lost_.empty() || lost_.back().packet_number < sent.packet_number) && "losses come in ascending order");
    if (lost_.size() >= settings_.maximum_remembered_losses) forget_oldest_loss();
    packet& memory = lost_.push();
    static_cast<sent_packet_info&>(memory) = sent;
    memory.state = packet_state::lost;
    std::swap(memory.content, sent.content);
  }

  void forget_oldest_loss() noexcept {
    lost_.front().content.clear();
    lost_.pop();
  }

  /// Losses are declared in ascending order, because whatever is lost makes everything before it lost: the memory of
  /// them is sorted.
  std::size_t first_loss_from(std::uint64_t number) const noexcept {
    std::size_t low = 0;
    for (std::size_t count = lost_.size(); count > 0;) {
      const std::size_t half = count / 2;
      const bool below = lost_[low + half].packet_number < number;
      if (below) low += half + 1;
      count = below ? count - half - 1 : half;
    }
    return low;
  }

  template <class OnLate>
  void acknowledge_late(std::uint64_t first, std::uint64_t last, OnLate& on_late) {
    for (std::size_t index = first_loss_from(first); index < lost_.size(); ++index) {
      packet& late = lost_[index];
      if (late.packet_number > last) break;
      if (late.state != packet_state::lost) continue;
      late.state = packet_state::acked;
      on_late(late);
      late.content.clear();
    }
    while (!lost_.empty() && lost_.front().state != packet_state::lost) forget_oldest_loss();
  }

  sent_packets_settings settings_;
  ring<packet> packets_;
  ring<packet> lost_;
  Content draft_{};
  skipped_numbers skipped_;
  std::uint64_t front_number_ = 0;
  std::uint64_t next_number_ = 0;
  std::size_t ack_eliciting_outstanding_ = 0;
  time_point last_ack_eliciting_sent_{};
};

}  // namespace quasio::recovery
