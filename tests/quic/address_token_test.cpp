// Tokens that prove a client's address (RFC 9000, sections 8.1.1 to 8.1.4).

#include "quic/address_token.hpp"

#include <gtest/gtest.h>

#include "quic/hostile_peer.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;
using test::bytes;

constexpr time_point start{1'000'000s};
constexpr quic_version v1 = quic_version::v1;

crypto::token_key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, 32> content;
  content.fill(fill);
  return crypto::token_key(content);
}

std::shared_ptr<token_keys> keys_of(std::uint8_t fill) { return std::make_shared<token_keys>(key_of(fill)); }

address_tokens tokens_of(std::shared_ptr<token_keys> keys) {
  return {std::move(keys), std::make_shared<spent_tokens>(), {.retry = 10s, .new_token = 1h}};
}

connection_id id_of(std::uint8_t fill, std::size_t size) {
  const bytes content(size, fill);
  return connection_id(content);
}

struct token_test : testing::Test {
  test::counting_random random;
  address_tokens tokens = tokens_of(keys_of(1));
  ip_endpoint client = ip_endpoint::v4({192, 0, 2, 1}, 4433);
  ip_endpoint other_port = ip_endpoint::v4({192, 0, 2, 1}, 4434);
  ip_endpoint other_host = ip_endpoint::v4({192, 0, 2, 2}, 4433);
  retry_claim claim{id_of(7, 20), id_of(8, 8)};
  bytes retry = tokens.make_retry(claim, client, v1, random, start);
  bytes fresh = tokens.make_new_token(client, v1, random, start);

  template <class Verdict>
  bool is(byte_view token, const ip_endpoint& from, time_point now = start, quic_version version = v1) {
    return std::holds_alternative<Verdict>(tokens.judge(token, from, version, now));
  }
};

using sealed_retry_token = token_test;
using sealed_new_token = token_test;

// [rfc9000 8.1.1#1]
TEST_F(sealed_retry_token, brings_back_what_it_claims) {
  const auto verdict = tokens.judge(retry, client, v1, start + 1s);
  const auto* opened = std::get_if<retry_claim>(&verdict);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->original_destination, claim.original_destination);
  EXPECT_EQ(opened->retry_source, claim.retry_source);
}

// [rfc9000 8.1.4#5]
TEST_F(sealed_retry_token, is_spoilt_at_another_address_port_version_or_time) {
  EXPECT_TRUE(is<spoilt_retry>(retry, other_host));
  EXPECT_TRUE(is<spoilt_retry>(retry, other_port));
  EXPECT_TRUE(is<spoilt_retry>(retry, client, start, quic_version::v2));
  EXPECT_TRUE(is<retry_claim>(retry, client, start + 10s));
  EXPECT_TRUE(is<spoilt_retry>(retry, client, start + 11s));
  EXPECT_TRUE(is<retry_claim>(retry, client, start - 10s)) << "another machine's clock may be ahead";
  EXPECT_TRUE(is<spoilt_retry>(retry, client, start - 11s)) << "from the future";
}

TEST_F(sealed_retry_token, holds_the_longest_and_the_shortest_ids) {
  for (const std::size_t size : {0u, 1u, 20u}) {
    const bytes made = tokens.make_retry({id_of(1, size), id_of(2, 20)}, client, v1, random, start);
    const auto verdict = tokens.judge(made, client, v1, start);
    const auto* opened = std::get_if<retry_claim>(&verdict);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->original_destination, id_of(1, size));
    EXPECT_EQ(opened->retry_source, id_of(2, 20));
  }
}

// [rfc9000 8.1.1#1]
TEST_F(sealed_new_token, proves_the_address_whatever_the_port) {
  EXPECT_TRUE(is<known_address>(fresh, client));
  EXPECT_TRUE(is<known_address>(fresh, other_port, start + 59min));
}

// [rfc9000 8.1.4#3 8.1.4#4]
TEST_F(sealed_new_token, proves_nothing_at_another_address_version_or_time) {
  EXPECT_TRUE(is<no_proof>(fresh, other_host));
  EXPECT_TRUE(is<no_proof>(fresh, client, start, quic_version::v2));
  EXPECT_TRUE(is<known_address>(fresh, client, start + 1h));
  EXPECT_TRUE(is<no_proof>(fresh, client, start + 1h + 1s));
  EXPECT_TRUE(is<no_proof>(fresh, client, start - 11s));
}

// [rfc9000 8.1.4#5]
TEST_F(sealed_new_token, proves_it_once) {
  const auto verdict = tokens.judge(fresh, client, v1, start);
  EXPECT_TRUE(tokens.spend(std::get<known_address>(verdict)));
  EXPECT_FALSE(tokens.spend(std::get<known_address>(verdict)));
  const bytes another = tokens.make_new_token(client, v1, random, start);
  EXPECT_TRUE(tokens.spend(std::get<known_address>(tokens.judge(another, client, v1, start))));
}

// [rfc9000 8.1.4#1 8.1.4#2]
TEST_F(sealed_new_token, of_both_kinds_is_no_good_when_any_bit_is_changed_or_missing) {
  for (const bytes& good : {retry, fresh}) {
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      bytes spoilt = good;
      spoilt[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      EXPECT_TRUE(is<no_proof>(spoilt, client)) << bit;
    }
    for (std::size_t size = 0; size < good.size(); ++size)
      EXPECT_TRUE(is<no_proof>(byte_view(good).first(size), client)) << size;
    bytes longer = good;
    longer.push_back(0);
    EXPECT_TRUE(is<no_proof>(longer, client));
  }
}

// [rfc9000 8.1.3#3 8.1.3#4]
TEST_F(sealed_new_token, is_never_the_same_twice_and_shows_nothing) {
  const bytes another = tokens.make_new_token(client, v1, random, start);
  EXPECT_NE(fresh, another);
  // Section 8.1.3: nothing in it may link the client: what two have in common, the tokens of all clients have.
  const bytes stranger = tokens.make_new_token(other_host, v1, random, start);
  EXPECT_TRUE(std::equal(fresh.begin(), fresh.begin() + 16, stranger.begin()));
  EXPECT_EQ(std::search(fresh.begin(), fresh.end(), client.address.begin() + 12, client.address.end()), fresh.end());
}

// [rfc9000 8.1.4#1]
TEST_F(sealed_new_token, is_no_good_under_another_key) {
  address_tokens others = tokens_of(keys_of(2));
  EXPECT_TRUE(std::holds_alternative<no_proof>(others.judge(fresh, client, v1, start)));
  EXPECT_TRUE(std::holds_alternative<no_proof>(others.judge(retry, client, v1, start)));
}

TEST_F(sealed_new_token, is_honoured_by_all_who_share_the_keys) {
  // Another process, whose monotonic clock began elsewhere, but which knows the time of day.
  address_tokens others = tokens_of(token_keys::import_bytes(keys_of(1)->export_bytes()));
  const time_point there{5s};
  others.synchronise({there, wall_time(start.time_since_epoch().count() / 1'000'000'000 * 1s + 60s)});
  EXPECT_TRUE(std::holds_alternative<known_address>(others.judge(fresh, client, v1, there)));
  EXPECT_TRUE(std::holds_alternative<spoilt_retry>(others.judge(retry, client, v1, there))) << "it is a minute old";
  EXPECT_TRUE(std::holds_alternative<no_proof>(others.judge(fresh, client, v1, there + 1h)));
  const bytes theirs = others.make_new_token(client, v1, random, there);
  EXPECT_TRUE(is<known_address>(theirs, client, start + 61s));
}

}  // namespace
}  // namespace quasio::quic
