// Connection IDs that name a server and its shard for those who have the key (draft-ietf-quic-load-balancers).

#include "quasio/quic/routable_connection_ids.hpp"

#include <gtest/gtest.h>

#include <set>

#include "quic/connection_id_cipher.hpp"
#include "quic/hostile_peer.hpp"

namespace quasio::quic {
namespace {

using test::bytes;
using key = std::array<std::uint8_t, 16>;

bytes from_hex(std::string_view text) {
  bytes made;
  for (std::size_t i = 0; i < text.size(); i += 2)
    made.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return made;
}

key key_from_hex(std::string_view text) {
  key made{};
  std::ranges::copy(from_hex(text), made.begin());
  return made;
}

struct vector {
  std::uint8_t rotation;
  std::string_view server_id;
  std::string_view nonce;
  std::string_view id;
};

// Draft, appendix B.2.
constexpr std::string_view vector_key = "8f95f09245765f80256934e50c66207f";
constexpr vector vectors[] = {
    {0, "ed793a", "ee080dbf", "0720b1d07b359d3c"},
    {1, "ed793a51d49b8f5fab65", "ee080dbf48", "2fcc381bc74cb4fbad2823a3d1f8fed2"},
    {2, "ed793a51d49b8f5f", "ee080dbf48c0d1e5", "504dd2d05a7b0de9b2b9907afb5ecf8cc3"},
    {3, "ed793a51d49b8f5fab", "ee080dbf48c0d1e55d", "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"},
};

TEST(connection_id_cipher, gives_what_the_draft_prints) {
  for (const vector& each : vectors) {
    connection_id_cipher cipher(key_from_hex(vector_key));
    bytes text = from_hex(std::string(each.server_id) + std::string(each.nonce));
    const bytes plain = text;
    const bytes expected = from_hex(each.id.substr(2));
    cipher.encrypt(text);
    EXPECT_EQ(text, expected) << each.id;
    cipher.decrypt(text);
    EXPECT_EQ(text, plain) << each.id;
  }
}

TEST(connection_id_cipher, gives_what_the_draft_works_out) {
  // Section 5.4.2.4.
  connection_id_cipher cipher(key_from_hex("fdf726a9893ec05c0632d3956680baf0"));
  bytes text = from_hex("31441a9c69c275");
  cipher.encrypt(text);
  EXPECT_EQ(text, from_hex("67947d29be054a"));
}

TEST(connection_id_cipher, can_be_undone_at_every_length) {
  test::counting_random random;
  key secret{};
  random.fill(secret);
  connection_id_cipher cipher(secret);
  for (std::size_t size = connection_id_cipher::min_size; size <= connection_id_cipher::max_size; ++size) {
    for (int i = 0; i < 50; ++i) {
      bytes text(size);
      random.fill(text);
      const bytes plain = text;
      cipher.encrypt(text);
      EXPECT_NE(text, plain);
      cipher.decrypt(text);
      EXPECT_EQ(text, plain) << size;
    }
  }
}

routable_id_configuration with_key(std::uint8_t fill, std::vector<std::uint8_t> server_id = {}, std::size_t nonce = 6) {
  routable_id_configuration made;
  made.server_id = std::move(server_id);
  made.nonce_size = nonce;
  made.key.emplace().fill(fill);
  return made;
}

struct ids {
  test::counting_random random;

  std::shared_ptr<routable_connection_ids> make(const routable_id_configuration& current,
                                                const std::vector<routable_id_configuration>& others = {}) {
    return routable_connection_ids::make(current, random, others).value();
  }
};

TEST(routable_connection_ids, understand_the_drafts_ids) {
  // To the load balancer the shard is the first byte of its nonce.
  ids of;
  for (const vector& each : std::span(vectors).subspan(1)) {
    routable_id_configuration agreed;
    agreed.rotation = each.id[0] == '2' ? 1 : each.id[0] == '5' ? 2 : 0;
    agreed.server_id = from_hex(each.server_id);
    agreed.nonce_size = each.nonce.size() / 2 - 1;
    agreed.key = key_from_hex(vector_key);
    agreed.rotation = static_cast<std::uint8_t>(from_hex(each.id).front() >> 5);
    const auto made = of.make(agreed);
    EXPECT_EQ(made->size(), each.id.size() / 2);
    EXPECT_TRUE(made->may_be_ours(from_hex(each.id)));
    EXPECT_EQ(made->shard_of(from_hex(each.id)), 0xee);
    agreed.server_id.front() ^= 1;
    EXPECT_FALSE(of.make(agreed)->may_be_ours(from_hex(each.id)));
    EXPECT_FALSE(of.make(agreed)->shard_of(from_hex(each.id)));
  }
}

TEST(routable_connection_ids, name_their_shard_to_those_with_the_key_alone) {
  ids of;
  for (const std::size_t server_id_size : {0u, 1u, 4u, 9u}) {
    const auto root = of.make(with_key(1, bytes(server_id_size, 0x5e)));
    const auto stranger = of.make(with_key(2, bytes(server_id_size, 0x5e)));
    for (const std::uint8_t shard : {0, 1, 77, 255}) {
      const auto own = root->for_shard(shard);
      int guessed = 0;
      for (int i = 0; i < 300; ++i) {
        const connection_id id = own->generate(of.random);
        EXPECT_EQ(id.size(), server_id_size + 8);
        EXPECT_EQ(root->shard_of(id.bytes()), shard);
        EXPECT_TRUE(root->may_be_ours(id.bytes()));
        guessed += stranger->shard_of(id.bytes()) == shard;
      }
      EXPECT_LT(guessed, 12);
    }
  }
}

TEST(routable_connection_ids, have_nothing_in_common_and_never_come_twice) {
  ids of;
  const auto one = of.make(with_key(1, {1, 2, 3}))->for_shard(3);
  std::set<std::string> all;
  std::array<std::set<std::uint8_t>, 11> seen;
  for (int i = 0; i < 20'000; ++i) {
    const connection_id id = one->generate(of.random);
    all.insert(id.to_string());
    for (std::size_t at = 0; at < id.size(); ++at) seen[at].insert(id.bytes()[at]);
  }
  EXPECT_EQ(all.size(), 20'000u);
  EXPECT_EQ(seen[0].size(), 32u) << "three bits of the first byte are the configuration's";
  for (std::size_t at = 1; at < seen.size(); ++at) EXPECT_EQ(seen[at].size(), 256u) << at;
}

TEST(routable_connection_ids, of_two_shards_differ_though_their_nonces_meet) {
  ids of;
  const auto root = of.make(with_key(1, {}, 4));
  std::set<std::string> all;
  for (std::uint8_t shard = 0; shard < 20; ++shard) {
    const auto own = root->for_shard(shard);
    for (int i = 0; i < 500; ++i) all.insert(own->generate(of.random).to_string());
  }
  EXPECT_EQ(all.size(), 10'000u);
}

TEST(routable_connection_ids, count_over_the_end_of_their_nonce) {
  class all_ones final : public random_source {
  public:
    void fill(byte_span out) override { std::ranges::fill(out, std::uint8_t{0xff}); }
  } random;
  const auto made = routable_connection_ids::make(with_key(1), random).value();
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i) all.insert(made->generate(random).to_string());
  EXPECT_EQ(all.size(), 1000u);
}

TEST(routable_connection_ids, can_tell_their_length) {
  ids of;
  auto what = with_key(1, {9});
  what.tells_length = true;
  what.rotation = 5;
  const auto made = of.make(what);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(made->generate(of.random).bytes().front(), 5 << 5 | 8);
}

TEST(routable_connection_ids, of_the_last_configuration_are_still_understood) {
  ids of;
  auto before = with_key(1);
  auto after = with_key(2);
  after.rotation = 1;
  const auto old_ids = of.make(before)->for_shard(4);
  const auto new_ids = of.make(after, {before})->for_shard(4);
  EXPECT_EQ(new_ids->shard_of(old_ids->generate(of.random).bytes()), 4);
  EXPECT_EQ(new_ids->shard_of(new_ids->generate(of.random).bytes()), 4);
  EXPECT_FALSE(old_ids->shard_of(new_ids->generate(of.random).bytes()));
}

TEST(routable_connection_ids, without_a_key_are_readable_and_random) {
  ids of;
  routable_id_configuration open;
  open.server_id = {0xab, 0xcd};
  const auto made = of.make(open)->for_shard(7);
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    const connection_id id = made->generate(of.random);
    EXPECT_EQ(bytes(id.bytes().begin() + 1, id.bytes().begin() + 4), (bytes{0xab, 0xcd, 7}));
    nonces.insert(connection_id(id.bytes().subspan(4)).to_string());
  }
  EXPECT_EQ(nonces.size(), 100u);
  EXPECT_EQ(made->shard_of(made->generate(of.random).bytes()), 7);
}

TEST(routable_connection_ids, keep_to_their_bounds) {
  test::counting_random random;
  const auto is_good = [&](const routable_id_configuration& what,
                           const std::vector<routable_id_configuration>& others = {}) {
    return routable_connection_ids::make(what, random, others).has_value();
  };
  auto what = with_key(1);
  EXPECT_TRUE(is_good(what));
  what.rotation = 7;
  EXPECT_FALSE(is_good(what));
  EXPECT_FALSE(is_good(with_key(1, {}, 3)));
  EXPECT_TRUE(is_good(with_key(1, {}, 4)));
  EXPECT_TRUE(is_good(with_key(1, {}, 18)));
  EXPECT_FALSE(is_good(with_key(1, {}, 19)));
  EXPECT_TRUE(is_good(with_key(1, bytes(14), 4)));
  EXPECT_FALSE(is_good(with_key(1, bytes(15), 4)));
  EXPECT_FALSE(is_good(with_key(1), {with_key(2)})) << "the same rotation bits";
  auto other = with_key(2, {}, 7);
  other.rotation = 1;
  EXPECT_FALSE(is_good(with_key(1), {other})) << "another length";
}

TEST(routable_connection_ids, are_told_from_garbage) {
  ids of;
  const auto made = of.make(with_key(1, {1, 2, 3, 4}));
  bytes garbage(made->size());
  int taken = 0;
  for (int i = 0; i < 5000; ++i) {
    of.random.fill(garbage);
    taken += made->may_be_ours(garbage);
  }
  EXPECT_EQ(taken, 0);
  for (std::size_t size = 0; size < made->size(); ++size) EXPECT_FALSE(made->may_be_ours(bytes(size)));
  EXPECT_FALSE(made->shard_of(bytes(made->size() + 1)));
}

TEST(other_connection_ids, keep_to_their_lengths) {
  test::counting_random random;
  for (const std::size_t size : {0u, 1u, 4u, 8u, 20u, 21u, 1000u}) {
    random_connection_ids made(size);
    EXPECT_EQ(made.size(), std::min<std::size_t>(size, 20));
    EXPECT_EQ(made.generate(random).size(), made.size());
    EXPECT_FALSE(made.for_shard(1));
    EXPECT_FALSE(made.shard_of(made.generate(random).bytes()));
  }
  for (const std::size_t size : {1u, 5u, 8u, 20u, 21u}) {
    sharded_connection_ids made(9, size);
    EXPECT_EQ(made.size(), std::clamp<std::size_t>(size, 5, 20));
    EXPECT_EQ(made.shard_of(made.generate(random).bytes()), 9);
    EXPECT_EQ(made.for_shard(3)->shard_of(made.for_shard(3)->generate(random).bytes()), 3);
    EXPECT_FALSE(made.shard_of({}));
  }
}

}  // namespace
}  // namespace quasio::quic
