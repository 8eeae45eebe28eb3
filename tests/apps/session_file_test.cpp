#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "apps/temporary_folder.hpp"
#include "client/session_file.hpp"

namespace {

using namespace quasio;
using namespace quasio::apps;
using quasio::apps::testing::temporary_folder;
namespace fs = std::filesystem;

quic::saved_session named(std::uint8_t name) {
  return {.alpn = "h3", .allows_early_data = true, .ticket = {name, 0xff}, .application_context = {1, 2}};
}

TEST(session_file, keeps_sessions_in_their_order_for_their_owner_alone) {
  const temporary_folder folder;
  const std::string path = (folder.path() / "sessions").string();
  http3::session_cache cache;
  cache.put("https://a:443", named(1));
  cache.put("https://b:443", named(2));
  cache.put("https://a:443", named(3));
  ASSERT_TRUE(save_sessions(path, cache));
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);

  http3::session_cache again;
  ASSERT_TRUE(load_sessions(path, again));
  EXPECT_EQ(again.all(), cache.all());
  ASSERT_TRUE(save_sessions(path, again));
  EXPECT_FALSE(fs::exists(path + ".new"));
}

TEST(session_file, has_nothing_where_there_is_none) {
  const temporary_folder folder;
  http3::session_cache cache;
  EXPECT_TRUE(load_sessions((folder.path() / "none").string(), cache));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(session_file, skips_lines_that_are_no_sessions) {
  const temporary_folder folder;
  const std::string path = (folder.path() / "sessions").string();
  http3::session_cache cache;
  cache.put("https://a:443", named(1));
  ASSERT_TRUE(save_sessions(path, cache));
  std::ofstream(path, std::ios::app) << "\nhttps://b:443\nhttps://c:443 0\nhttps://d:443 zz\nhttps://e:443 00ff\n";
  http3::session_cache again;
  ASSERT_TRUE(load_sessions(path, again));
  EXPECT_EQ(again.all(), cache.all());
}

TEST(session_file, says_why_it_cannot_be_written) {
  const http3::session_cache cache;
  const auto saved = save_sessions("/no/such/folder/sessions", cache);
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().find("/no/such/folder"), std::string::npos);
}

}  // namespace
