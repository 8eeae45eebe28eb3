#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "quasio/crypto/system_random.hpp"
#include "quasio/crypto/ticket_keys.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace std::chrono_literals;
using bytes = std::vector<std::uint8_t>;

bytes copy(byte_view view) { return {view.begin(), view.end()}; }

constexpr time_point start{1000s};

TEST(ticket_key, is_made_of_secrets_of_48_to_80_bytes) {
  for (const std::size_t size : {48u, 64u, 80u}) EXPECT_TRUE(ticket_key::from_secret(bytes(size, 1))) << size;
  for (const std::size_t size : {0u, 32u, 47u, 81u}) EXPECT_FALSE(ticket_key::from_secret(bytes(size, 1))) << size;
}

TEST(ticket_key, is_the_same_for_the_same_secret_only) {
  bytes secret(48, 7);
  const auto one = *ticket_key::from_secret(secret);
  const auto same = *ticket_key::from_secret(secret);
  EXPECT_EQ(copy(one.name()), bytes(16, 7));
  EXPECT_EQ(copy(one.cipher_key()), copy(same.cipher_key()));
  EXPECT_EQ(copy(one.mac_key()), copy(same.mac_key()));
  EXPECT_NE(copy(one.cipher_key()), copy(one.mac_key()));
  secret.back() ^= 1;
  const auto other = *ticket_key::from_secret(secret);
  EXPECT_NE(copy(one.cipher_key()), copy(other.cipher_key()));
  EXPECT_NE(copy(one.mac_key()), copy(other.mac_key()));
}

TEST(ticket_key_set, seals_with_the_newest_and_keeps_three_before_it) {
  system_random random;
  std::vector<bytes> names;
  const auto next = [&] {
    auto made = ticket_key::generate(random);
    names.push_back(copy(made.name()));
    return made;
  };
  ticket_key_set set(next());
  EXPECT_TRUE(set.is_shared());
  for (int i = 0; i < 5; ++i) set.rotate(next());
  const auto keys = set.keys();
  ASSERT_EQ(keys->size(), 4u);
  for (std::size_t i = 0; i < keys->size(); ++i) EXPECT_EQ(copy((*keys)[i].name()), names[5 - i]);
  set.keep_fresh(start, random);
  set.keep_fresh(start + 240h, random);
  EXPECT_EQ(set.keys(), keys) << "keys from outside are changed from outside";
  set.replace(next(), {});
  EXPECT_EQ(set.keys()->size(), 1u);
  EXPECT_EQ(keys->size(), 4u) << "whoever holds the keys keeps them";
}

TEST(ticket_key_set, makes_a_new_key_each_period_and_forgets_after_two) {
  system_random random;
  const auto set = ticket_key_set::rotating(1h, random);
  EXPECT_FALSE(set->is_shared());
  const bytes first = copy(set->keys()->front().name());
  set->keep_fresh(start, random);
  set->keep_fresh(start + 59min, random);
  EXPECT_EQ(copy(set->keys()->front().name()), first);
  set->keep_fresh(start + 60min, random);
  ASSERT_EQ(set->keys()->size(), 2u);
  EXPECT_NE(copy(set->keys()->front().name()), first);
  EXPECT_EQ(copy(set->keys()->back().name()), first);
  set->keep_fresh(start + 120min, random);
  ASSERT_EQ(set->keys()->size(), 2u);
  EXPECT_NE(copy(set->keys()->back().name()), first);
  set->keep_fresh(start + 300min, random);
  EXPECT_EQ(set->keys()->size(), 1u) << "nobody came for two periods: all tickets are too old";
}

TEST(ticket_key_set, is_used_by_many_threads) {
  system_random random;
  ticket_key_set set(ticket_key::generate(random));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&set, i] {
      system_random own;
      for (int turn = 0; turn < 200; ++turn) {
        if (i == 0) set.rotate(ticket_key::generate(own));
        EXPECT_LE(set.keys()->size(), 4u);
      }
    });
  }
  for (std::thread& each : threads) each.join();
}

}  // namespace
