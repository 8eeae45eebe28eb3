// Tokens that prove a client's address (RFC 9000, sections 8.1.2 to 8.1.4).

#include "quic/address_token.hpp"

#include <gtest/gtest.h>

#include "quic/hostile_peer.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;
using test::bytes;

constexpr time_point start{1000s};

crypto::token_key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, 32> content;
  content.fill(fill);
  return crypto::token_key(content);
}

connection_id id_of(std::uint8_t fill, std::size_t size) {
  const bytes content(size, fill);
  return connection_id(content);
}

struct token_test : testing::Test {
  test::counting_random random;
  address_tokens tokens{key_of(1), 10s};
  ip_endpoint client = ip_endpoint::v4({192, 0, 2, 1}, 4433);
  retry_claim claim{id_of(7, 20), id_of(8, 8)};
  bytes token = tokens.make(claim, client, random, start);
};

using address_token = token_test;

TEST_F(address_token, brings_back_what_it_claims) {
  const auto opened = tokens.open(token, client, start + 1s);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->original_destination, claim.original_destination);
  EXPECT_EQ(opened->retry_source, claim.retry_source);
}

TEST_F(address_token, is_no_good_from_another_address_or_port) {
  EXPECT_FALSE(tokens.open(token, ip_endpoint::v4({192, 0, 2, 2}, 4433), start));
  EXPECT_FALSE(tokens.open(token, ip_endpoint::v4({192, 0, 2, 1}, 4434), start));
}

TEST_F(address_token, grows_old) {
  EXPECT_TRUE(tokens.open(token, client, start + 10s));
  EXPECT_FALSE(tokens.open(token, client, start + 11s));
  EXPECT_FALSE(tokens.open(token, client, start - 1s)) << "from the future";
}

TEST_F(address_token, is_no_good_when_any_bit_is_changed_or_missing) {
  for (std::size_t bit = 0; bit < 8 * token.size(); ++bit) {
    bytes spoilt = token;
    spoilt[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(tokens.open(spoilt, client, start)) << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size)
    EXPECT_FALSE(tokens.open(byte_view(token).first(size), client, start)) << size;
  bytes longer = token;
  longer.push_back(0);
  EXPECT_FALSE(tokens.open(longer, client, start));
}

TEST_F(address_token, is_no_good_under_another_key) {
  address_tokens others(key_of(2), 10s);
  EXPECT_FALSE(others.open(token, client, start));
}

TEST_F(address_token, is_never_the_same_twice) { EXPECT_NE(token, tokens.make(claim, client, random, start)); }

TEST_F(address_token, holds_the_longest_and_the_shortest_ids) {
  for (const std::size_t size : {0u, 1u, 20u}) {
    const bytes made = tokens.make({id_of(1, size), id_of(2, 20)}, client, random, start);
    const auto opened = tokens.open(made, client, start);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->original_destination, id_of(1, size));
    EXPECT_EQ(opened->retry_source, id_of(2, 20));
  }
}

}  // namespace
}  // namespace quasio::quic
