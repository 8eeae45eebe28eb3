#include "http3/frame.hpp"

#include <gtest/gtest.h>

#include "http3/settings_frame.hpp"
#include "http3/test_bytes.hpp"

namespace quasio::http3 {
namespace {

using namespace testing;

/// All frames in `input`, given in pieces.
std::vector<frame_header> read_frames(const bytes& input, std::size_t piece, bool& ended_well) {
  std::vector<frame_header> found;
  frame_reader reader;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    byte_view rest = byte_view(input).subspan(at, std::min(piece, input.size() - at));
    while (!rest.empty()) {
      if (reader.payload_left() > 0) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(reader.payload_left(), rest.size()));
        reader.took(count);
        rest = rest.subspan(count);
      } else if (const auto header = reader.read_header(rest)) {
        found.push_back(*header);
      }
    }
  }
  ended_well = reader.between_frames();
  return found;
}

TEST(frame_reader, finds_the_same_frames_whatever_the_pieces) {
  const bytes input = frame(0, bytes(70, 1)) + frame(1, {}) + frame(0x3fffffffffffffff, bytes(3, 2)) +
                      from_hex("c000000000000007 8000 0001 aa") + frame(0xf0700, bytes(20'000, 3));
  for (std::size_t piece = 1; piece < 40; ++piece) {
    bool ended_well = false;
    const auto found = read_frames(input, piece, ended_well);
    EXPECT_TRUE(ended_well);
    ASSERT_EQ(found.size(), 5u);
    EXPECT_EQ(found[0].length, 70u);
    EXPECT_EQ(found[1].type, 1u);
    EXPECT_EQ(found[2].type, 0x3fffffffffffffffu);
    EXPECT_EQ(found[3].type, 7u) << "longer encodings than needed are fine";
    EXPECT_EQ(found[3].length, 1u);
    EXPECT_EQ(found[4].length, 20'000u);
  }
}

TEST(frame_reader, knows_whether_it_is_between_frames) {
  const bytes input = frame(0x4000, bytes(300, 1));
  for (std::size_t size = 0; size <= input.size(); ++size) {
    bool ended_well = false;
    read_frames(bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size)), 3, ended_well);
    EXPECT_EQ(ended_well, size == 0 || size == input.size()) << size;
  }
}

TEST(settings_frame, says_what_differs_from_the_defaults) {
  settings ours;
  ours.grease = false;
  ours.enable_connect_protocol = true;
  bytes server;
  append_settings_frame(server, ours, endpoint_role::server, {});
  EXPECT_EQ(server, from_hex("04 0f 06 8001 0000 01 8000 4000 07 4064 08 01"));
  bytes client;
  append_settings_frame(client, ours, endpoint_role::client, {});
  EXPECT_EQ(client, from_hex("04 0d 06 8001 0000 01 8000 4000 07 4064"));
}

TEST(settings_frame, brings_back_what_it_says) {
  settings ours;
  ours.max_field_section_size = UINT64_MAX;
  bytes out;
  append_settings_frame(out, ours, endpoint_role::server, {reserved_code_point(3), 99});
  const auto told = parse_settings(byte_view(out).subspan(2));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->max_field_section_size, (std::uint64_t{1} << 62) - 1);
}

TEST(settings_frame, understands_every_setting_it_has_a_name_for) {
  const auto told = parse_settings(varint(1) + varint(4096) + varint(6) + varint(5) + varint(7) + varint(16) +
                                   varint(8) + varint(1) + varint(0x33) + varint(1) + varint(0x2b603742) + varint(1));
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, (peer_settings{5, 4096, 16, true, true}));
  EXPECT_EQ(parse_settings({}).value(), peer_settings{});
}

TEST(settings_frame, refuses_every_truncation_within_a_setting) {
  const bytes whole = varint(6) + varint(100'000) + varint(0x4000) + varint(1);
  for (const std::size_t size : {1u, 2u, 3u, 4u, 6u, 7u, 8u, 9u}) {
    const auto told = parse_settings(byte_view(whole).first(size));
    ASSERT_FALSE(told) << size;
    EXPECT_EQ(told.error().code, error_code::frame_error);
  }
}

}  // namespace
}  // namespace quasio::http3
