#include "crypto/token_sealer.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "quasio/crypto/system_random.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using bytes = std::vector<std::uint8_t>;

class counting_random final : public random_source {
public:
  void fill(byte_span out) override {
    std::generate(out.begin(), out.end(), [this] { return next_++; });
  }

private:
  std::uint8_t next_ = 1;
};

struct token_sealing : testing::Test {
  counting_random random;
  token_key first = token_key::generate(random);
  token_key second = token_key::generate(random);
  token_key third = token_key::generate(random);
  token_sealer sealer{first};
  bytes text{1, 2, 3, 4, 5};
  bytes address{127, 0, 0, 1};
};

TEST_F(token_sealing, opens_what_it_sealed) {
  const bytes token = sealer.seal(text, address, random);
  EXPECT_EQ(token.size(), text.size() + token_sealer::overhead);
  EXPECT_EQ(sealer.open(token, address), text);
  EXPECT_EQ(sealer.open(sealer.seal({}, {}, random), {}), bytes{});
}

// [rfc9000 8.1.3#3]
TEST_F(token_sealing, hides_the_plaintext) {
  const bytes token = sealer.seal(text, address, random);
  EXPECT_EQ(std::search(token.begin(), token.end(), text.begin(), text.end()), token.end());
  EXPECT_NE(token, sealer.seal(text, address, random)) << "each token has a nonce of its own";
}

TEST_F(token_sealing, takes_its_nonce_from_the_source_it_is_given) {
  counting_random one, other;
  EXPECT_EQ(sealer.seal(text, address, one), sealer.seal(text, address, other));
}

TEST_F(token_sealing, refuses_other_associated_data) {
  EXPECT_FALSE(sealer.open(sealer.seal(text, address, random), bytes{127, 0, 0, 2}));
}

TEST_F(token_sealing, refuses_any_changed_or_missing_byte) {
  const bytes token = sealer.seal(text, address, random);
  for (std::size_t i = 0; i < token.size(); ++i) {
    bytes changed = token;
    changed[i] ^= 0x80;
    EXPECT_FALSE(sealer.open(changed, address));
    EXPECT_FALSE(sealer.open(byte_view(token).first(i), address));
  }
}

TEST_F(token_sealing, opens_with_the_previous_key_only) {
  const bytes token = sealer.seal(text, address, random);
  sealer.rotate(second);
  EXPECT_EQ(sealer.open(token, address), text);
  EXPECT_EQ(sealer.open(sealer.seal(text, address, random), address), text);
  sealer.rotate(third);
  EXPECT_FALSE(sealer.open(token, address));
}

TEST_F(token_sealing, is_shared_by_those_who_share_the_key) {
  token_sealer other{first};
  EXPECT_EQ(other.open(sealer.seal(text, address, random), address), text);
  token_sealer stranger{second};
  EXPECT_FALSE(stranger.open(sealer.seal(text, address, random), address));
}

TEST(system_random, fills_every_byte_differently_each_time) {
  system_random random;
  std::set<bytes> seen;
  for (int i = 0; i < 100; ++i) {
    bytes filled(32);
    random.fill(filled);
    seen.insert(filled);
  }
  EXPECT_EQ(seen.size(), 100u);
  bytes large((std::size_t{1} << 20) + 64);
  random.fill(large);
  EXPECT_NE(std::accumulate(large.end() - 64, large.end(), 0), 0) << "the last piece was filled too";
  random.fill({});
}

}  // namespace
