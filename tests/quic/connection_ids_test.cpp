// The IDs of both sides of a connection (RFC 9000, sections 5.1, 19.15 and 19.16).

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <variant>

#include "quic/hostile_peer.hpp"
#include "quic/local_connection_ids.hpp"
#include "quic/peer_connection_ids.hpp"

namespace quasio::quic {
namespace {

using code = transport_error_code;
using test::bytes;

connection_id id_of(std::uint8_t fill) {
  const bytes content(8, fill);
  return connection_id(content);
}

stateless_reset_token token_of(std::uint8_t fill) {
  stateless_reset_token token;
  token.fill(fill);
  return token;
}

std::vector<wire::frame> frames_of(auto& ids, sent_frames& record, std::size_t size = 1200) {
  static bytes packet;
  packet.assign(size, 0);
  byte_writer out(packet);
  ids.write_frames(out, record);
  std::vector<wire::frame> frames;
  if (out.position() == 0) return frames;
  wire::frame_reader reader(out.written());
  while (!reader.done()) frames.push_back(*reader.next());
  return frames;
}

// --- Ours ---

struct own_ids {
  test::counting_random random;
  event_queue events;
  local_connection_ids ids{std::make_shared<random_connection_ids>(), {}, random, events, id_of(0)};
  sent_frames record;

  std::vector<wire::new_connection_id_frame> announce(std::size_t size = 1200) {
    std::vector<wire::new_connection_id_frame> announced;
    for (const auto& frame : frames_of(ids, record, size))
      announced.push_back(std::get<wire::new_connection_id_frame>(frame));
    return announced;
  }
};

// [rfc9000 5.1.1#1 5.1.1#3 10.3.2#5 19.15#5]
TEST(local_connection_ids, are_issued_up_to_what_the_peer_wants) {
  own_ids own;
  own.ids.issue(2);
  EXPECT_EQ(own.announce().size(), 1u);
  own_ids generous;
  generous.ids.issue(1'000'000);
  const auto announced = generous.announce();
  ASSERT_EQ(announced.size(), 3u);
  for (std::size_t i = 0; i < announced.size(); ++i) {
    EXPECT_EQ(announced[i].sequence, i + 1);
    EXPECT_EQ(announced[i].retire_prior_to, 0u);
    EXPECT_TRUE(generous.ids.owns(announced[i].id.bytes()));
  }
  EXPECT_NE(announced[0].reset_token, announced[1].reset_token);
}

TEST(local_connection_ids, are_announced_again_when_lost_and_not_when_retired) {
  own_ids own;
  own.ids.issue(3);
  const auto first = own.announce();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_FALSE(own.ids.has_frames_to_send());
  own.ids.on_lost({.kind = sent_frame_kind::new_connection_id, .id = 1});
  const auto again = own.announce();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(again[0].reset_token, first[0].reset_token);
  ASSERT_TRUE(own.ids.retire(1, id_of(0)));
  own.announce();
  own.ids.on_lost({.kind = sent_frame_kind::new_connection_id, .id = 1});
  EXPECT_FALSE(own.ids.has_frames_to_send());
}

TEST(local_connection_ids, found_lost_twice_are_announced_once) {
  own_ids own;
  own.ids.issue(2);
  own.announce();
  own.ids.on_lost({.kind = sent_frame_kind::new_connection_id, .id = 1});
  own.ids.on_lost({.kind = sent_frame_kind::new_connection_id, .id = 1});
  EXPECT_EQ(own.announce().size(), 1u);
}

TEST(local_connection_ids, retired_for_ever_are_replaced_one_by_one) {
  // A peer that does nothing but retire gets one new ID for each, and no more memory is used.
  own_ids own;
  own.ids.issue(4);
  own.announce();
  for (std::uint64_t sequence = 0; sequence < 2000; ++sequence) {
    ASSERT_TRUE(own.ids.retire(sequence, id_of(0xee)));
    EXPECT_TRUE(own.ids.retire(sequence, id_of(0xee))) << "a repetition means nothing";
    EXPECT_EQ(own.announce().size(), 1u);
    std::size_t told = 0;
    while (own.events.pop()) ++told;
    EXPECT_LE(told, 8u);
  }
}

TEST(local_connection_ids, are_as_many_as_the_settings_allow) {
  test::counting_random random;
  event_queue events;
  sent_frames record;
  for (const std::uint64_t most : {1u, 2u, 7u}) {
    local_connection_ids ids(std::make_shared<random_connection_ids>(), {}, random, events, id_of(0), most);
    ids.issue(1'000'000);
    EXPECT_EQ(frames_of(ids, record).size(), most - 1);
  }
}

// Section 5.1.1: who moves while its peer has none left would get no answer.
TEST(local_connection_ids, are_left_to_the_peer_when_acknowledged_and_not_used) {
  own_ids own;
  EXPECT_FALSE(own.ids.peer_has_unused()) << "the first one is in use";
  own.ids.issue(2);
  sent_frames record;
  const auto told = frames_of(own.ids, record);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(own.ids.peer_has_unused()) << "it may have been lost";
  own.ids.on_acked(record.front());
  EXPECT_TRUE(own.ids.peer_has_unused());
  own.ids.note_used(std::get<wire::new_connection_id_frame>(told.front()).id);
  EXPECT_FALSE(own.ids.peer_has_unused());
}

TEST(local_connection_ids, that_are_empty_never_run_out) {
  event_queue events;
  test::counting_random random;
  local_connection_ids none(std::make_shared<random_connection_ids>(0), {}, random, events, connection_id());
  EXPECT_TRUE(none.peer_has_unused());
}

TEST(local_connection_ids, wait_for_room_in_a_packet) {
  own_ids own;
  own.ids.issue(4);
  EXPECT_EQ(own.announce(20).size(), 0u);
  EXPECT_EQ(own.announce(40).size(), 1u);
  EXPECT_EQ(own.announce().size(), 2u);
}

// [rfc9000 19.16#1]
TEST(local_connection_ids, that_were_never_announced_cannot_be_retired) {
  own_ids own;
  EXPECT_EQ(own.ids.retire(1, id_of(0)).error().code, code::protocol_violation);
  own.ids.issue(4);
  EXPECT_EQ(own.ids.retire(1, id_of(0)).error().code, code::protocol_violation);
  own.announce();
  EXPECT_TRUE(own.ids.retire(1, id_of(0)));
  EXPECT_EQ(own.ids.retire(4, id_of(0)).error().code, code::protocol_violation);
}

TEST(local_connection_ids, cannot_be_retired_by_their_own_packet) {
  own_ids own;
  own.ids.issue(2);
  const auto announced = own.announce();
  const auto refused = own.ids.retire(1, announced[0].id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code::protocol_violation);
  EXPECT_EQ(refused.error().frame_type, 0x19u);
}

TEST(local_connection_ids, are_told_to_the_owner) {
  own_ids own;
  own.ids.add_temporary(id_of(9));
  own.ids.issue(2);
  const auto announced = own.announce();
  ASSERT_TRUE(own.ids.retire(0, announced[0].id));
  own.ids.retire_temporary();
  own.ids.retire_temporary();
  own.ids.retire_all();
  std::size_t issued = 0;
  std::size_t retired = 0;
  while (const auto event = own.events.pop()) {
    issued += std::holds_alternative<connection_id_issued>(*event);
    retired += std::holds_alternative<connection_id_retired>(*event);
  }
  EXPECT_EQ(issued, 4u);
  EXPECT_EQ(retired, 4u);
  EXPECT_FALSE(own.ids.owns(id_of(9).bytes()));
}

TEST(local_connection_ids, go_with_a_preferred_address_as_the_second) {
  own_ids own;
  const auto spare = own.ids.issue_with_preferred_address();
  ASSERT_TRUE(spare);
  EXPECT_TRUE(own.ids.owns(spare->id.bytes()));
  own.ids.issue(3);
  const auto announced = own.announce();
  ASSERT_EQ(announced.size(), 1u) << "the peer has two already";
  EXPECT_EQ(announced[0].sequence, 2u);
  EXPECT_NE(announced[0].reset_token, spare->token);
  EXPECT_TRUE(own.ids.retire(1, id_of(0))) << "it was announced with the handshake";
  EXPECT_FALSE(own.ids.owns(spare->id.bytes()));
}

/// Gives every ID twice in a row.
class stuttering_ids final : public connection_id_generator {
public:
  std::size_t size() const noexcept override { return 8; }
  connection_id generate(random_source&) override { return id_of(static_cast<std::uint8_t>(count_++ / 2)); }

private:
  unsigned count_ = 0;
};

// [rfc9000 5.1#2]
TEST(local_connection_ids, are_never_in_use_twice) {
  test::counting_random random;
  event_queue events;
  sent_frames record;
  local_connection_ids ids(std::make_shared<stuttering_ids>(), {}, random, events, id_of(0));
  std::set<std::string> seen{id_of(0).to_string()};
  const auto spare = ids.issue_with_preferred_address();
  ASSERT_TRUE(spare);
  EXPECT_TRUE(seen.insert(spare->id.to_string()).second);
  ids.issue(4);
  for (const auto& frame : frames_of(ids, record))
    EXPECT_TRUE(seen.insert(std::get<wire::new_connection_id_frame>(frame).id.to_string()).second);
  EXPECT_EQ(seen.size(), 4u);
}

// [rfc9000 18.2#3 18.2#4 19.15#2 19.16#3]
TEST(local_connection_ids, that_are_empty_are_neither_issued_nor_retired) {
  test::counting_random random;
  event_queue events;
  sent_frames record;
  local_connection_ids ids(std::make_shared<random_connection_ids>(0), {}, random, events, connection_id());
  ids.issue(8);
  EXPECT_FALSE(ids.issue_with_preferred_address());
  EXPECT_FALSE(ids.has_frames_to_send());
  EXPECT_TRUE(frames_of(ids, record).empty());
  for (const std::uint64_t sequence : {0u, 1u, 7u})
    EXPECT_EQ(ids.retire(sequence, connection_id()).error().code, code::protocol_violation);
}

// --- The peer's ---

struct others_ids {
  peer_connection_ids ids{4, 8};
  sent_frames record;

  others_ids() { ids.set_handshake_id(id_of(0)); }

  transport_result<void> receive(std::uint64_t sequence, std::uint64_t retire_prior_to = 0) {
    const auto fill = static_cast<std::uint8_t>(sequence);
    return ids.receive({sequence, retire_prior_to, id_of(fill), token_of(fill)});
  }

  std::vector<std::uint64_t> retirements() {
    std::vector<std::uint64_t> retired;
    for (const auto& frame : frames_of(ids, record))
      retired.push_back(std::get<wire::retire_connection_id_frame>(frame).sequence);
    std::sort(retired.begin(), retired.end());
    return retired;
  }
};

// [rfc9000 5.1.1#4]
TEST(peer_connection_ids, are_kept_up_to_the_limit) {
  others_ids others;
  for (std::uint64_t sequence = 1; sequence < 4; ++sequence) ASSERT_TRUE(others.receive(sequence));
  EXPECT_EQ(others.receive(4).error().code, code::connection_id_limit_error);
}

// [rfc9000 5.1.2#1]
TEST(peer_connection_ids, that_replace_others_count_after_those_are_gone) {
  others_ids others;
  for (std::uint64_t sequence = 1; sequence < 4; ++sequence) ASSERT_TRUE(others.receive(sequence));
  ASSERT_TRUE(others.receive(4, 1));
  EXPECT_EQ(others.ids.find(0), nullptr);
  EXPECT_EQ(others.ids.take(), 1u);
  EXPECT_EQ(*others.ids.find(1), id_of(1));
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{0});
}

// [rfc9000 19.15#4]
TEST(peer_connection_ids, may_be_repeated_but_not_with_a_difference) {
  others_ids others;
  ASSERT_TRUE(others.receive(1));
  ASSERT_TRUE(others.receive(1));
  EXPECT_EQ(others.ids.receive({1, 0, id_of(7), token_of(1)}).error().code, code::protocol_violation);
  EXPECT_EQ(others.ids.receive({1, 0, id_of(1), token_of(7)}).error().code, code::protocol_violation);
  EXPECT_EQ(others.ids.receive({2, 0, id_of(1), token_of(1)}).error().code, code::protocol_violation);
  EXPECT_EQ(others.ids.receive({2, 0, id_of(0), token_of(1)}).error().code, code::protocol_violation);
}

// [rfc9000 19.15#7 19.15#8]
TEST(peer_connection_ids, that_come_after_their_retirement_are_retired_at_once) {
  others_ids others;
  ASSERT_TRUE(others.receive(3, 3));
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{0});
  ASSERT_TRUE(others.receive(2));
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{2});
  EXPECT_EQ(others.ids.take(), 3u);
  EXPECT_FALSE(others.ids.has_unused());
}

TEST(peer_connection_ids, that_were_left_behind_do_not_come_back) {
  others_ids others;
  ASSERT_TRUE(others.receive(1));
  ASSERT_TRUE(others.receive(2));
  EXPECT_EQ(others.ids.take(), 1u);
  others.ids.release(0);
  EXPECT_EQ(others.ids.take(), 2u);
  others.ids.release(1);
  EXPECT_EQ(others.retirements(), (std::vector<std::uint64_t>{0, 1}));
  ASSERT_TRUE(others.receive(1)) << "a late copy is no error";
  EXPECT_FALSE(others.ids.take()) << "and no spare ID either";
  EXPECT_EQ(*others.ids.find(2), id_of(2));
}

TEST(peer_connection_ids, are_each_for_one_path_and_retired_with_the_last_that_shares_it) {
  others_ids others;
  ASSERT_TRUE(others.receive(1));
  EXPECT_TRUE(others.ids.has_unused());
  EXPECT_EQ(others.ids.take(), 1u);
  EXPECT_FALSE(others.ids.has_unused());
  EXPECT_FALSE(others.ids.take());
  others.ids.share(1);
  others.ids.release(1);
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{});
  others.ids.release(1);
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(others.ids.find(1), nullptr);
  others.ids.release(1);
  others.ids.share(1);
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{}) << "what is gone stays gone";
}

TEST(peer_connection_ids, that_are_empty_serve_every_path) {
  peer_connection_ids ids(4, 8);
  ids.set_handshake_id(connection_id());
  EXPECT_TRUE(ids.are_empty());
  EXPECT_EQ(ids.take(), 0u);
  EXPECT_EQ(ids.take(), 0u);
  ids.release(0);
  ids.release(0);
  ids.release(0);
  EXPECT_FALSE(ids.has_frames_to_send());
  EXPECT_TRUE(ids.find(0));
}

// [rfc9000 5.1.2#2]
TEST(peer_connection_ids, are_retired_again_when_that_was_lost) {
  others_ids others;
  ASSERT_TRUE(others.receive(1, 1));
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{0});
  others.ids.on_lost({.kind = sent_frame_kind::retire_connection_id, .id = 0});
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{0});
}

// [rfc9000 5.1.2#2]
TEST(peer_connection_ids, retired_faster_than_it_can_be_said_end_the_connection) {
  others_ids others;
  std::uint64_t sequence = 1;
  while (sequence < 100 && others.receive(sequence, sequence)) ++sequence;
  EXPECT_EQ(sequence, 9u);
  EXPECT_EQ(others.receive(sequence + 1, sequence + 1).error().code, code::connection_id_limit_error);
}

// [rfc9000 19.15#3]
TEST(peer_connection_ids, are_refused_from_a_peer_that_uses_none) {
  peer_connection_ids ids(4, 8);
  ids.set_handshake_id(connection_id());
  EXPECT_EQ(ids.receive({1, 0, id_of(1), token_of(1)}).error().code, code::protocol_violation);
}

// [rfc9000 10.3.1#2]
TEST(peer_connection_ids, know_the_reset_tokens_of_those_in_use) {
  others_ids others;
  EXPECT_FALSE(others.ids.is_reset_token(token_of(0)));
  others.ids.set_handshake_token(token_of(0));
  ASSERT_TRUE(others.receive(1));
  EXPECT_TRUE(others.ids.is_reset_token(token_of(0)));
  EXPECT_FALSE(others.ids.is_reset_token(token_of(1))) << "no packet was sent to that ID (RFC 9000, section 10.3.1)";
  ASSERT_EQ(others.ids.take(), 1u);
  ASSERT_TRUE(others.receive(2, 1));
  EXPECT_FALSE(others.ids.is_reset_token(token_of(0)));
  EXPECT_TRUE(others.ids.is_reset_token(token_of(1)));
  ASSERT_EQ(others.ids.take(), 2u);
  others.ids.release(1);
  EXPECT_FALSE(others.ids.is_reset_token(token_of(1)));
  EXPECT_TRUE(others.ids.is_reset_token(token_of(2)));
  EXPECT_FALSE(others.ids.is_reset_token(byte_view(token_of(2)).first(15)));
  EXPECT_FALSE(others.ids.is_reset_token({}));
}

TEST(peer_connection_ids, whose_retirement_is_never_acknowledged_end_the_connection) {
  others_ids others;
  std::uint64_t sequence = 1;
  // Everything is said at once, so that nothing waits; but the peer acknowledges none of it.
  while (sequence < 100 && others.receive(sequence, sequence)) {
    ++sequence;
    EXPECT_EQ(others.retirements().size(), 1u);
  }
  EXPECT_EQ(sequence, 9u);
}

TEST(peer_connection_ids, are_retired_without_end_by_a_peer_that_acknowledges) {
  others_ids others;
  for (std::uint64_t sequence = 1; sequence < 200; ++sequence) {
    ASSERT_TRUE(others.receive(sequence, sequence));
    for (const std::uint64_t retired : others.retirements())
      others.ids.on_acked({.kind = sent_frame_kind::retire_connection_id, .id = retired});
  }
}

TEST(peer_connection_ids, are_retired_once_however_often_that_is_lost_and_found) {
  others_ids others;
  ASSERT_TRUE(others.receive(1, 1));
  others.retirements();
  const sent_frame said{.kind = sent_frame_kind::retire_connection_id, .id = 0};
  others.ids.on_lost(said);
  others.ids.on_lost(said);
  EXPECT_EQ(others.retirements(), std::vector<std::uint64_t>{0});
  others.ids.on_lost(said);
  others.ids.on_acked(said);
  EXPECT_FALSE(others.ids.has_frames_to_send()) << "the lost copy was not the one that counted";
  others.ids.on_lost(said);
  EXPECT_FALSE(others.ids.has_frames_to_send());
}

TEST(peer_connection_ids, with_sequence_numbers_full_of_holes_stay_bounded) {
  peer_connection_ids ids(4, 8);
  ids.set_handshake_id(id_of(0));
  sent_frames record;
  std::uint64_t sequence = 2;
  for (; sequence < 1000; sequence += 2) {
    const bytes content{static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence)};
    if (!ids.receive({sequence, 0, connection_id(content), token_of(1)})) break;
    ids.release(*ids.take());
    frames_of(ids, record);
  }
  EXPECT_LT(sequence, 40u);
}

}  // namespace
}  // namespace quasio::quic
