// The keys that seal tokens: their rotation by time and by call, and how they are shared.

#include <gtest/gtest.h>

#include <thread>

#include "quasio/crypto/system_random.hpp"
#include "quasio/quic/spent_tokens.hpp"
#include "quic/hostile_peer.hpp"
#include "quic/rotating_sealer.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;
using test::bytes;

constexpr wall_time noon{1'700'000'000s};
const bytes secret{1, 2, 3, 4, 5};

crypto::token_key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, 32> content;
  content.fill(fill);
  return crypto::token_key(content);
}

/// Two threads of one server.
struct sharing {
  explicit sharing(std::chrono::seconds period = 24h) : keys(std::make_shared<token_keys>(key_of(1), period)) {}

  test::counting_random random;
  std::shared_ptr<token_keys> keys;
  rotating_sealer one{keys};
  rotating_sealer two{keys};
};

TEST(rotating_sealer, opens_what_another_on_the_same_keys_has_sealed) {
  sharing both;
  const bytes token = both.one.seal(secret, both.random, noon);
  EXPECT_EQ(token.size(), secret.size() + rotating_sealer::overhead);
  EXPECT_EQ(both.one.open(token, noon), secret);
  EXPECT_EQ(both.two.open(token, noon), secret);
  EXPECT_EQ(both.two.open(token, noon), secret) << "also a second time, with the key at hand";
  const bytes back = both.two.seal(secret, both.random, noon);
  EXPECT_FALSE(std::equal(token.begin(), token.begin() + 16, back.begin())) << "each seals under a key of its own";
}

TEST(rotating_sealer, takes_another_key_each_period_and_opens_those_of_the_last) {
  sharing both(1h);
  const bytes token = both.one.seal(secret, both.random, noon);
  for (const auto later : {0min, 30min, 59min}) EXPECT_EQ(both.two.open(token, noon + later), secret);
  EXPECT_EQ(both.two.open(token, noon + 60min), secret) << "a token opens for a period at least";
  EXPECT_FALSE(both.two.open(token, noon + 120min)) << "and for two at most";
  EXPECT_FALSE(both.one.open(token, noon + 120min));
  EXPECT_EQ(both.two.open(token, noon - 60min), secret) << "another machine's clock may be in the next period already";
  EXPECT_FALSE(both.two.open(token, noon - 120min));
  const bytes next = both.one.seal(secret, both.random, noon + 1h);
  EXPECT_FALSE(std::equal(token.begin(), token.begin() + 16, next.begin()));
}

TEST(rotating_sealer, without_periods_keeps_its_key) {
  sharing both(0s);
  const bytes token = both.one.seal(secret, both.random, noon);
  EXPECT_EQ(both.two.open(token, noon + 24h * 365), secret);
}

TEST(rotating_sealer, follows_a_rotation_by_call) {
  sharing both;
  const bytes first = both.one.seal(secret, both.random, noon);
  both.keys->rotate(key_of(2));
  const bytes second = both.two.seal(secret, both.random, noon);
  EXPECT_EQ(both.one.open(first, noon), secret);
  EXPECT_EQ(both.one.open(second, noon), secret);
  both.keys->rotate(key_of(3));
  EXPECT_FALSE(both.one.open(first, noon));
  EXPECT_EQ(both.two.open(second, noon), secret);
}

TEST(rotating_sealer, begins_a_new_key_when_the_old_one_is_worn_out) {
  test::counting_random random;
  const auto keys = std::make_shared<token_keys>(key_of(1));
  rotating_sealer sealer(keys, 3);
  rotating_sealer opener(keys);
  std::set<bytes> names;
  for (int i = 0; i < 60; ++i) {
    const bytes token = sealer.seal(secret, random, noon);
    names.insert({token.begin(), token.begin() + 16});
    EXPECT_EQ(opener.open(token, noon), secret);
    EXPECT_EQ(sealer.open(token, noon), secret);
  }
  EXPECT_EQ(names.size(), 20u) << "more than an opener remembers: it derives them again";
}

TEST(rotating_sealer, opens_nothing_that_is_not_its_own) {
  sharing both;
  const bytes token = both.one.seal(secret, both.random, noon);
  for (std::size_t bit = 0; bit < 8 * token.size(); ++bit) {
    bytes spoilt = token;
    spoilt[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(both.one.open(spoilt, noon)) << bit;
    EXPECT_FALSE(both.two.open(spoilt, noon)) << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size)
    EXPECT_FALSE(both.two.open(byte_view(token).first(size), noon));
}

TEST(token_keys, come_back_from_their_bytes) {
  test::counting_random random;
  token_keys keys(key_of(1), 17s);
  for (int previous = 0; previous < 2; ++previous) {
    const auto copy = token_keys::import_bytes(keys.export_bytes());
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->export_bytes(), keys.export_bytes());
    EXPECT_EQ(copy->read().period, 17s);
    keys.rotate(key_of(2));
  }
}

TEST(token_keys, are_not_made_of_other_bytes) {
  token_keys keys(key_of(1));
  keys.rotate(key_of(2));
  const bytes good = keys.export_bytes();
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(token_keys::import_bytes(byte_view(good).first(size)));
  bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(token_keys::import_bytes(longer));
  for (const std::size_t at : {0u, 3u, 4u, 12u}) {
    bytes spoilt = good;
    spoilt[at] ^= 0x80;
    EXPECT_FALSE(token_keys::import_bytes(spoilt)) << at;
  }
}

TEST(token_keys, are_used_by_many_threads_while_they_rotate) {
  const auto keys = std::make_shared<token_keys>(key_of(1));
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      crypto::system_random random;
      rotating_sealer sealer(keys);
      while (!stop) {
        // Between the two calls the keys may change once, not twice: see below.
        if (sealer.open(sealer.seal(secret, random, noon), noon) != secret) ++failures;
      }
    });
  }
  for (std::uint8_t i = 2; i < 40; ++i) {
    keys->rotate(key_of(i));
    std::this_thread::yield();
    crypto::system_random random;
    rotating_sealer here(keys);
    for (int j = 0; j < 50; ++j) here.seal(secret, random, noon);
  }
  stop = true;
  for (auto& each : threads) each.join();
  EXPECT_LE(failures, 3 * 38) << "a token may be lost to two rotations in a row, and to nothing else";
  EXPECT_EQ(keys->version(), 39u);
}

TEST(spent_tokens, are_known_and_bounded) {
  spent_tokens spent(1000);
  EXPECT_TRUE(spent.spend(0));
  EXPECT_FALSE(spent.spend(0));
  for (std::uint64_t i = 1; i < 100'000; ++i) {
    EXPECT_TRUE(spent.spend(i));
    EXPECT_FALSE(spent.spend(i)) << "the newest are always known";
    if (i > 500) {
      EXPECT_FALSE(spent.spend(i - 499)) << "and so are at least half of the capacity";
    }
    EXPECT_LE(spent.size(), 1000u);
  }
  EXPECT_TRUE(spent.spend(0)) << "what is old is forgotten";
}

TEST(spent_tokens, of_no_capacity_still_know_the_last) {
  spent_tokens spent(0);
  EXPECT_TRUE(spent.spend(1));
  EXPECT_FALSE(spent.spend(1));
}

}  // namespace
}  // namespace quasio::quic
