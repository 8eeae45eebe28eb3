#include "quic/datagram_receive_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quasio::quic {
namespace {

struct a_datagram_receive_queue : testing::Test {
  transport_result<void> receive(datagram_receive_queue& queue, std::string_view text) {
    return queue.receive(as_bytes(text), text.size() + 2);
  }

  static std::vector<std::string> read_all(datagram_receive_queue& queue) {
    std::vector<std::string> read;
    while (const auto next = queue.peek()) {
      read.emplace_back(as_text(*next));
      queue.pop();
    }
    return read;
  }

  std::size_t told() {
    std::size_t count = 0;
    while (const auto event = events.pop()) count += std::holds_alternative<datagrams_readable>(*event);
    return count;
  }

  event_queue events;
};

using texts = std::vector<std::string>;

TEST_F(a_datagram_receive_queue, that_asked_for_none_takes_none) {
  datagram_receive_queue queue({}, events);
  const auto refused = queue.receive({}, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, transport_error_code::protocol_violation);
}

TEST_F(a_datagram_receive_queue, takes_frames_up_to_what_was_announced) {
  datagram_receive_queue queue({.max_frame_size = 10}, events);
  EXPECT_TRUE(queue.receive(as_bytes("12345678"), 10));
  const auto refused = queue.receive(as_bytes("12345678"), 11);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, transport_error_code::protocol_violation);
}

TEST_F(a_datagram_receive_queue, gives_them_in_order_and_tells_once_until_drained) {
  datagram_receive_queue queue({.max_frame_size = 100}, events);
  ASSERT_TRUE(receive(queue, "a"));
  ASSERT_TRUE(receive(queue, ""));
  ASSERT_TRUE(receive(queue, "c"));
  EXPECT_EQ(told(), 1u);
  queue.pop();
  ASSERT_TRUE(receive(queue, "d"));
  EXPECT_EQ(told(), 0u);
  EXPECT_EQ(read_all(queue), (texts{"", "c", "d"}));
  EXPECT_EQ(queue.bytes(), 0u);
  queue.pop();
  ASSERT_TRUE(receive(queue, "e"));
  EXPECT_EQ(told(), 1u);
}

TEST_F(a_datagram_receive_queue, drops_the_oldest_when_the_reader_is_too_slow) {
  datagram_receive_queue queue({.max_frame_size = 100, .max_to_read = 2, .max_bytes_to_read = 10}, events);
  for (const char* text : {"1", "2", "3"}) ASSERT_TRUE(receive(queue, text));
  EXPECT_EQ(queue.statistics().dropped, 1u);
  ASSERT_TRUE(receive(queue, "123456789"));
  EXPECT_EQ(read_all(queue), (texts{"3", "123456789"}));
  EXPECT_EQ(queue.statistics().dropped, 2u);
  EXPECT_EQ(queue.statistics().received, 4u);
  ASSERT_TRUE(receive(queue, "12345678901"));
  EXPECT_EQ(queue.size(), 0u) << "larger than the whole queue";
}

TEST_F(a_datagram_receive_queue, drops_the_newest_when_told_to) {
  datagram_receive_queue queue(
      {.max_frame_size = 100, .max_to_read = 2, .receive_overflow = datagram_receive_overflow::drop_newest}, events);
  for (const char* text : {"1", "2", "3"}) ASSERT_TRUE(receive(queue, text));
  EXPECT_EQ(read_all(queue), (texts{"1", "2"}));
  EXPECT_EQ(queue.statistics().dropped, 1u);
}

TEST_F(a_datagram_receive_queue, is_bounded_under_a_flood_of_any_sizes) {
  datagram_receive_queue queue({.max_frame_size = 65535, .max_to_read = 100, .max_bytes_to_read = 100'000}, events);
  const std::string large(60'000, 'x');
  for (int round = 0; round < 1000; ++round) {
    ASSERT_TRUE(receive(queue, std::string_view(large).substr(0, static_cast<std::size_t>(round * 997 % 60'000))));
    ASSERT_TRUE(receive(queue, ""));
    ASSERT_LE(queue.size(), 100u);
    ASSERT_LE(queue.bytes(), 100'000u);
    if (round % 300 == 0) read_all(queue);
  }
  EXPECT_EQ(told(), 5u) << "at first, and each time after it was drained";
  EXPECT_EQ(queue.statistics().received, 2000u);
}

}  // namespace
}  // namespace quasio::quic
