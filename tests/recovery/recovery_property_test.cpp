#include <gtest/gtest.h>

#include <map>
#include <random>

#include "recovery/flight.hpp"
#include "recovery/loss_detection.hpp"
#include "recovery/numbered_packets.hpp"

namespace quasio::recovery {
namespace {

/// Appendix A.10 and B word for word over a map that forgets nothing: slow, and too simple to be wrong.
class naive_model {
public:
  void send(const sent_packet_info& packet) {
    all_[packet.packet_number] = packet;
    unacked_[packet.packet_number] = packet;
    if (packet.in_flight) bytes_in_flight += packet.bytes;
  }

  numbers acknowledge(std::uint64_t first, std::uint64_t last) {
    numbers acked;
    for (std::uint64_t number = first; number <= last; ++number)
      if (remove(number)) acked.push_back(number);
    largest_acked = std::max(largest_acked.value_or(0), last);
    return acked;
  }

  numbers detect_lost(duration loss_delay, time_point now) {
    numbers lost;
    loss_time.reset();
    if (!largest_acked) return lost;
    for (const auto& [number, packet] : unacked_) {
      if (number > *largest_acked) continue;
      if (packet.time_sent <= now - loss_delay || packets_sent_after(number) >= 3)
        lost.push_back(number);
      else if (packet.in_flight)
        loss_time = earliest(loss_time, packet.time_sent + loss_delay);
    }
    for (const std::uint64_t number : lost) remove(number);
    return lost;
  }

  numbers discard() {
    numbers discarded;
    for (const auto& [number, packet] : unacked_) discarded.push_back(number);
    for (const std::uint64_t number : discarded) remove(number);
    return discarded;
  }

  bool was_sent(std::uint64_t number) const { return all_.contains(number); }

  std::size_t ack_eliciting_outstanding() const {
    return static_cast<std::size_t>(
        std::count_if(unacked_.begin(), unacked_.end(), [](const auto& entry) { return entry.second.ack_eliciting; }));
  }

  std::uint64_t bytes_in_flight = 0;
  std::optional<std::uint64_t> largest_acked;
  std::optional<time_point> loss_time;

private:
  bool remove(std::uint64_t number) {
    const auto found = unacked_.find(number);
    if (found == unacked_.end()) return false;
    if (found->second.in_flight) bytes_in_flight -= found->second.bytes;
    unacked_.erase(found);
    return true;
  }

  /// How many packets were sent after this one, up to the largest acknowledged.
  std::ptrdiff_t packets_sent_after(std::uint64_t number) const {
    return std::distance(all_.upper_bound(number), all_.upper_bound(*largest_acked));
  }

  std::map<std::uint64_t, sent_packet_info> all_;
  std::map<std::uint64_t, sent_packet_info> unacked_;
};

/// The real parts and the model side by side, fed the same random events.
class twin {
public:
  explicit twin(std::uint64_t seed) : random_(seed) { rtt_.update(milliseconds(40), {}, true, {}, now_); }

  void step() {
    now_ += microseconds(below(4) == 0 ? below(30'000) : below(800));
    const std::uint64_t choice = below(100);
    if (choice < 55) return send();
    if (choice < 85) return acknowledge();
    if (choice < 99) return detect_lost();
    discard();
  }

  void compare() const {
    ASSERT_EQ(flying_.bytes(), model_.bytes_in_flight);
    ASSERT_EQ(packets_.ack_eliciting_outstanding(), model_.ack_eliciting_outstanding());
    ASSERT_EQ(detection_.loss_time(), model_.loss_time);
    ASSERT_EQ(detection_.largest_acked(), model_.largest_acked);
  }

private:
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }

  void send() {
    std::uint64_t number = packets_.next_number();
    if (below(10) == 0) number += 1 + below(3);
    const std::uint64_t kind = below(10);
    const sent_packet_info packet{.packet_number = number,
                                  .time_sent = now_,
                                  .bytes = static_cast<std::uint32_t>(20 + below(1400)),
                                  .ack_eliciting = kind > 1,
                                  .in_flight = kind > 0};
    packets_.append(packet);
    if (packet.in_flight) flying_.on_sent(packet.bytes, 1 << 20, 1200, now_);
    model_.send(packet);
  }

  void acknowledge() {
    const std::uint64_t next = packets_.next_number();
    const std::uint64_t reach = std::min<std::uint64_t>(next + 2, 30);
    const std::uint64_t last = next + 1 - below(reach);
    const std::uint64_t first = last - below(std::min<std::uint64_t>(last + 1, 6));
    const auto violation = packets_.check_ack(first, last);
    ASSERT_EQ(violation.has_value(), !all_sent(first, last)) << first << " to " << last;
    if (violation) return;

    ack_summary summary;
    numbers acked;
    detection_.acknowledge(
        packets_, first, last, summary,
        [&](const auto& packet) {
          acked.push_back(packet.packet_number);
          leave(packet);
        },
        [&](const auto& packet) { ASSERT_TRUE(lost_.erase(packet.packet_number)) << "late, but never lost"; });
    ASSERT_EQ(acked, model_.acknowledge(first, last));
    ASSERT_EQ(summary.packets, acked.size());
    if (const auto sample = summary.rtt_sample(now_)) rtt_.update(*sample, {}, true, {}, now_);
    detect_lost();
  }

  bool all_sent(std::uint64_t first, std::uint64_t last) const {
    for (std::uint64_t number = first; number <= last; ++number)
      if (!model_.was_sent(number)) return false;
    return true;
  }

  void detect_lost() {
    numbers lost;
    detection_.detect_lost(packets_, rtt_, now_, [&](const auto& packet) {
      lost.push_back(packet.packet_number);
      lost_.insert({packet.packet_number, packet.time_sent});
      leave(packet);
    });
    ASSERT_EQ(lost, model_.detect_lost(rtt_.loss_delay(), now_));
  }

  void discard() {
    numbers discarded;
    packets_.discard([&](const auto& packet) {
      discarded.push_back(packet.packet_number);
      leave(packet);
    });
    detection_.on_discarded();
    model_.loss_time.reset();
    ASSERT_EQ(discarded, model_.discard());
  }

  void leave(const sent_packet_info& packet) {
    if (packet.in_flight) flying_.remove(packet.bytes);
  }

  std::mt19937_64 random_;
  time_point now_ = at({});
  rtt_estimator rtt_;
  cargo_packets packets_;
  loss_detection detection_{{.packet_threshold = 3, .maximum_packet_threshold = 3}};
  flight flying_;
  naive_model model_;
  std::map<std::uint64_t, time_point> lost_;
};

TEST(recovery_property, agrees_with_a_naive_model_of_the_rfc) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    twin both(seed);
    for (int i = 0; i < 400; ++i) {
      both.step();
      both.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace quasio::recovery
