#include "recovery/probe_timeout.hpp"

#include <gtest/gtest.h>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr auto initial = packet_number_space::initial;
constexpr auto handshake = packet_number_space::handshake;
constexpr auto application = packet_number_space::application_data;

loss_timer_space in_flight_since(duration sent) {
  return {.ack_eliciting_in_flight = true, .last_ack_eliciting_sent = at(sent)};
}

loss_timer_inputs connected() {
  return {.pto_base = milliseconds(100),
          .max_ack_delay = milliseconds(25),
          .handshake_confirmed = true,
          .has_handshake_keys = true,
          .peer_completed_address_validation = true};
}

loss_timer_inputs connecting() {
  loss_timer_inputs inputs = connected();
  inputs.handshake_confirmed = inputs.has_handshake_keys = inputs.peer_completed_address_validation = false;
  inputs.rearmed_at = at(milliseconds(7));
  return inputs;
}

loss_timer_inputs server_handshaking() {
  loss_timer_inputs inputs = connecting();
  inputs.has_handshake_keys = inputs.peer_completed_address_validation = true;
  return inputs;
}

loss_timer_space& of(loss_timer_inputs& inputs, packet_number_space space) {
  return inputs.spaces[static_cast<std::size_t>(space)];
}

loss_timer probe(duration deadline, packet_number_space space) { return {at(deadline), space, loss_timer_kind::probe}; }

TEST(probe_timeout, is_not_set_when_nothing_is_in_flight) { EXPECT_EQ(next_loss_timer(connected()), std::nullopt); }

TEST(probe_timeout, includes_max_ack_delay_for_application_data_only) {
  loss_timer_inputs inputs = connected();
  of(inputs, application) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(135), application));

  inputs = server_handshaking();
  of(inputs, initial) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(110), initial));

  inputs = server_handshaking();
  of(inputs, handshake) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(110), handshake));
}

// [rfc9002 6.2.1#4]
TEST(probe_timeout, doubles_the_whole_period_with_each_expiry) {
  loss_timer_inputs inputs = connected();
  of(inputs, application) = in_flight_since(milliseconds(0));
  const std::array expected{milliseconds(125), milliseconds(250), milliseconds(500), milliseconds(1000)};
  for (inputs.pto_count = 0; inputs.pto_count < expected.size(); ++inputs.pto_count)
    EXPECT_EQ(next_loss_timer(inputs), probe(expected[inputs.pto_count], application));
}

TEST(probe_timeout, backs_off_without_overflow) {
  EXPECT_EQ(backed_off(seconds(1), 4), seconds(16));
  EXPECT_EQ(backed_off(seconds(1), 17), maximum_probe_period);
  EXPECT_EQ(backed_off(seconds(1), 4'000'000'000u), maximum_probe_period);
  EXPECT_EQ(backed_off(duration::max(), 1), maximum_probe_period);
  EXPECT_EQ(backed_off(nanoseconds(1), 63), nanoseconds(1 << 30));
}

// [rfc9002 6.2.1#2]
TEST(probe_timeout, takes_the_earlier_of_initial_and_handshake) {
  loss_timer_inputs inputs = server_handshaking();
  of(inputs, initial) = in_flight_since(milliseconds(20));
  of(inputs, handshake) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(110), handshake));
  of(inputs, initial) = in_flight_since(milliseconds(5));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(105), initial));
}

TEST(probe_timeout, prefers_the_first_space_when_two_are_due_together) {
  loss_timer_inputs inputs = server_handshaking();
  of(inputs, initial) = of(inputs, handshake) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(110), initial));
}

// [rfc9002 6.2.1#3]
TEST(probe_timeout, ignores_application_data_until_the_handshake_is_confirmed) {
  loss_timer_inputs inputs = server_handshaking();
  of(inputs, application) = in_flight_since(milliseconds(1));
  EXPECT_EQ(next_loss_timer(inputs), std::nullopt);
  of(inputs, handshake) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(110), handshake));
}

TEST(probe_timeout, considers_all_spaces_once_confirmed) {
  loss_timer_inputs inputs = connected();
  of(inputs, handshake) = in_flight_since(milliseconds(50));
  of(inputs, application) = in_flight_since(milliseconds(10));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(135), application));
  of(inputs, application) = in_flight_since(milliseconds(30));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(150), handshake));
}

// [rfc9002 6.2.2.1#2]
TEST(probe_timeout, protects_a_client_from_deadlock) {
  loss_timer_inputs inputs = connecting();
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(107), initial));
  inputs.has_handshake_keys = true;
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(107), handshake));
  inputs.pto_count = 2;
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(407), handshake));
}

TEST(probe_timeout, protects_a_client_whose_only_packets_in_flight_are_0rtt) {
  loss_timer_inputs inputs = connecting();
  of(inputs, application) = in_flight_since(milliseconds(3));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(107), initial));
}

TEST(probe_timeout, counts_from_the_packet_when_a_client_has_one_in_flight) {
  loss_timer_inputs inputs = connecting();
  of(inputs, initial) = in_flight_since(milliseconds(3));
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(103), initial));
}

// [rfc9002 6.2.2.1#1]
TEST(probe_timeout, is_not_set_at_the_anti_amplification_limit) {
  loss_timer_inputs inputs = server_handshaking();
  of(inputs, initial) = in_flight_since(milliseconds(3));
  inputs.at_anti_amplification_limit = true;
  EXPECT_EQ(next_loss_timer(inputs), std::nullopt);
  inputs.at_anti_amplification_limit = false;
  EXPECT_EQ(next_loss_timer(inputs), probe(milliseconds(103), initial));
}

// [rfc9002 6.2.1#5]
TEST(loss_timer, gives_the_time_threshold_precedence_over_probes) {
  loss_timer_inputs inputs = server_handshaking();
  of(inputs, initial) = in_flight_since(milliseconds(1));
  of(inputs, handshake) = in_flight_since(milliseconds(1));
  of(inputs, handshake).loss_time = at(milliseconds(500));
  EXPECT_EQ(next_loss_timer(inputs), (loss_timer{at(milliseconds(500)), handshake, loss_timer_kind::time_threshold}));
  inputs.at_anti_amplification_limit = true;
  EXPECT_TRUE(next_loss_timer(inputs)) << "finding losses sends nothing";
}

TEST(loss_timer, takes_the_earliest_time_threshold) {
  loss_timer_inputs inputs = connected();
  of(inputs, initial).loss_time = at(milliseconds(30));
  of(inputs, handshake).loss_time = at(milliseconds(20));
  of(inputs, application).loss_time = at(milliseconds(40));
  EXPECT_EQ(next_loss_timer(inputs), (loss_timer{at(milliseconds(20)), handshake, loss_timer_kind::time_threshold}));
}

}  // namespace
}  // namespace quasio::recovery
