#include "quic/ecn_validation.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{std::chrono::seconds(1000)};
constexpr duration probe_timeout = 100ms;

ecn_validation after_marking(int packets, const settings& config = {}) {
  ecn_validation path(config);
  for (int i = 0; i < packets; ++i) path.on_marked_sent(start, probe_timeout);
  return path;
}

TEST(ecn_validation, marks_the_first_packets_of_a_path) {
  ecn_validation path({});
  EXPECT_EQ(path.state(), ecn_state::testing);
  EXPECT_EQ(path.mark(start), ecn_codepoint::ect0);
}

TEST(ecn_validation, marks_nothing_when_the_settings_forbid_it) {
  ecn_validation path({.ecn = false});
  EXPECT_EQ(path.mark(start), ecn_codepoint::not_ect);
  path.fail();
  EXPECT_EQ(path.state(), ecn_state::disabled);
}

TEST(ecn_validation, ends_the_test_after_ten_packets) {
  ecn_validation path = after_marking(9);
  EXPECT_EQ(path.mark(start), ecn_codepoint::ect0);
  path.on_marked_sent(start, probe_timeout);
  EXPECT_EQ(path.state(), ecn_state::unknown);
  EXPECT_EQ(path.mark(start), ecn_codepoint::not_ect);
}

TEST(ecn_validation, ends_the_test_after_three_probe_timeouts) {
  ecn_validation path = after_marking(1);
  EXPECT_EQ(path.mark(start + 3 * probe_timeout - 1ns), ecn_codepoint::ect0);
  EXPECT_EQ(path.mark(start + 3 * probe_timeout), ecn_codepoint::not_ect);
  EXPECT_EQ(path.state(), ecn_state::unknown);
}

TEST(ecn_validation, does_not_run_out_of_time_before_anything_is_sent) {
  ecn_validation path({});
  EXPECT_EQ(path.mark(start + 24h), ecn_codepoint::ect0);
}

TEST(ecn_validation, goes_on_marking_once_counts_are_in_order) {
  for (const int sent : {3, 10}) {
    ecn_validation path = after_marking(sent);
    path.on_validated(1, 0);
    EXPECT_EQ(path.state(), ecn_state::capable);
    EXPECT_EQ(path.mark(start + 24h), ecn_codepoint::ect0);
  }
}

TEST(ecn_validation, is_not_convinced_by_counts_without_a_marked_packet) {
  ecn_validation path = after_marking(10);
  path.on_validated(0, 0);
  EXPECT_EQ(path.state(), ecn_state::unknown);
}

TEST(ecn_validation, fails_when_all_marked_packets_are_lost) {
  ecn_validation path = after_marking(10);
  for (int i = 0; i < 9; ++i) path.on_marked_lost();
  EXPECT_EQ(path.state(), ecn_state::unknown);
  path.on_marked_lost();
  EXPECT_EQ(path.state(), ecn_state::failed);
}

TEST(ecn_validation, fails_when_the_test_ends_and_all_marked_packets_are_lost_already) {
  ecn_validation path = after_marking(2);
  path.on_marked_lost();
  path.on_marked_lost();
  EXPECT_EQ(path.state(), ecn_state::testing);
  path.mark(start + 3 * probe_timeout);
  EXPECT_EQ(path.state(), ecn_state::failed);
}

TEST(ecn_validation, survives_losses_when_one_marked_packet_arrived) {
  ecn_validation path = after_marking(10);
  path.on_validated(1, 0);
  for (int i = 0; i < 9; ++i) path.on_marked_lost();
  EXPECT_EQ(path.state(), ecn_state::capable);
}

TEST(ecn_validation, begins_anew_when_the_fate_of_all_marked_packets_stays_unknown) {
  ecn_validation path = after_marking(10);
  for (int i = 0; i < 10; ++i) path.on_marked_forgotten();
  EXPECT_EQ(path.state(), ecn_state::testing);
  EXPECT_EQ(path.mark(start + 24h), ecn_codepoint::ect0);
  path.on_marked_forgotten();  // Of a path whose number was used before: no count wraps around.
  EXPECT_EQ(path.state(), ecn_state::testing);
}

TEST(ecn_validation, judges_by_the_packets_whose_fate_can_be_known) {
  ecn_validation path = after_marking(10);
  for (int i = 0; i < 5; ++i) path.on_marked_lost();
  for (int i = 0; i < 5; ++i) path.on_marked_forgotten();
  EXPECT_EQ(path.state(), ecn_state::failed);
}

// The keys of some test packets are gone before they are acknowledged; the rest must do.
TEST(ecn_validation, fails_where_all_that_can_be_known_is_marked_as_congested) {
  ecn_validation path = after_marking(10);
  path.on_validated(6, 6);
  path.on_marked_forgotten();
  path.on_marked_forgotten();
  path.on_marked_lost();
  EXPECT_EQ(path.state(), ecn_state::unknown);
  path.on_validated(1, 1);
  EXPECT_EQ(path.state(), ecn_state::failed);
}

TEST(ecn_validation, fails_where_everything_is_marked_as_congested) {
  ecn_validation path = after_marking(10);
  path.on_validated(9, 9);
  EXPECT_EQ(path.state(), ecn_state::unknown);
  path.on_validated(1, 1);
  EXPECT_EQ(path.state(), ecn_state::failed);
}

TEST(ecn_validation, believes_a_network_that_marks_some_packets_as_congested) {
  ecn_validation path = after_marking(10);
  path.on_validated(10, 9);
  EXPECT_EQ(path.state(), ecn_state::capable);
}

TEST(ecn_validation, fails_at_any_time_and_for_good) {
  ecn_validation path = after_marking(10);
  path.on_validated(10, 0);
  path.fail();
  EXPECT_EQ(path.mark(start), ecn_codepoint::not_ect);
  path.on_validated(10, 0);
  EXPECT_EQ(path.state(), ecn_state::failed);
}

ecn_ledger ledger_of(int sent) {
  ecn_ledger ledger;
  for (int i = 0; i < sent; ++i) ledger.on_marked_sent();
  return ledger;
}

TEST(ecn_ledger, tells_what_each_report_adds) {
  ecn_ledger ledger = ledger_of(10);
  const auto first = ledger.take({.ect0 = 3, .ect1 = 0, .ce = 1});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->ect0, 3u);
  EXPECT_EQ(first->ce, 1u);
  const auto second = ledger.take({.ect0 = 5, .ect1 = 0, .ce = 5});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->ect0, 2u);
  EXPECT_EQ(second->ce, 4u);
}

TEST(ecn_ledger, refuses_counts_that_no_honest_peer_can_have) {
  constexpr std::uint64_t largest = (std::uint64_t{1} << 62) - 1;
  const wire::ecn_counts impossible[] = {
      {.ect0 = 11, .ect1 = 0, .ce = 0},
      {.ect0 = 10, .ect1 = 0, .ce = 1},
      {.ect0 = 0, .ect1 = 0, .ce = 11},
      {.ect0 = 1, .ect1 = 1, .ce = 0},
      {.ect0 = largest, .ect1 = largest, .ce = largest},
      {.ect0 = largest, .ect1 = 0, .ce = largest},
  };
  for (const wire::ecn_counts& counts : impossible) EXPECT_FALSE(ledger_of(10).take(counts)) << counts.ect0;
}

TEST(ecn_ledger, refuses_counts_that_go_down) {
  ecn_ledger ledger = ledger_of(10);
  ASSERT_TRUE(ledger.take({.ect0 = 5, .ect1 = 0, .ce = 2}));
  EXPECT_FALSE(ecn_ledger(ledger).take({.ect0 = 4, .ect1 = 0, .ce = 2}));
  EXPECT_FALSE(ecn_ledger(ledger).take({.ect0 = 6, .ect1 = 0, .ce = 1}));
  EXPECT_TRUE(ecn_ledger(ledger).take({.ect0 = 5, .ect1 = 0, .ce = 2}));
}

}  // namespace
}  // namespace quasio::quic
