#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "recovery/simulated_sender.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = simulated_sender::datagram;

/// A sender that knows a path of 100 ms: its first packet was acknowledged at 100 ms.
class recovery_scenario : public testing::Test {
protected:
  recovery_scenario() {
    sender_.send(at({}));
    sender_.acknowledge({{0, 1}}, at(milliseconds(100)));
  }

  std::uint64_t window() const { return sender_.control->window(); }

  simulated_sender sender_;
};

// [rfc9002 6.2#1 6.2.4#1 7.4#1]
TEST_F(recovery_scenario, recovers_a_lost_tail_by_probing) {
  for (int i = 0; i < 3; ++i) sender_.send(at(milliseconds(200)));
  sender_.acknowledge({{1, 2}}, at(milliseconds(300)));
  const duration pto = sender_.rtt.pto_base() + simulated_sender::peer_max_ack_delay;
  const auto timer = sender_.timer();
  ASSERT_TRUE(timer);
  EXPECT_EQ(timer->kind, loss_timer_kind::probe);
  EXPECT_EQ(timer->deadline, at(milliseconds(200)) + pto);
  EXPECT_TRUE(sender_.lost.empty());

  sender_.on_timer(timer->deadline);
  EXPECT_EQ(sender_.probes, 1u);
  EXPECT_TRUE(sender_.lost.empty()) << "a timeout is no loss (section 6.2)";
  EXPECT_EQ(sender_.timer()->deadline, timer->deadline + 2 * pto);

  sender_.acknowledge({{4, 5}}, timer->deadline + milliseconds(100));
  EXPECT_EQ(sender_.lost, (numbers{2, 3}));
  EXPECT_EQ(sender_.pto_count, 0u);
  EXPECT_EQ(sender_.flying.bytes(), 0u);
  EXPECT_EQ(sender_.timer(), std::nullopt);
  EXPECT_EQ(sender_.recoveries, 1u);
  EXPECT_EQ(sender_.persistent_congestions, 0u);
}

TEST_F(recovery_scenario, waits_out_reordering_with_the_loss_timer) {
  for (int i = 0; i < 3; ++i) sender_.send(at(milliseconds(200 + i)));
  sender_.acknowledge({{2, 4}}, at(milliseconds(302)));
  const auto timer = sender_.timer();
  ASSERT_TRUE(timer);
  EXPECT_EQ(timer->kind, loss_timer_kind::time_threshold);
  EXPECT_EQ(timer->deadline, at(milliseconds(200)) + sender_.rtt.loss_delay());
  sender_.acknowledge({{1, 4}}, at(milliseconds(305)));
  EXPECT_EQ(sender_.timer(), std::nullopt);
  EXPECT_TRUE(sender_.lost.empty());
  EXPECT_EQ(sender_.recoveries, 0u);
}

TEST_F(recovery_scenario, loses_by_time_when_the_packet_stays_away) {
  for (int i = 0; i < 3; ++i) sender_.send(at(milliseconds(200 + i)));
  sender_.acknowledge({{2, 4}}, at(milliseconds(302)));
  sender_.on_timer(sender_.timer()->deadline);
  EXPECT_EQ(sender_.lost, (numbers{1}));
  EXPECT_EQ(sender_.flying.bytes(), 0u);
  EXPECT_EQ(sender_.timer(), std::nullopt);
}

// [rfc9000 13.3#4]
TEST_F(recovery_scenario, may_send_one_datagram_on_entering_recovery) {
  while (sender_.flying.room(window()) >= datagram) sender_.send(at(milliseconds(200)));
  const std::uint64_t before = window();
  sender_.acknowledge({{4, 5}}, at(milliseconds(300)));
  EXPECT_EQ(sender_.lost, (numbers{1}));
  EXPECT_EQ(window(), before / 2);
  EXPECT_GT(sender_.flying.bytes(), window());
  EXPECT_EQ(sender_.flying.room(window()), datagram);
  sender_.send(at(milliseconds(300)));
  EXPECT_EQ(sender_.flying.room(window()), 0u);
}

// [rfc9002 7.6.2#2]
TEST_F(recovery_scenario, collapses_to_the_minimum_when_everything_is_lost_for_long) {
  for (int i = 0; i < 10; ++i) sender_.send(at(milliseconds(200)));
  time_point now = at(milliseconds(200));
  while (sender_.probes < 5) {
    now = sender_.timer()->deadline;
    sender_.on_timer(now);
  }
  const std::uint64_t newest = sender_.packets.next_number() - 1;
  sender_.acknowledge({{newest, newest + 1}}, now + milliseconds(300));
  EXPECT_EQ(sender_.persistent_congestions, 1u);
  EXPECT_EQ(window(), 2 * datagram + datagram) << "the minimum, and slow start for the probe that arrived";
  EXPECT_EQ(sender_.rtt.minimum(), milliseconds(300)) << "section 5.2";
  EXPECT_EQ(sender_.flying.bytes(), 0u);
}

TEST_F(recovery_scenario, does_not_grow_the_window_of_an_idle_sender) {
  const std::uint64_t before = window();
  for (int i = 1; i <= 50; ++i) {
    const time_point now = at(seconds(i));
    const std::uint64_t number = sender_.send(now);
    sender_.acknowledge({{number, number + 1}}, now + milliseconds(100));
  }
  EXPECT_EQ(window(), before);
}

TEST_F(recovery_scenario, grows_the_window_of_a_sender_that_fills_it) {
  const std::uint64_t before = window();
  const std::uint64_t first = sender_.packets.next_number();
  while (sender_.flying.room(window()) >= datagram) sender_.send(at(milliseconds(200)));
  sender_.acknowledge({{first, sender_.packets.next_number()}}, at(milliseconds(300)));
  EXPECT_EQ(window(), 2 * before);
}

TEST_F(recovery_scenario, grows_the_window_of_a_sender_that_only_the_pacer_holds_back) {
  const std::uint64_t before = window();
  const std::uint64_t first = sender_.packets.next_number();
  sender_.send(at(milliseconds(200)));
  sender_.paced.on_sent(at(milliseconds(200)), 1'000'000);
  EXPECT_FALSE(sender_.may_send(at(milliseconds(200))));
  sender_.acknowledge({{first, first + 1}}, at(milliseconds(300)));
  EXPECT_EQ(window(), before + datagram);
}

/// A link with one bottleneck: a rate, a propagation delay and a queue that drops what does not fit.
class bottleneck {
public:
  bottleneck(std::uint64_t bytes_per_second, duration one_way, std::uint64_t queue_bytes)
      : rate_(bytes_per_second), one_way_(one_way), queue_(duration(queue_bytes * 1'000'000'000 / bytes_per_second)) {}

  /// When a packet that enters now arrives at the far end; empty when the queue is full.
  std::optional<time_point> pass(time_point now, std::uint64_t bytes) {
    busy_until_ = std::max(busy_until_, now);
    if (busy_until_ - now > queue_) return std::nullopt;
    busy_until_ += duration(bytes * 1'000'000'000 / rate_);
    return busy_until_ + one_way_;
  }

private:
  std::uint64_t rate_;
  duration one_way_;
  duration queue_;
  time_point busy_until_{};
};

struct transfer {
  std::uint64_t delivered = 0;
  std::uint64_t sent = 0;
  std::uint64_t smallest_window = ~std::uint64_t{0};
};

/// Runs a bulk transfer; each packet that arrives is acknowledged alone after the same delay back.
transfer run_transfer(simulated_sender& sender, bottleneck link, duration one_way, duration span, double loss_rate,
                      std::uint64_t seed) {
  struct returning_ack {
    time_point arrives;
    std::uint64_t number;
  };
  std::deque<returning_ack> acks;
  std::mt19937_64 random(seed);
  std::bernoulli_distribution dropped(loss_rate);
  transfer result;
  for (time_point now = at({}); now < at(span);) {
    const auto enter = [&](std::uint64_t number) {
      const auto arrival = link.pass(now, datagram);
      if (arrival && !dropped(random)) acks.push_back({*arrival + one_way, number});
    };
    if (const auto probe = sender.on_timer(now)) enter(*probe);
    for (; !acks.empty() && acks.front().arrives <= now; acks.pop_front()) {
      sender.acknowledge({{acks.front().number, acks.front().number + 1}}, now);
      result.delivered += datagram;
    }
    for (; sender.may_send(now); result.sent += datagram) enter(sender.send(now));
    result.smallest_window = std::min(result.smallest_window, sender.control->window());

    std::optional<time_point> next = sender.paced.release_time(now, datagram);
    if (!next || sender.flying.room(sender.control->window()) < datagram) next.reset();
    if (!acks.empty()) next = earliest(next, acks.front().arrives);
    if (const auto timer = sender.timer()) next = earliest(next, timer->deadline);
    if (!next) break;
    now = std::max(*next, now + nanoseconds(1));
  }
  return result;
}

TEST(recovery_transfer, fills_a_bottleneck) {
  simulated_sender sender;
  const duration one_way = milliseconds(20);
  constexpr std::uint64_t rate = 1'250'000;
  const transfer result = run_transfer(sender, bottleneck(rate, one_way, 50'000), one_way, seconds(30), 0, 1);
  EXPECT_GT(result.delivered, rate * 30 * 85 / 100);
  EXPECT_LE(result.delivered, rate * 30);
  EXPECT_EQ(sender.persistent_congestions, 0u);
}

class lossy_transfer : public testing::TestWithParam<int> {};

TEST_P(lossy_transfer, goes_on_and_keeps_the_minimum_window) {
  const double loss_rate = GetParam() / 100.0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    simulated_sender sender;
    const duration one_way = milliseconds(10);
    const transfer result =
        run_transfer(sender, bottleneck(1'250'000, one_way, 50'000), one_way, seconds(10), loss_rate, seed);
    EXPECT_GE(result.smallest_window, 2 * datagram);
    EXPECT_GT(result.delivered, 20 * datagram);
    std::uint64_t outstanding = 0;
    sender.packets.visit_outstanding([&](const auto& packet) { return outstanding += packet.bytes, true; });
    EXPECT_EQ(sender.flying.bytes(), outstanding);
  }
}

INSTANTIATE_TEST_SUITE_P(percent, lossy_transfer, testing::Values(1, 5, 20, 50));

}  // namespace
}  // namespace quasio::recovery
