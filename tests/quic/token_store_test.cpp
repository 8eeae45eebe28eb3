// What a client keeps to be known by its servers.

#include "quasio/quic/token_store.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

using bytes = std::vector<std::uint8_t>;
constexpr quic_version v1 = quic_version::v1;
constexpr quic_version v2 = quic_version::v2;

TEST(token_store, gives_each_token_once_the_newest_first) {
  token_store store;
  store.put("a", v1, {1});
  store.put("a", v1, {2});
  store.put("b", v1, {3});
  EXPECT_EQ(store.take("a", v1), bytes{2});
  EXPECT_EQ(store.take("a", v1), bytes{1});
  EXPECT_EQ(store.take("a", v1), bytes{});
  EXPECT_EQ(store.take("b", v1), bytes{3});
  EXPECT_EQ(store.size(), 0u);
}

// [rfc9000 8.1.3#5]
TEST(token_store, keeps_versions_and_servers_apart) {
  token_store store;
  store.put("a", v1, {1});
  EXPECT_EQ(store.take("a", v2), bytes{});
  EXPECT_EQ(store.take("A", v1), bytes{});
  EXPECT_EQ(store.take("", v1), bytes{});
  EXPECT_EQ(store.take("a", v1), bytes{1});
}

TEST(token_store, is_bounded) {
  token_store store({.servers = 3, .tokens_a_server = 2});
  for (std::uint8_t i = 0; i < 100; ++i) store.put("busy", v1, {i});
  EXPECT_EQ(store.size(), 2u);
  store.put("b", v1, {1});
  store.put("c", v1, {1});
  store.put("busy", v1, {200});
  store.put("d", v1, {1});
  EXPECT_EQ(store.take("b", v1), bytes{}) << "it had given nothing for longest";
  EXPECT_EQ(store.take("busy", v1), bytes{200});
  EXPECT_EQ(store.take("busy", v1), bytes{99});
  EXPECT_EQ(store.take("busy", v1), bytes{});
  EXPECT_EQ(store.size(), 2u);
  store.clear();
  EXPECT_EQ(store.size(), 0u);
}

TEST(token_store, of_no_room_keeps_nothing) {
  token_store none({.servers = 0});
  none.put("a", v1, {1});
  EXPECT_EQ(none.size(), 0u);
  token_store empty({.tokens_a_server = 0});
  empty.put("a", v1, {1});
  EXPECT_EQ(empty.size(), 0u);
}

TEST(token_store, comes_back_from_its_text) {
  token_store store;
  store.put("localhost:443", v1, {0, 1, 0xff});
  store.put("localhost:443", v1, {2});
  store.put("[::1]:4433", v2, {3});
  const std::string text = store.to_text();
  EXPECT_EQ(text, "localhost:443 00000001 0001ff\nlocalhost:443 00000001 02\n[::1]:4433 6b3343cf 03\n");
  token_store copy;
  copy.add_text(text);
  EXPECT_EQ(copy.to_text(), text);
  EXPECT_EQ(copy.take("localhost:443", v1), bytes{2});
}

TEST(token_store, skips_lines_that_are_none_of_its) {
  token_store store;
  store.add_text("\n\nx\na b\na 1\na 1 \na 1 0\na 1 zz\n 1 00\na g 00\na 100000000 00\na 1 00 1\nok 1 0a");
  EXPECT_EQ(store.to_text(), "ok 00000001 0a\n");
}

}  // namespace
}  // namespace quasio::quic
