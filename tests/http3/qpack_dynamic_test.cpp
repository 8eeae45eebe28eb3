#include <gtest/gtest.h>

#include <deque>

#include "http3/huffman.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/test_bytes.hpp"

/// QPACK with a dynamic table: what the encoder chooses, and what each side refuses.
namespace quasio::http3 {
namespace {

using namespace testing;

constexpr section_limits wide{1 << 20, 1000};

field line(std::string name, std::string value, bool never_indexed = false) {
  return {std::move(name), std::move(value), never_indexed};
}

/// An encoder, and a decoder that hears it at once and answers when told to.
class conversation {
public:
  explicit conversation(const qpack_encoder_limits& limits)
      : decoder({static_cast<std::size_t>(limits.max_capacity), static_cast<std::size_t>(limits.max_blocked_streams)}) {
    encoder.allow_dynamic_table(limits);
  }

  /// The bytes of the section. The instructions have been heard.
  bytes say(stream_id id, const field_list& fields, std::size_t room = SIZE_MAX) {
    bytes section;
    encoder.encode(id, fields, room, section);
    instructions_size = encoder.instructions().size();
    EXPECT_LE(instructions_size, room);
    const auto heard = decoder.on_encoder_stream(encoder.instructions());
    EXPECT_TRUE(heard) << heard.error().what.reason;
    encoder.instructions().clear();
    const auto decoded = decoder.decode(id, section, wide);
    EXPECT_TRUE(decoded) << decoded.error().what.reason;
    if (decoded) expect_same(*decoded, fields);
    return section;
  }

  void acknowledge() {
    decoder.acknowledge_inserts();
    const auto taken = encoder.on_decoder_stream(decoder.instructions());
    EXPECT_TRUE(taken) << taken.error().what.reason;
    decoder.instructions().clear();
  }

  static void expect_same(const field_list& decoded, const field_list& wanted) {
    ASSERT_EQ(decoded.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(decoded[i].name, wanted[i].name);
      EXPECT_EQ(decoded[i].value, wanted[i].value);
      EXPECT_GE(decoded[i].never_indexed, wanted[i].never_indexed);
    }
  }

  qpack_encoder encoder;
  qpack_decoder decoder;
  std::size_t instructions_size = 0;
};

const field_list some_request = {line(":method", "GET"), line(":authority", "www.example.com"), line(":path", "/a"),
                                 line("user-agent", "An agent of some length/1.0"), line("x-unknown", "a value")};

// --- The encoder's choices -----------------------------------------------------------------------------------------

TEST(qpack_dynamic_encoder, refers_to_what_came_before) {
  conversation talk({4096, 4096, 10, 100});
  const std::size_t first = talk.say(0, some_request).size() + talk.instructions_size;
  talk.acknowledge();
  const std::size_t second = talk.say(4, some_request).size() + talk.instructions_size;
  EXPECT_GT(first, 50u);
  EXPECT_LE(second, 2 + some_request.size() + 5) << "a byte a line, and the path, which is inserted now";
}

// [rfc9204 3.2.3#3]
TEST(qpack_dynamic_encoder, writes_nothing_to_its_stream_when_the_peer_allows_no_table) {
  for (const std::size_t capacity : {0u, 31u}) {
    qpack_encoder encoder;
    encoder.allow_dynamic_table({capacity, capacity, 100, 100});
    for (stream_id id = 0; id < 40; id += 4) {
      bytes encoded;
      encoder.encode(id, some_request, SIZE_MAX, encoded);
      EXPECT_TRUE(encoder.instructions().empty());
      EXPECT_EQ(encoded, section(some_request));
    }
  }
}

// [rfc9204 2.1.2#1]
TEST(qpack_dynamic_encoder, risks_no_blocking_where_none_is_allowed) {
  conversation talk({4096, 4096, 0, 100});
  const field_list fields = {line("x-often", std::string(100, '\\'))};
  for (stream_id id = 0; id < 40; id += 4) {
    EXPECT_EQ(talk.say(id, fields).front(), 0) << "nothing has been acknowledged";
  }
  EXPECT_GE(talk.decoder.table().insert_count(), 1u);
  talk.acknowledge();
  EXPECT_NE(talk.say(100, fields).front(), 0);
}

// [rfc9204 2.1.2#1]
TEST(qpack_dynamic_encoder, puts_no_more_streams_at_risk_than_are_allowed) {
  conversation talk({4096, 4096, 3, 100});
  std::size_t risky = 0;
  for (stream_id id = 0; id < 400; id += 4) {
    if (talk.say(id, {line("x-often", std::string(100, '\\'))}).front() != 0) ++risky;
    EXPECT_LE(talk.encoder.dynamic()->unacknowledged().streams_at_risk(0), 3u);
  }
  EXPECT_GE(risky, 1u);
  EXPECT_LE(risky, 3u);
  talk.acknowledge();
  EXPECT_NE(talk.say(400, {line("x-often", std::string(100, '\\'))}).front(), 0);
}

TEST(qpack_dynamic_encoder, a_stream_that_is_at_risk_may_risk_more) {
  conversation talk({4096, 4096, 1, 100});
  EXPECT_NE(talk.say(0, {line("x-first", std::string(100, '\\'))}).front(), 0);
  EXPECT_NE(talk.say(0, {line("x-second", std::string(100, '\\'))}).front(), 0);
  EXPECT_EQ(talk.say(4, {line("x-first", std::string(100, '\\'))}).front(), 0);
}

/// Indices of the static table take two bytes from 15 on in a line, and from 63 on in an insertion.
TEST(qpack_dynamic_encoder, takes_a_name_from_where_its_index_is_shorter) {
  conversation talk({4096, 4096, 100, 1000});
  const field agent = line("user-agent", std::string(60, '\\'));  // Its name is entry 95.
  const field secret = line("user-agent", "0", true);
  EXPECT_EQ(talk.say(0, {secret}).size(), 2u + 2 + 2) << "there is nothing else to refer to";
  talk.say(4, {agent});
  talk.acknowledge();
  EXPECT_EQ(talk.say(8, {agent, secret}).size(), 2u + 1 + 1 + 2);
  EXPECT_EQ(talk.say(12, {secret}).size(), 2u + 2 + 2) << "a byte is not worth an acknowledgment";
  talk.say(16, {agent, line("user-agent", std::string(50, '|'))});
  EXPECT_EQ(talk.instructions_size, 1u + 1 + 50);
}

// [rfc9204 4.5.4#1 7.1.3#1]
TEST(qpack_dynamic_encoder, never_indexes_what_is_marked_or_secret) {
  conversation talk({4096, 4096, 100, 1000});
  const field_list fields = {line("authorization", "Basic " + std::string(60, 'x')),
                             line("proxy-authorization", "Basic " + std::string(60, 'x')),
                             line("cookie", "pin=1234"),
                             line("set-cookie", "pin=1234"),
                             line("x-secret", std::string(60, 'x'), true),
                             line(":method", "GET", true)};
  for (stream_id id = 0; id < 200; id += 4) {
    talk.say(id, fields);
    talk.acknowledge();
  }
  EXPECT_EQ(talk.decoder.table().insert_count(), 0u);
}

// [rfc9204 4.5.4#1 4.5.4#2 7.1.3#1 7.1.3#2]
TEST(qpack_dynamic_encoder, keeps_what_is_marked_marked_when_an_entry_has_its_name) {
  conversation talk({4096, 4096, 100, 1000});
  talk.say(0, {line("x-token", std::string(60, 'x'))});
  talk.acknowledge();
  bytes encoded;
  talk.encoder.encode(4, {line("x-token", "secret", true)}, SIZE_MAX, encoded);
  EXPECT_EQ(encoded[2] & 0xf0, 0x60) << "a literal with N and a reference to the name in the dynamic table";
  const auto decoded = talk.decoder.decode(4, encoded, wide);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->front().never_indexed);
}

TEST(qpack_dynamic_encoder, does_not_let_lines_that_never_return_push_out_those_that_do) {
  conversation talk({512, 512, 100, 1000});
  const field popular = line("x-popular", std::string(100, '\\'));
  std::size_t literal = 0;
  for (int i = 0; i < 300; ++i) {
    const bytes encoded =
        talk.say(4 * static_cast<stream_id>(i), {popular, line("x-once", std::to_string(i) + "-once")});
    if (i > 0 && encoded.size() + talk.instructions_size > 60) ++literal;
    talk.acknowledge();
  }
  EXPECT_EQ(literal, 0u);
}

TEST(qpack_dynamic_encoder, goes_on_replacing_entries_when_acknowledgments_come_late) {
  conversation talk({2048, 2048, 100, 1000});
  std::deque<bytes> under_way;
  std::uint64_t halfway = 0;
  for (int i = 0; i < 600; ++i) {
    // What is popular changes every fifty sections.
    const std::string era = std::to_string(i / 50);
    const field_list fields = {line("user-agent", "the same for ever " + std::string(60, 'x')),
                               line("x-era", "popular for a while " + era + std::string(40, 'y')),
                               line("x-page", "now and then " + era + std::to_string(i % 3) + std::string(40, 'z'))};
    talk.say(4 * static_cast<stream_id>(i), fields);
    talk.decoder.acknowledge_inserts();
    under_way.push_back(std::exchange(talk.decoder.instructions(), {}));
    if (under_way.size() > 10) {
      ASSERT_TRUE(talk.encoder.on_decoder_stream(under_way.front()));
      under_way.pop_front();
    }
    if (i == 300) halfway = talk.decoder.table().insert_count();
  }
  EXPECT_GT(talk.decoder.table().insert_count(), halfway + 10);
}

TEST(qpack_dynamic_encoder, writes_no_instruction_without_room_for_all_of_it) {
  for (std::size_t room = 0; room < 300; ++room) {
    conversation talk({4096, 4096, 100, 1000});
    for (stream_id id = 0; id < 12; id += 4) {
      field_list fields = some_request;
      fields.push_back(line("x-long-name-" + std::string(20, 'n'), std::string(30, '\\') + std::to_string(id)));
      talk.say(id, fields, room);
      EXPECT_LE(talk.instructions_size, room);
      if (id == 4) talk.acknowledge();
    }
  }
}

// [rfc9204 3.2.3#1 4.3.1#1]
TEST(qpack_dynamic_encoder, uses_less_than_the_peer_allows_when_told_to) {
  conversation talk({200, 1 << 20, 100, 1000});
  for (stream_id id = 0; id < 400; id += 4) {
    talk.say(id, {line("x-name", std::string(60, 'v') + std::to_string(id / 40))});
    talk.acknowledge();
  }
  EXPECT_EQ(talk.decoder.table().capacity(), 200u);
  EXPECT_GT(talk.decoder.table().insert_count(), 1u);
}

// --- A peer that does not acknowledge, or acknowledges nonsense
// -------------------------------------------------------

TEST(qpack_dynamic_encoder, costs_bounded_memory_when_nothing_is_acknowledged) {
  conversation talk({4096, 4096, UINT64_MAX, 64});
  for (int i = 0; i < 5000; ++i) {
    field_list fields = some_request;
    fields.push_back(line("x-new", std::string(50, 'x') + std::to_string(i / 3)));
    talk.say(4 * static_cast<stream_id>(i), fields);
    talk.decoder.instructions().clear();
  }
  EXPECT_EQ(talk.encoder.dynamic()->unacknowledged().size(), 64u);
  EXPECT_LE(talk.encoder.dynamic()->memory(), 48u * 1024);
}

TEST(qpack_dynamic_encoder, a_cancelled_stream_lets_its_entries_go) {
  conversation talk({4096, 4096, 100, 2});
  talk.say(0, some_request);
  talk.say(4, some_request);
  EXPECT_EQ(talk.say(8, some_request).front(), 0) << "no more sections may be outstanding";
  ASSERT_TRUE(talk.encoder.on_decoder_stream(from_hex("40 44")));
  EXPECT_EQ(talk.encoder.dynamic()->unacknowledged().size(), 0u);
  EXPECT_EQ(talk.encoder.dynamic()->table().known_received_count(), 0u) << "section 2.2.2.2";
  ASSERT_TRUE(talk.encoder.on_decoder_stream(from_hex("40 44 7f80 01"))) << "it may be said of any stream";
}

// [rfc9204 4.4.1#1 4.4.3#1 7.4#1]
TEST(qpack_dynamic_encoder, refuses_acknowledgments_of_what_was_not_sent) {
  for (const char* hex :
       {"84",     // No section on stream 4.
        "80 80",  // One section on stream 0, and it was acknowledged.
        "40 80",  // It was cancelled.
        "00",     // An increment of zero.
        "3f 00",  // 63 entries.
        "ff ff ff ff ff ff ff ff ff ff ff", "7f ff ff ff ff ff ff ff ff ff ff", "3f ff ff ff ff ff ff ff ff ff ff"}) {
    for (const bool in_pieces : {false, true}) {
      conversation talk({4096, 4096, 100, 100});
      talk.say(0, some_request);
      const bytes said = from_hex(hex);
      result<void, breach> taken;
      for (std::size_t i = 0; in_pieces && i < said.size() && taken; ++i) {
        taken = talk.encoder.on_decoder_stream(byte_view(said).subspan(i, 1));
      }
      if (!in_pieces) taken = talk.encoder.on_decoder_stream(said);
      ASSERT_FALSE(taken) << hex;
      EXPECT_EQ(taken.error().what.code, error_code::qpack_decoder_stream_error) << hex;
      EXPECT_EQ(taken.error().cost, breach::scope::connection);
    }
  }
}

// --- What the decoder refuses --------------------------------------------------------------------------------------

/// A table of 100 bytes that has held a=1 and b=2, and holds b=2 and c=3.
qpack_decoder experienced_decoder() {
  qpack_decoder decoder({100, 2});
  EXPECT_TRUE(decoder.on_encoder_stream(from_hex("3f45 41 61 01 31 41 62 01 32 41 63 01 33")));
  EXPECT_EQ(decoder.table().oldest(), 1u);
  EXPECT_EQ(decoder.table().insert_count(), 3u);
  return decoder;
}

// [rfc9204 2.2#1 2.2.2.1#1]
TEST(qpack_dynamic_decoder, resolves_every_kind_of_reference) {
  qpack_decoder decoder = experienced_decoder();
  // Required Insert Count 3, Base 2: relative 0 is b, post-base 0 is c; then names alone, with and without N.
  const auto fields = decoder.decode(0, from_hex("04 80 80 10 40 01 78 60 01 79 00 01 7a 08 01 7a"), wide);
  ASSERT_TRUE(fields) << fields.error().what.reason;
  EXPECT_EQ(*fields, (field_list{line("b", "2"), line("c", "3"), line("b", "x"), line("b", "y", true), line("c", "z"),
                                 line("c", "z", true)}));
  EXPECT_EQ(decoder.instructions(), from_hex("80"));
}

// [rfc9204 2.2.1#1 2.2.3#1 4.5.1.1#1 4.5.1.2#2 7.4#1]
TEST(qpack_dynamic_decoder, refuses_sections_that_cannot_be) {
  for (const char* hex : {"04 00 82",           // Evicted: relative 2 of Base 3 is entry 0.
                          "04 00 80 82",        // The same, beside one that is there.
                          "04 00 83",           // Before the first entry.
                          "03 01 80 81",        // Base 3, and so entry 2, beyond the count of 2.
                          "04 80 80 11",        // Post-base 1 of Base 2 is entry 3.
                          "04 80 80 01 01 78",  // The name of entry 3.
                          "04 83 10",           // A negative Base.
                          "04 80 80",           // Needs no more than 2, and says 3.
                          "04 00",              // Needs nothing, and says 3.
                          "00 00 80",           // Says 0, and needs more.
                          "08 00 80",           // No such count: twice the most entries is 6.
                          "ff ff ff ff ff ff ff ff ff ff ff 00", "04 7f ff ff ff ff ff ff ff ff ff 80", "04",
                          "04 00 bf", "04 00 40 05 78"}) {
    qpack_decoder decoder = experienced_decoder();
    const auto fields = decoder.decode(0, from_hex(hex), wide);
    ASSERT_FALSE(fields) << hex;
    EXPECT_EQ(to_string(fields.error().what.code), "QPACK_DECOMPRESSION_FAILED") << hex;
    EXPECT_EQ(fields.error().cost, breach::scope::connection);
    EXPECT_TRUE(decoder.instructions().empty()) << "what fails is not acknowledged";
  }
}

// Else each byte of a value would have its name decoded anew.
TEST(qpack_dynamic_decoder, decodes_a_name_once_its_value_has_come) {
  qpack_decoder decoder({4096, 0});
  const auto hear = [&](std::string_view hex) {
    const bytes said = from_hex(hex);
    return decoder.on_encoder_stream(said).has_value();
  };
  ASSERT_TRUE(hear("3f e1 1f"));  // The table's capacity.
  ASSERT_TRUE(hear("61 00"));     // A Huffman-coded name whose padding is wrong.
  ASSERT_TRUE(hear("03 61 62"));  // A value of three bytes.
  EXPECT_FALSE(hear("63"));
}

// [rfc9204 2.2.3#2 3.1#2 3.2.2#2 4.3.1#2 7.4#1]
TEST(qpack_dynamic_decoder, refuses_instructions_that_cannot_be) {
  std::string over_capacity = "41 61 44 ";
  for (int i = 0; i < 68; ++i) over_capacity += "31";
  for (const char* hex : {"3f46",                        // A capacity of 101.
                          "02", "1f 80 01",              // Duplicates of what is not there.
                          "82 01 78", "bf 80 01 01 78",  // Names of what is not there.
                          "ff 24 01 78",                 // Entry 99 of the static table.
                          "41 61 65",                    // A value of 101 bytes.
                          "5f 46",                       // A name of 101 bytes.
                          over_capacity.c_str(),         // 68 + 1 + 32.
                          "c0 ff ff ff ff ff ff ff ff ff ff", "1f ff ff ff ff ff ff ff ff ff ff",
                          "41 61 81 00",  // Huffman padding of zeros.
                          "61 00 01 31"}) {
    for (const bool in_pieces : {false, true}) {
      qpack_decoder decoder = experienced_decoder();
      const bytes said = from_hex(hex);
      result<void, breach> taken;
      for (std::size_t i = 0; in_pieces && i < said.size() && taken; ++i) {
        taken = decoder.on_encoder_stream(byte_view(said).subspan(i, 1));
      }
      if (!in_pieces) taken = decoder.on_encoder_stream(said);
      ASSERT_FALSE(taken) << hex;
      EXPECT_EQ(to_string(taken.error().what.code), "QPACK_ENCODER_STREAM_ERROR") << hex;
      EXPECT_EQ(taken.error().cost, breach::scope::connection);
    }
  }
}

// [rfc9204 3.2#1]
TEST(qpack_dynamic_decoder, takes_the_same_line_as_often_as_it_comes) {
  qpack_decoder decoder({200, 0});
  ASSERT_TRUE(decoder.on_encoder_stream(from_hex("3fa901 41 61 01 31 41 61 01 31 00")));
  EXPECT_EQ(decoder.table().insert_count(), 3u);
  const auto fields = decoder.decode(0, from_hex("04 00 80 81 82"), wide);
  ASSERT_TRUE(fields);
  EXPECT_EQ(*fields, (field_list(3, line("a", "1"))));
}

// [rfc9204 2.1.2#2]
TEST(qpack_dynamic_decoder, allows_so_many_blocked_streams_and_no_more) {
  qpack_decoder decoder = experienced_decoder();
  const bytes needs_four = from_hex("05 00 80");
  EXPECT_EQ(decoder.is_decodable(0, needs_four).value(), false);
  EXPECT_EQ(decoder.is_decodable(0, needs_four).value(), false) << "the same stream";
  EXPECT_EQ(decoder.is_decodable(4, needs_four).value(), false);
  EXPECT_EQ(decoder.blocked_streams(), 2u);
  const auto refused = decoder.is_decodable(8, needs_four);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what.code, error_code::qpack_decompression_failed);
  decoder.cancel(4);
  EXPECT_EQ(decoder.is_decodable(8, needs_four).value(), false);
}

TEST(qpack_dynamic_decoder, a_small_section_does_not_unfold_into_much) {
  qpack_decoder decoder({4096, 0});
  bytes instructions = from_hex("3fe11f 41 61 7f 81 1e");  // A value of 4000 bytes.
  instructions.insert(instructions.end(), 4000, 'x');
  ASSERT_TRUE(decoder.on_encoder_stream(instructions));
  bytes bomb = from_hex("02 00");
  bomb.insert(bomb.end(), 60'000, 0x80);
  const auto fields = decoder.decode(0, bomb, {64 * 1024, 256});
  ASSERT_FALSE(fields);
  EXPECT_TRUE(fields.error().section_too_large);
  EXPECT_EQ(fields.error().cost, breach::scope::exchange);
}

TEST(qpack_dynamic_decoder, costs_bounded_memory_whatever_the_encoder_stream_says) {
  for (const char* hex : {"41 61 7f e1 1e",  // A literal value of 4064 bytes.
                          "41 61 ff e1 7d",  // One of 16 thousand in Huffman code.
                          "5f e1 1e"}) {
    qpack_decoder decoder({4096, 100});
    ASSERT_TRUE(decoder.on_encoder_stream(from_hex("3fe11f")));
    for (int round = 0; round < 100; ++round) {
      auto taken = decoder.on_encoder_stream(from_hex(hex));
      for (int i = 0; i < 5000 && taken; ++i) taken = decoder.on_encoder_stream(from_hex("31"));
      if (!taken) break;
    }
    EXPECT_LE(decoder.memory(), 64u * 1024) << hex;
  }
  qpack_decoder decoder({4096, 100});
  ASSERT_TRUE(decoder.on_encoder_stream(from_hex("3fe11f")));
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(decoder.on_encoder_stream(from_hex("40 00")));
  decoder.acknowledge_inserts();
  EXPECT_LE(decoder.memory(), 16u * 1024);
  EXPECT_LE(decoder.instructions().size(), 10u);
}

TEST(qpack_dynamic_decoder, says_nothing_of_cancelled_streams_when_it_allows_no_table) {
  qpack_decoder none;
  none.cancel(4);
  EXPECT_TRUE(none.instructions().empty());
  qpack_decoder some({100, 0});
  some.cancel(4);
  EXPECT_EQ(some.instructions(), from_hex("44"));
}

}  // namespace
}  // namespace quasio::http3
