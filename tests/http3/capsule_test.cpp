#include "quasio/http3/capsule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "http3/test_bytes.hpp"

/// The Capsule Protocol (RFC 9297, section 3).
namespace quasio::http3 {
namespace {

using namespace testing;

bytes capsule_of(std::uint64_t type, std::string_view value) {
  bytes out;
  append_capsule(out, type, as_bytes(value));
  return out;
}

/// All pieces, as text: "type/length:value" with a bar where a piece begins and a dot where the capsule ends.
std::string told_by(capsule_reader& reader, byte_view stream, std::size_t piece) {
  std::string told;
  while (!stream.empty()) {
    byte_view part = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(part.size());
    while (const auto next = reader.next(part)) {
      if (next->is_first) told += std::to_string(next->type) + "/" + std::to_string(next->length) + ":";
      told += as_text(next->value);
      if (next->is_last) told += ".";
    }
    EXPECT_TRUE(part.empty());
  }
  return told;
}

TEST(capsule_reader, finds_capsules_in_any_pieces) {
  const bytes stream = capsule_of(0, "abc") + capsule_of(0x2843, "") + capsule_of(70000, "defgh") + capsule_of(1, "");
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    capsule_reader reader;
    EXPECT_EQ(told_by(reader, stream, piece), "0/3:abc.10307/0:.70000/5:defgh.1/0:.") << piece;
    EXPECT_TRUE(reader.between_capsules());
  }
}

TEST(capsule_reader, takes_integers_that_are_longer_than_needed) {
  capsule_reader reader;
  EXPECT_EQ(told_by(reader, from_hex("4000 80000002 6162"), 100), "0/2:ab.");
}

// [rfc9297 3.3#5]
TEST(capsule_reader, knows_where_a_stream_may_not_end) {
  const bytes stream = capsule_of(70000, "ab");
  for (std::size_t size = 1; size < stream.size(); ++size) {
    capsule_reader reader;
    told_by(reader, byte_view(stream).first(size), size);
    EXPECT_FALSE(reader.between_capsules()) << size;
  }
}

TEST(capsule_reader, says_where_a_piece_belongs) {
  capsule_reader reader;
  const bytes stream = capsule_of(0, "abcdef");
  byte_view first = byte_view(stream).first(4);
  const auto one = reader.next(first);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->offset, 0u);
  EXPECT_FALSE(one->is_last);
  EXPECT_FALSE(reader.next(first));
  byte_view second = byte_view(stream).subspan(4);
  const auto two = reader.next(second);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->offset, 2u);
  EXPECT_TRUE(two->is_last && !two->is_first);
}

TEST(capsule_reader, keeps_nothing_of_a_capsule_that_never_ends) {
  capsule_reader reader;
  bytes header;
  append_capsule_header(header, 5, (std::uint64_t{1} << 62) - 1);
  byte_view begin = header;
  ASSERT_TRUE(reader.next(begin));
  const bytes block(64 * 1024, 0);
  for (int i = 0; i < 1000; ++i) {
    byte_view more = block;
    const auto piece = reader.next(more);
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->value.data(), block.data()) << "it lies where it came";
    EXPECT_FALSE(piece->is_last);
  }
}

// [rfc9297 3.2#1]
TEST(capsule_collector, makes_whole_what_is_wanted_and_skips_the_rest) {
  const bytes stream = capsule_of(9, "skipped") + capsule_of(0, "one") + capsule_of(7, std::string(100, 'x')) +
                       capsule_of(7, "") + capsule_of(0, "two") + capsule_of(0x3fffffff, "");
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    capsule_collector collector({capsule_type::datagram, 7}, 50);
    std::vector<std::pair<std::uint64_t, std::string>> found;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      byte_view part = byte_view(stream).subspan(at, std::min(piece, stream.size() - at));
      while (const auto next = collector.next(part)) found.emplace_back(next->type, as_text(next->value));
    }
    using wanted = std::vector<std::pair<std::uint64_t, std::string>>;
    EXPECT_EQ(found, (wanted{{0, "one"}, {7, ""}, {0, "two"}})) << piece;
    EXPECT_EQ(collector.skipped(), 2u);
    EXPECT_EQ(collector.too_large(), 1u);
    EXPECT_TRUE(collector.between_capsules());
  }
}

// [rfc9297 3.4#1 3.4#2]
TEST(capsule_protocol, is_said_by_a_field_that_is_true) {
  const auto says = [](std::string value) { return says_capsule_protocol({{"capsule-protocol", value, false}}); };
  EXPECT_TRUE(says("?1"));
  EXPECT_TRUE(says("?1;a=1;b"));
  for (const char* value : {"?0", "1", "true", "", "?1, ?1", "\"?1\"", "?1;", "??1"})
    EXPECT_FALSE(says(value)) << value;
  EXPECT_FALSE(says_capsule_protocol({{"capsule-protocol", "?1", false}, {"capsule-protocol", "?1", false}}));
  EXPECT_FALSE(says_capsule_protocol({}));
}

}  // namespace
}  // namespace quasio::http3
