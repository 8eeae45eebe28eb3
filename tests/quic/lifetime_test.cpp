// The two small clocks that end a connection: closing (RFC 9000, section 10.2) and idling (section 10.1).

#include <gtest/gtest.h>

#include "quic/closing.hpp"
#include "quic/idle_timer.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1000s};

TEST(closing, says_so_once_and_ends_after_three_probe_timeouts) {
  closing end;
  EXPECT_TRUE(end.is_open());
  EXPECT_FALSE(end.deadline());
  end.begin_closing({.cause = close_cause::local_application, .code = 5}, start, 100ms);
  EXPECT_FALSE(end.is_open());
  EXPECT_TRUE(end.wants_to_send());
  end.on_close_sent();
  EXPECT_FALSE(end.wants_to_send());
  EXPECT_EQ(end.deadline(), start + 300ms);
  end.on_timeout(start + 299ms);
  EXPECT_FALSE(end.is_drained());
  end.on_timeout(start + 300ms);
  EXPECT_TRUE(end.is_drained());
  EXPECT_FALSE(end.deadline());
  EXPECT_EQ(end.reason().code, 5u);
}

// [rfc9000 10.2.1#1 10.2.1#2]
TEST(closing, answers_the_first_second_fourth_packet_and_so_on) {
  closing end;
  end.begin_closing({}, start, 100ms);
  end.on_close_sent();
  std::vector<int> answered;
  for (int packet = 1; packet <= 40; ++packet) {
    end.on_packet_received();
    if (!end.wants_to_send()) continue;
    answered.push_back(packet);
    end.on_close_sent();
  }
  EXPECT_EQ(answered, (std::vector<int>{1, 3, 7, 15, 31}));
}

TEST(closing, is_silent_while_draining) {
  closing end;
  end.begin_draining({.cause = close_cause::peer_application}, start, 100ms);
  EXPECT_FALSE(end.wants_to_send());
  end.on_packet_received();
  EXPECT_FALSE(end.wants_to_send());
  EXPECT_EQ(end.deadline(), start + 300ms);
}

TEST(closing, in_silence_is_over_at_once) {
  closing end;
  end.end_silently({.cause = close_cause::idle_timeout});
  EXPECT_TRUE(end.is_drained());
  EXPECT_FALSE(end.deadline());
  end.on_packet_received();
  EXPECT_FALSE(end.wants_to_send());
}

TEST(idle_timer, takes_the_smaller_of_both) {
  idle_timer idle(30s, start);
  EXPECT_EQ(idle.deadline(1ms), start + 30s);
  idle.set_peer_timeout(0ms);
  EXPECT_EQ(idle.deadline(1ms), start + 30s);
  idle.set_peer_timeout(40s);
  EXPECT_EQ(idle.deadline(1ms), start + 30s);
  idle.set_peer_timeout(10s);
  EXPECT_EQ(idle.deadline(1ms), start + 10s);
}

TEST(idle_timer, without_either_never_ends) {
  idle_timer idle(0ms, start);
  EXPECT_FALSE(idle.deadline(1ms));
  idle.set_peer_timeout(0ms);
  EXPECT_FALSE(idle.deadline(1ms));
  idle.set_peer_timeout(5s);
  EXPECT_EQ(idle.deadline(1ms), start + 5s);
}

// [rfc9000 10.1#1]
TEST(idle_timer, leaves_room_for_three_probes) {
  idle_timer idle(100ms, start);
  EXPECT_EQ(idle.deadline(200ms), start + 600ms);
}

TEST(idle_timer, restarts_with_what_comes_and_the_first_that_is_sent_after_it) {
  idle_timer idle(10s, start);
  idle.on_packet_received(start + 1s);
  EXPECT_EQ(idle.deadline(1ms), start + 11s);
  idle.on_ack_eliciting_sent(start + 2s);
  EXPECT_EQ(idle.deadline(1ms), start + 12s);
  idle.on_ack_eliciting_sent(start + 3s);
  EXPECT_EQ(idle.deadline(1ms), start + 12s) << "probes into the void must not keep a connection alive";
  idle.on_packet_received(start + 4s);
  idle.on_ack_eliciting_sent(start + 5s);
  EXPECT_EQ(idle.deadline(1ms), start + 15s);
}

}  // namespace
}  // namespace quasio::quic
