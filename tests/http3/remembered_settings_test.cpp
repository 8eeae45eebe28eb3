#include <gtest/gtest.h>

#include "http3/session_fixture.hpp"
#include "http3/settings_frame.hpp"
#include "quasio/http3/remembered_settings.hpp"

namespace quasio::http3::testing {
namespace {

TEST(remembered_settings, survive_as_a_context) {
  const peer_settings told{.max_field_section_size = 1000,
                           .qpack_max_table_capacity = 4096,
                           .qpack_blocked_streams = 7,
                           .enable_connect_protocol = true,
                           .h3_datagram = true};
  EXPECT_EQ(decode_client_context(encode_client_context(told)), told);
  EXPECT_EQ(decode_client_context(encode_client_context({})), peer_settings{});
  const std::vector<std::uint8_t> spoilt{0x06};
  EXPECT_FALSE(decode_client_context(spoilt));
}

// [rfc9114 7.2.4.2#5 7.2.4.2#6]
// [rfc9297 2.1.1#4]
TEST(remembered_settings, of_a_server_may_grow_but_not_shrink) {
  settings ours;
  ours.enable_connect_protocol = true;
  const auto context = encode_server_context(ours);
  EXPECT_TRUE(accepts_server_context(context, ours));
  settings more = ours;
  more.max_field_section_size *= 2;
  EXPECT_TRUE(accepts_server_context(context, more));
  settings less = ours;
  less.max_field_section_size -= 1;
  EXPECT_FALSE(accepts_server_context(context, less));
  less = ours;
  less.enable_connect_protocol = false;
  EXPECT_FALSE(accepts_server_context(context, less));
  settings with_datagrams = ours;
  with_datagrams.datagrams.enable = true;
  EXPECT_TRUE(accepts_server_context(context, with_datagrams));
  EXPECT_FALSE(accepts_server_context(encode_server_context(with_datagrams), ours));
  const std::vector<std::uint8_t> spoilt{0x06};
  EXPECT_FALSE(accepts_server_context(spoilt, ours));
}

// [rfc9204 3.2.3#2]
TEST(remembered_settings, of_a_server_allow_the_same_table_as_before) {
  settings ours;
  ours.qpack_max_table_capacity = 4096;
  const auto context = encode_server_context(ours);
  EXPECT_TRUE(accepts_server_context(context, ours));
  for (const std::size_t other : {0u, 4095u, 4097u, 8192u}) {
    settings changed = ours;
    changed.qpack_max_table_capacity = other;
    EXPECT_FALSE(accepts_server_context(context, changed)) << other;
  }
  settings none = ours;
  none.qpack_max_table_capacity = 0;
  EXPECT_TRUE(accepts_server_context(encode_server_context(none), ours)) << "from zero it may grow";
}

/// A control stream of a server that begins with these settings.
std::vector<std::uint8_t> settings_frame_of(const peer_settings& told) {
  std::vector<std::uint8_t> payload;
  append_settings(payload, told);
  payload.insert(payload.begin(), {0x04, static_cast<std::uint8_t>(payload.size())});
  return payload;
}

struct remembering : ::testing::Test {
  const settings limits;
  event_queue events;
  abuse_guard guard{limits.abuse};
  control_stream control{endpoint_role::client, limits, guard};
  peer_settings former{.max_field_section_size = 1000, .qpack_max_table_capacity = 4096};
};

// [rfc9114 7.2.4.2#3 7.2.4.2#4]
TEST_F(remembering, goes_by_what_was_until_it_hears_what_is) {
  control.remember(former);
  EXPECT_EQ(control.peer(), former);
  peer_settings now = former;
  now.max_field_section_size = 2000;
  EXPECT_TRUE(control.take(settings_frame_of(now), events));
  EXPECT_EQ(control.peer(), now);
}

// [rfc9114 7.2.4.2#8]
TEST_F(remembering, ends_the_connection_when_settings_shrink_under_early_data) {
  control.remember(former);
  peer_settings now = former;
  now.max_field_section_size = 999;
  const auto taken = control.take(settings_frame_of(now), events);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().what.code, error_code::settings_error);
}

// [rfc9114 7.2.4.2#9]
// [rfc9297 2.1.1#5]
TEST_F(remembering, ends_the_connection_when_settings_are_left_out_under_early_data) {
  peer_settings all = former;
  all.qpack_blocked_streams = 5;
  all.enable_connect_protocol = all.h3_datagram = true;
  for (int which = 0; which < 4; ++which) {
    control_stream fresh(endpoint_role::client, limits, guard);
    fresh.remember(all);
    peer_settings now = all;
    if (which == 0) now.max_field_section_size = peer_settings{}.max_field_section_size;
    if (which == 1) now.qpack_blocked_streams = 0;
    if (which == 2) now.enable_connect_protocol = false;
    if (which == 3) now.h3_datagram = false;
    const auto taken = fresh.take(settings_frame_of(now), events);
    ASSERT_FALSE(taken) << which;
    EXPECT_EQ(taken.error().what.code, error_code::settings_error) << which;
  }
}

TEST_F(remembering, ends_the_connection_when_the_table_changes_under_early_data) {
  control.remember(former);
  peer_settings now = former;
  now.qpack_max_table_capacity = 8192;
  const auto taken = control.take(settings_frame_of(now), events);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().what.code, error_code::qpack_decoder_stream_error);
}

TEST_F(remembering, is_over_when_early_data_was_rejected) {
  control.remember(former);
  control.forget_remembered();
  EXPECT_EQ(control.peer(), peer_settings{});
  EXPECT_TRUE(control.take(settings_frame_of({.max_field_section_size = 10}), events));
}

}  // namespace
}  // namespace quasio::http3::testing
