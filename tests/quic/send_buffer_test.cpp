#include "quic/send_buffer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace quasio::quic {
namespace {

struct a_send_buffer : testing::Test {
  void send(std::uint64_t begin, std::uint64_t end) { buffer.on_sent(begin, end); }

  stream_block_pool pool;
  send_buffer buffer{pool};
};

TEST_F(a_send_buffer, knows_what_was_never_sent) {
  buffer.append(as_bytes("hello"));
  EXPECT_EQ(buffer.unsent(), 5u);
  send(0, 3);
  EXPECT_EQ(buffer.unsent(), 2u);
  EXPECT_EQ(buffer.next_unsent(), 3u);
  EXPECT_FALSE(buffer.has_lost());
  EXPECT_FALSE(buffer.all_acked());
}

TEST_F(a_send_buffer, frees_what_is_acknowledged_from_the_front) {
  buffer.append(std::vector<std::uint8_t>(3 * stream_block_size));
  send(0, buffer.end());
  buffer.on_acked(stream_block_size, 3 * stream_block_size);
  EXPECT_EQ(buffer.blocks_held(), 3u);
  buffer.on_acked(0, stream_block_size);
  EXPECT_TRUE(buffer.all_acked());
  EXPECT_EQ(buffer.blocks_held(), 0u);
}

TEST_F(a_send_buffer, holds_nothing_once_all_is_acknowledged_even_within_a_block) {
  buffer.append(as_bytes("hello"));
  send(0, 5);
  buffer.on_acked(0, 5);
  EXPECT_EQ(pool.in_use(), 0u);
  buffer.append(as_bytes(" world"));
  std::string out(6, ' ');
  buffer.copy_out(5, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  EXPECT_EQ(out, " world");
}

TEST_F(a_send_buffer, gives_lost_bytes_lowest_first_until_they_are_sent_again) {
  buffer.append(std::vector<std::uint8_t>(100));
  send(0, 100);
  buffer.on_lost(60, 80);
  buffer.on_lost(10, 20);
  EXPECT_EQ(buffer.first_lost(), (number_range{10, 20}));
  send(10, 15);
  EXPECT_EQ(buffer.first_lost(), (number_range{15, 20}));
  send(15, 20);
  EXPECT_EQ(buffer.first_lost(), (number_range{60, 80}));
  send(60, 80);
  EXPECT_FALSE(buffer.has_lost());
  EXPECT_EQ(buffer.next_unsent(), 100u);
}

TEST_F(a_send_buffer, does_not_send_again_what_was_acknowledged) {
  buffer.append(std::vector<std::uint8_t>(100));
  send(0, 100);
  buffer.on_acked(20, 30);
  buffer.on_acked(40, 50);
  buffer.on_lost(10, 60);
  EXPECT_EQ(buffer.first_lost(), (number_range{10, 20}));
  buffer.on_acked(10, 20);  // It had only been late.
  EXPECT_EQ(buffer.first_lost(), (number_range{30, 40}));
  buffer.on_acked(0, 45);
  EXPECT_EQ(buffer.first_lost(), (number_range{50, 60}));
}

TEST_F(a_send_buffer, ignores_acknowledgments_and_losses_it_knows_already) {
  buffer.append(std::vector<std::uint8_t>(100));
  send(0, 50);
  buffer.on_acked(0, 50);
  buffer.on_acked(0, 50);
  buffer.on_lost(0, 50);
  EXPECT_FALSE(buffer.has_lost());
  buffer.on_lost(50, 100);  // Never sent.
  EXPECT_FALSE(buffer.has_lost());
  EXPECT_EQ(buffer.unsent(), 50u);
}

TEST_F(a_send_buffer, discards_everything_but_the_offset_it_got_to) {
  buffer.append(std::vector<std::uint8_t>(100));
  send(0, 40);
  buffer.on_lost(0, 10);
  buffer.discard();
  EXPECT_EQ(buffer.next_unsent(), 40u);
  EXPECT_EQ(buffer.unsent(), 0u);
  EXPECT_FALSE(buffer.has_lost());
  EXPECT_EQ(pool.in_use(), 0u);
}

// Against a model that keeps one state a byte.
TEST_F(a_send_buffer, agrees_with_a_simple_model) {
  enum class fate { unsent, flying, lost, acked };
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    buffer.restart();
    std::vector<fate> model;
    for (int step = 0; step < 200; ++step) {
      const std::uint64_t begin = model.empty() ? 0 : random() % model.size();
      const std::uint64_t end = std::min<std::uint64_t>(model.size(), begin + random() % 40);
      switch (random() % 4) {
        case 0: {
          const std::size_t count = random() % 50;
          buffer.append(std::vector<std::uint8_t>(count));
          model.resize(model.size() + count, fate::unsent);
          break;
        }
        case 1: {
          const number_range next =
              buffer.has_lost() ? buffer.first_lost() : number_range{buffer.next_unsent(), buffer.end()};
          const std::uint64_t until = std::min(next.end, next.begin + 30);
          buffer.on_sent(next.begin, until);
          for (auto i = next.begin; i < until; ++i) {
            ASSERT_TRUE(model[i] == fate::lost || model[i] == fate::unsent);
            model[i] = fate::flying;
          }
          break;
        }
        case 2:
          buffer.on_acked(begin, end);
          for (auto i = begin; i < end; ++i) {
            if (model[i] != fate::unsent) model[i] = fate::acked;
          }
          break;
        default:
          buffer.on_lost(begin, end);
          for (auto i = begin; i < end; ++i) {
            if (model[i] == fate::flying) model[i] = fate::lost;
          }
          break;
      }
      const auto first_lost = std::find(model.begin(), model.end(), fate::lost) - model.begin();
      ASSERT_EQ(buffer.has_lost(), first_lost != static_cast<std::ptrdiff_t>(model.size())) << "seed " << seed;
      if (buffer.has_lost()) {
        ASSERT_EQ(buffer.first_lost().begin, static_cast<std::uint64_t>(first_lost));
      }
      const auto first_unsent = std::find(model.begin(), model.end(), fate::unsent) - model.begin();
      ASSERT_EQ(buffer.next_unsent(), static_cast<std::uint64_t>(first_unsent));
      const bool all_acked = std::all_of(model.begin(), model.end(), [](fate f) { return f == fate::acked; });
      ASSERT_EQ(buffer.all_acked(), all_acked);
      if (all_acked) {
        ASSERT_EQ(pool.in_use(), 0u);
      }
    }
  }
}

}  // namespace
}  // namespace quasio::quic
