#include "quic/datagram_send_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/frame_reader.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

/// A queue whose peer takes anything, and short ways to use it.
struct a_datagram_send_queue : testing::Test {
  void make(const datagram_settings& settings) {
    queue.emplace(settings, events);
    queue->set_peer_limit(65535);
  }

  datagram_result<void> push(std::string_view text, const datagram_options& options = {}) {
    return queue->push(as_bytes(text), options, 1000, now);
  }

  /// What is sent next, in the order of urgency.
  std::vector<std::string> send_all(std::size_t packet_size = 100) {
    std::vector<std::string> sent;
    while (!queue->empty()) {
      queue->drop_unsendable(1000, now);
      std::vector<std::uint8_t> packet(packet_size);
      byte_writer writer(packet);
      for (std::size_t urgency = 0; urgency < urgency_levels;) {
        const bool waits = (queue->urgencies() >> urgency & 1u) != 0;
        if (!waits || !queue->write_frame(urgency, writer, record, false)) ++urgency;
      }
      if (writer.position() == 0) break;
      read(writer.written(), sent);
    }
    return sent;
  }

  static void read(byte_view payload, std::vector<std::string>& into) {
    wire::frame_reader frames(payload);
    while (!frames.done()) {
      const auto frame = frames.next();
      ASSERT_TRUE(frame);
      if (const auto* datagram = std::get_if<wire::datagram_frame>(&*frame)) into.emplace_back(as_text(datagram->data));
    }
  }

  /// The fates told since the last call.
  std::vector<std::pair<std::uint64_t, datagram_outcome>> fates() {
    std::vector<std::pair<std::uint64_t, datagram_outcome>> told;
    while (const auto event = events.pop()) {
      if (const auto* fate = std::get_if<datagram_fate>(&*event)) told.emplace_back(fate->cookie, fate->outcome);
      if (std::holds_alternative<datagrams_writable>(*event)) ++writable;
    }
    return told;
  }

  event_queue events;
  std::optional<datagram_send_queue> queue;
  sent_frames record;
  time_point now{1000s};
  int writable = 0;
};

using texts = std::vector<std::string>;
using told_fates = std::vector<std::pair<std::uint64_t, datagram_outcome>>;

TEST_F(a_datagram_send_queue, accepts_nothing_before_the_peer_agrees) {
  queue.emplace(datagram_settings{}, events);
  EXPECT_EQ(push("x").error(), datagram_error::not_negotiated);
  queue->set_peer_limit(100);
  EXPECT_TRUE(push("x"));
}

TEST_F(a_datagram_send_queue, sends_in_order_and_the_urgent_first) {
  make({});
  ASSERT_TRUE(push("late", {.urgency = 7}));
  ASSERT_TRUE(push("a"));
  ASSERT_TRUE(push("b"));
  ASSERT_TRUE(push("", {.urgency = 0}));
  ASSERT_TRUE(push("out of range", {.urgency = 200}));
  EXPECT_EQ(queue->size(), 5u);
  EXPECT_EQ(send_all(), (texts{"", "a", "b", "late", "out of range"}));
  EXPECT_TRUE(queue->empty());
  EXPECT_EQ(queue->bytes(), 0u);
  EXPECT_EQ(queue->urgencies(), 0);
  EXPECT_EQ(queue->statistics().sent, 5u);
}

TEST_F(a_datagram_send_queue, refuses_what_is_too_large) {
  make({});
  EXPECT_EQ(queue->push(std::vector<std::uint8_t>(11), {}, 10, now).error(), datagram_error::too_large);
  EXPECT_TRUE(queue->push(std::vector<std::uint8_t>(10), {}, 10, now));
  make({.max_bytes_to_send = 5});
  EXPECT_EQ(push("sixsix").error(), datagram_error::too_large);
}

TEST_F(a_datagram_send_queue, refuses_the_newest_when_full_and_tells_of_room_once) {
  make({.max_to_send = 4});
  for (const char* text : {"1", "2", "3", "4"}) ASSERT_TRUE(push(text));
  EXPECT_EQ(push("5").error(), datagram_error::queue_full);
  EXPECT_EQ(push("6").error(), datagram_error::queue_full);
  EXPECT_EQ(queue->statistics().refused, 2u);
  EXPECT_EQ(send_all(), (texts{"1", "2", "3", "4"}));
  fates();
  EXPECT_EQ(writable, 1);
}

TEST_F(a_datagram_send_queue, is_full_by_bytes_too) {
  make({.max_bytes_to_send = 10});
  ASSERT_TRUE(push("123456"));
  EXPECT_EQ(push("12345").error(), datagram_error::queue_full);
  EXPECT_TRUE(push("1234"));
  EXPECT_EQ(queue->bytes(), 10u);
  EXPECT_EQ(push("1").error(), datagram_error::queue_full);
  EXPECT_TRUE(push(""));
}

TEST_F(a_datagram_send_queue, drops_the_oldest_of_all_when_told_to) {
  make({.max_to_send = 3, .send_overflow = datagram_send_overflow::drop_oldest});
  ASSERT_TRUE(push("1", {.urgency = 0, .cookie = 1}));
  ASSERT_TRUE(push("2", {.urgency = 5, .cookie = 2}));
  ASSERT_TRUE(push("3", {.urgency = 0, .cookie = 3}));
  ASSERT_TRUE(push("4", {.urgency = 7, .cookie = 4}));
  EXPECT_EQ(fates(), (told_fates{{1, datagram_outcome::displaced}}));
  ASSERT_TRUE(push("5", {.urgency = 7, .cookie = 5}));
  EXPECT_EQ(fates(), (told_fates{{2, datagram_outcome::displaced}}));
  EXPECT_EQ(send_all(), (texts{"3", "4", "5"}));
}

TEST_F(a_datagram_send_queue, drops_the_least_urgent_for_a_more_urgent_one_only) {
  make({.max_to_send = 2, .send_overflow = datagram_send_overflow::drop_least_urgent});
  ASSERT_TRUE(push("1", {.urgency = 3, .cookie = 1}));
  ASSERT_TRUE(push("2", {.urgency = 5, .cookie = 2}));
  EXPECT_EQ(push("3", {.urgency = 5}).error(), datagram_error::queue_full);
  ASSERT_TRUE(push("4", {.urgency = 4}));
  EXPECT_EQ(fates(), (told_fates{{2, datagram_outcome::displaced}}));
  EXPECT_EQ(send_all(), (texts{"1", "4"}));
  EXPECT_EQ(queue->statistics().displaced, 1u);
}

TEST_F(a_datagram_send_queue, drops_the_expired_before_it_refuses) {
  make({.max_to_send = 2});
  ASSERT_TRUE(push("1", {.expires = now + 10ms, .cookie = 1}));
  ASSERT_TRUE(push("2"));
  EXPECT_FALSE(push("3"));
  now += 10ms;
  EXPECT_TRUE(push("3"));
  EXPECT_EQ(fates(), (told_fates{{1, datagram_outcome::expired}}));
}

TEST_F(a_datagram_send_queue, never_sends_what_expired_and_tells_it_by_its_deadline) {
  make({});
  EXPECT_FALSE(queue->deadline());
  ASSERT_TRUE(push("1", {.expires = now + 10ms, .cookie = 1}));
  ASSERT_TRUE(push("2", {.expires = now + 5ms, .cookie = 2}));
  ASSERT_TRUE(push("3", {.expires = now + 20ms, .cookie = 3}));
  ASSERT_TRUE(push("4"));
  ASSERT_EQ(queue->deadline(), now + 6ms);
  now += 10ms;
  queue->on_timeout(now);
  EXPECT_EQ(fates(), (told_fates{{1, datagram_outcome::expired}, {2, datagram_outcome::expired}}));
  ASSERT_EQ(queue->deadline(), now + 11ms);
  now += 10ms;  // Expired, but nobody was told yet.
  EXPECT_EQ(send_all(), (texts{"4"}));
  EXPECT_EQ(fates(), (told_fates{{3, datagram_outcome::expired}}));
  EXPECT_EQ(queue->statistics().expired, 3u);
  EXPECT_FALSE(queue->deadline());
}

TEST_F(a_datagram_send_queue, purges_by_predicate_and_keeps_the_order_of_the_rest) {
  make({});
  for (std::uint64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(push(std::to_string(i), {.urgency = static_cast<std::uint8_t>(i % 2), .group = i % 3, .cookie = i}));
  }
  const std::size_t gone = queue->purge(
      [](byte_view data, const datagram_options& each) { return each.group == 1 || as_text(data) == "0"; });
  EXPECT_EQ(gone, 14u);
  EXPECT_EQ(fates().size(), 14u);
  texts expected;
  for (const std::uint64_t parity : {0u, 1u}) {
    for (std::uint64_t i = parity; i < 40; i += 2) {
      if (i % 3 != 1 && i != 0) expected.push_back(std::to_string(i));
    }
  }
  EXPECT_EQ(send_all(), expected);
  EXPECT_EQ(queue->bytes(), 0u);
  EXPECT_EQ(queue->purge([](byte_view, const datagram_options&) { return true; }), 0u);
}

TEST_F(a_datagram_send_queue, drops_what_the_path_does_not_carry_any_more) {
  make({});
  ASSERT_TRUE(push(std::string(500, 'x'), {.cookie = 1}));
  ASSERT_TRUE(push("y"));
  queue->drop_unsendable(499, now);
  EXPECT_EQ(fates(), (told_fates{{1, datagram_outcome::too_large}}));
  EXPECT_EQ(send_all(), (texts{"y"}));
}

TEST_F(a_datagram_send_queue, fills_a_packet_to_its_end_without_a_length) {
  make({});
  for (const std::size_t spare : {0u, 1u, 2u, 3u, 4u}) {
    SCOPED_TRACE(spare);
    const std::string text(200, 'x');
    ASSERT_TRUE(push(text));
    std::vector<std::uint8_t> packet(1 + text.size() + spare);
    byte_writer writer(packet);
    EXPECT_EQ(queue->write_frame(3, writer, record, false), spare >= 2);
    if (spare < 2) {
      ASSERT_TRUE(queue->write_frame(3, writer, record, true));
      EXPECT_EQ(writer.remaining(), 0u);
    }
    ASSERT_FALSE(writer.overflowed());
    texts sent;
    read(writer.written(), sent);
    EXPECT_EQ(sent, texts{text});
  }
  ASSERT_TRUE(push("12345"));
  std::vector<std::uint8_t> small(5);
  byte_writer writer(small);
  EXPECT_FALSE(queue->write_frame(3, writer, record, true));
  EXPECT_EQ(writer.position(), 0u);
}

TEST_F(a_datagram_send_queue, tells_of_acknowledgment_and_loss_only_where_asked) {
  make({});
  ASSERT_TRUE(push("1", {.cookie = 77}));
  ASSERT_TRUE(push("2"));
  send_all();
  ASSERT_EQ(record.size(), 2u);
  queue->on_lost(record[0]);
  queue->on_lost(record[1]);
  queue->on_acked(record[0]);
  EXPECT_EQ(fates(), (told_fates{{77, datagram_outcome::lost}, {77, datagram_outcome::acknowledged}}));
  EXPECT_EQ(queue->statistics().lost, 2u);
  EXPECT_EQ(queue->statistics().acknowledged, 1u);
}

TEST_F(a_datagram_send_queue, tells_when_the_limit_changes_but_not_the_first_one) {
  make({});
  const auto told = [this] {
    std::vector<std::size_t> limits;
    while (const auto event = events.pop()) {
      if (const auto* change = std::get_if<datagram_limit_changed>(&*event)) limits.push_back(change->max_payload);
    }
    return limits;
  };
  queue->note_max_payload(1100);
  queue->note_max_payload(1100);
  EXPECT_TRUE(told().empty());
  queue->note_max_payload(1000);
  queue->note_max_payload(1300);
  EXPECT_EQ(told(), (std::vector<std::size_t>{1000, 1300}));
}

TEST_F(a_datagram_send_queue, gives_its_memory_back_when_asked) {
  make({});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(push(std::string(100, 'x')));
  send_all(2000);
  EXPECT_TRUE(queue->holds_spare_memory());
  queue->release_spare_memory();
  EXPECT_FALSE(queue->holds_spare_memory());
  ASSERT_TRUE(push("again"));
  EXPECT_EQ(send_all(), (texts{"again"}));
}

}  // namespace
}  // namespace quasio::quic
