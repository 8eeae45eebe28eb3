#include "wire/frame_reader.hpp"

#include <gtest/gtest.h>

#include "wire/frame_writer.hpp"
#include "wire/hostile_input.hpp"
#include "wire/sample_frames.hpp"
#include "wire/samples.hpp"

namespace quasio::wire {
namespace {

constexpr auto frame_encoding_error = transport_error_code::frame_encoding_error;
constexpr auto protocol_violation = transport_error_code::protocol_violation;

std::optional<frame> read_one(const byte_vector& payload) {
  frame_reader in(payload);
  const auto read = in.next();
  if (!read || !in.done()) return std::nullopt;
  return *read;
}

template <class Frame>
std::optional<Frame> read_as(const byte_vector& payload) {
  const auto read = read_one(payload);
  if (!read || !std::holds_alternative<Frame>(*read)) return std::nullopt;
  return std::get<Frame>(*read);
}

void expect_error(std::string_view hex, transport_error_code code, std::uint64_t type) {
  const byte_vector payload = from_hex(hex);
  frame_reader in(payload);
  const auto read = in.next();
  ASSERT_FALSE(read) << hex;
  EXPECT_EQ(read.error().code, code) << hex;
  EXPECT_EQ(read.error().frame_type, type) << hex;
  EXPECT_FALSE(read.error().reason.empty());
  EXPECT_TRUE(in.done()) << "there is nothing to read after an error";
}

TEST(frame_reader, reads_the_client_initial_of_the_rfc) {
  byte_vector payload = from_hex(samples::client_initial_crypto);
  payload.resize(1162);
  frame_reader in(payload);
  const auto first = in.next();
  ASSERT_TRUE(first);
  const auto& crypto = std::get<crypto_frame>(*first);
  EXPECT_EQ(crypto.offset, 0u);
  EXPECT_EQ(crypto.data.size(), 241u);
  EXPECT_EQ(crypto.data.data(), payload.data() + 4) << "a view into the packet";
  const auto second = in.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(std::get<padding_frame>(*second).count, 917u);
  EXPECT_TRUE(in.done());
  EXPECT_EQ(in.position(), 1162u);
}

TEST(frame_reader, reads_the_server_initial_of_the_rfc) {
  const byte_vector payload = from_hex(samples::server_initial_payload);
  frame_reader in(payload);
  const auto first = in.next();
  ASSERT_TRUE(first);
  const auto& ack = std::get<ack_frame>(*first);
  EXPECT_EQ(ack.largest, 0u);
  EXPECT_EQ(ack.delay, 0u);
  EXPECT_FALSE(ack.ecn);
  EXPECT_EQ(*ack.ranges.begin(), (ack_range{0, 0}));
  const auto second = in.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(std::get<crypto_frame>(*second).data.size(), 90u);
  EXPECT_TRUE(in.done());
}

TEST(frame_reader, reads_the_fields_of_each_frame) {
  EXPECT_EQ(read_as<padding_frame>(from_hex("0000"))->count, 2u);
  const auto reset = read_as<reset_stream_frame>(from_hex("04 04 4123 8000f000"));
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->id, 4u);
  EXPECT_EQ(reset->error_code, 0x123u);
  EXPECT_EQ(reset->final_size, 0xf000u);
  const auto stop = read_as<stop_sending_frame>(from_hex("05 08 4123"));
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->id, 8u);
  EXPECT_EQ(stop->error_code, 0x123u);
  const byte_vector token_bytes = from_hex("07 02 aabb");
  EXPECT_EQ(to_hex(read_as<new_token_frame>(token_bytes)->token), "aabb");
  EXPECT_EQ(read_as<max_data_frame>(from_hex("10 4400"))->maximum, 0x400u);
  const auto max_stream_data = read_as<max_stream_data_frame>(from_hex("11 03 4400"));
  ASSERT_TRUE(max_stream_data);
  EXPECT_EQ(max_stream_data->id, 3u);
  EXPECT_EQ(max_stream_data->maximum, 0x400u);
  EXPECT_EQ(read_as<max_streams_frame>(from_hex("12 09"))->direction, stream_direction::bidirectional);
  EXPECT_EQ(read_as<max_streams_frame>(from_hex("13 09"))->direction, stream_direction::unidirectional);
  EXPECT_EQ(read_as<max_streams_frame>(from_hex("13 09"))->maximum, 9u);
  EXPECT_EQ(read_as<data_blocked_frame>(from_hex("14 4400"))->limit, 0x400u);
  const auto stream_blocked = read_as<stream_data_blocked_frame>(from_hex("15 07 4400"));
  ASSERT_TRUE(stream_blocked);
  EXPECT_EQ(stream_blocked->id, 7u);
  EXPECT_EQ(stream_blocked->limit, 0x400u);
  EXPECT_EQ(read_as<streams_blocked_frame>(from_hex("16 05"))->direction, stream_direction::bidirectional);
  EXPECT_EQ(read_as<streams_blocked_frame>(from_hex("17 05"))->direction, stream_direction::unidirectional);
  EXPECT_EQ(read_as<streams_blocked_frame>(from_hex("17 05"))->limit, 5u);
  const auto id = read_as<new_connection_id_frame>(from_hex("18 05 03 02 aabb 000102030405060708090a0b0c0d0e0f"));
  ASSERT_TRUE(id);
  EXPECT_EQ(id->sequence, 5u);
  EXPECT_EQ(id->retire_prior_to, 3u);
  EXPECT_EQ(id->id.to_string(), "aabb");
  EXPECT_EQ(to_hex(id->reset_token), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(read_as<retire_connection_id_frame>(from_hex("19 4400"))->sequence, 0x400u);
  EXPECT_EQ(read_as<path_challenge_frame>(from_hex("1a 0102030405060708"))->data, sample_path_data());
  EXPECT_EQ(read_as<path_response_frame>(from_hex("1b 0102030405060708"))->data, sample_path_data());
}

TEST(frame_reader, tells_both_kinds_of_connection_close_apart) {
  const byte_vector transport = from_hex("1c 0a 08 02 6869");
  const auto by_quic = read_as<connection_close_frame>(transport);
  ASSERT_TRUE(by_quic);
  EXPECT_FALSE(by_quic->by_application);
  EXPECT_EQ(by_quic->error_code, 0x0au);
  EXPECT_EQ(by_quic->frame_type, 0x08u);
  EXPECT_EQ(as_text(by_quic->reason), "hi");
  const byte_vector application = from_hex("1d 4100 02 6869");
  const auto by_application = read_as<connection_close_frame>(application);
  ASSERT_TRUE(by_application);
  EXPECT_TRUE(by_application->by_application);
  EXPECT_EQ(by_application->error_code, 0x100u);
  EXPECT_EQ(by_application->frame_type, 0u);
  EXPECT_EQ(as_text(by_application->reason), "hi");
}

TEST(frame_reader, reads_all_eight_stream_types) {
  for (std::uint8_t bits = 0; bits < 8; ++bits) {
    byte_vector payload{static_cast<std::uint8_t>(0x08 | bits), 0x04};
    if (bits & stream_bits::offset) payload.push_back(0x20);
    if (bits & stream_bits::length) payload.push_back(0x02);
    payload.insert(payload.end(), {0xaa, 0xbb});
    frame_reader in(payload);
    const auto read = in.next();
    ASSERT_TRUE(read);
    const auto& stream = std::get<stream_frame>(*read);
    EXPECT_EQ(stream.id, 4u);
    EXPECT_EQ(stream.offset, bits & stream_bits::offset ? 0x20u : 0u);
    EXPECT_EQ(to_hex(stream.data), "aabb");
    EXPECT_EQ(stream.fin, (bits & stream_bits::fin) != 0);
    EXPECT_EQ(in.last_type(), 0x08u | bits);
    EXPECT_TRUE(in.done());
  }
}

TEST(frame_reader, reads_a_datagram_with_and_without_length) {
  const byte_vector to_the_end = from_hex("30 aabbcc");
  EXPECT_EQ(to_hex(read_as<datagram_frame>(to_the_end)->data), "aabbcc");
  EXPECT_TRUE(read_as<datagram_frame>(from_hex("30"))->data.empty());
  const byte_vector payload = from_hex("31 01 aa 01");
  frame_reader in(payload);
  EXPECT_EQ(to_hex(std::get<datagram_frame>(*in.next()).data), "aa");
  EXPECT_EQ(in.position(), 3u);
  EXPECT_TRUE(std::holds_alternative<ping_frame>(*in.next()));
  EXPECT_TRUE(in.done());
}

TEST(frame_reader, reads_a_run_of_padding_as_one_frame) {
  const byte_vector payload = from_hex("01 000000 01 00");
  frame_reader in(payload);
  EXPECT_TRUE(std::holds_alternative<ping_frame>(*in.next()));
  EXPECT_EQ(std::get<padding_frame>(*in.next()).count, 3u);
  EXPECT_TRUE(std::holds_alternative<ping_frame>(*in.next()));
  EXPECT_EQ(std::get<padding_frame>(*in.next()).count, 1u);
  EXPECT_TRUE(in.done());
}

TEST(frame_reader, counts_padding_of_any_length_exactly) {
  for (std::size_t count = 1; count < 40; ++count) {
    for (const bool ping_behind : {false, true}) {
      byte_vector payload(count, 0);
      if (ping_behind) payload.push_back(0x01);
      frame_reader in(payload);
      const auto read = in.next();
      ASSERT_TRUE(read);
      EXPECT_EQ(std::get<padding_frame>(*read).count, count);
      EXPECT_EQ(in.position(), count);
    }
  }
}

TEST(frame_reader, refuses_a_packet_without_frames) { expect_error("", protocol_violation, 0); }

TEST(frame_reader, refuses_an_unknown_type) {
  expect_error("20", frame_encoding_error, 0x20);
  expect_error("32", frame_encoding_error, 0x32);
  expect_error("40af", frame_encoding_error, 0xaf);
  expect_error("ffffffffffffffff", frame_encoding_error, varint_max);
  // A type whose lowest byte is a known one.
  expect_error("4108 04 aabb", frame_encoding_error, 0x108);
}

// [rfc9000 12.4#5]
TEST(frame_reader, refuses_a_type_that_is_longer_than_needed) {
  expect_error("4001", protocol_violation, 0x01);
  expect_error("80000001", protocol_violation, 0x01);
  expect_error("c000000000000001", protocol_violation, 0x01);
  expect_error("800000af", protocol_violation, 0xaf);
}

TEST(frame_reader, refuses_a_type_that_is_cut_short) { expect_error("40", frame_encoding_error, 0); }

// [rfc9000 19.6#1 19.8#2]
TEST(frame_reader, refuses_offsets_beyond_62_bits) {
  // The last byte that there can be is at 2^62-2.
  EXPECT_TRUE(read_one(from_hex("06 fffffffffffffffe 01 aa")));
  EXPECT_TRUE(read_one(from_hex("06 ffffffffffffffff 00")));
  expect_error("06 ffffffffffffffff 01 aa", frame_encoding_error, 0x06);
  EXPECT_TRUE(read_one(from_hex("0e 04 fffffffffffffffe 01 aa")));
  expect_error("0e 04 ffffffffffffffff 01 aa", frame_encoding_error, 0x0e);
  expect_error("0d 04 ffffffffffffffff aa", frame_encoding_error, 0x0d);
}

// [rfc9000 19.14#1]
TEST(frame_reader, refuses_more_than_2_to_the_60_streams) {
  for (const char* type : {"12", "13", "16", "17"}) {
    EXPECT_TRUE(read_one(from_hex(std::string(type) + "d000000000000000")));
    const byte_vector number = from_hex(type);
    expect_error(std::string(type) + "d000000000000001", frame_encoding_error, number[0]);
  }
}

// [rfc9000 19.7#2]
TEST(frame_reader, refuses_an_empty_token) { expect_error("07 00", frame_encoding_error, 0x07); }

// [rfc9000 19.15#1]
TEST(frame_reader, refuses_bad_new_connection_ids) {
  const std::string token = "000102030405060708090a0b0c0d0e0f";
  expect_error("18 05 03 00" + token, frame_encoding_error, 0x18);
  expect_error("18 05 03 15 000102030405060708090a0b0c0d0e0f1011121314" + token, frame_encoding_error, 0x18);
  expect_error("18 05 06 01 aa" + token, frame_encoding_error, 0x18);
  EXPECT_TRUE(read_one(from_hex("18 05 05 01 aa" + token)));
  EXPECT_TRUE(read_one(from_hex("18 05 05 14 000102030405060708090a0b0c0d0e0f10111213" + token)));
}

TEST(frame_reader, refuses_every_truncation_of_every_frame) {
  for (const sample_frame& sample : sample_frames()) {
    const byte_vector valid = from_hex(sample.hex);
    if (std::holds_alternative<padding_frame>(sample.value)) continue;
    for_each_truncation(valid, [&](const byte_vector& cut) {
      frame_reader in(cut);
      const auto read = in.next();
      ASSERT_FALSE(read) << sample.hex << " cut to " << cut.size();
      if (cut.empty()) return;
      EXPECT_EQ(read.error().code, frame_encoding_error);
      byte_reader type(cut);
      EXPECT_EQ(read.error().frame_type, type.read_varint().value_or(0));
    });
  }
}

// Whatever is read can be written again, and then reads as the same.
void walk_any_payload(const byte_vector& payload) {
  frame_reader in(payload);
  std::size_t before = 0;
  do {
    const auto read = in.next();
    if (!read) {
      EXPECT_TRUE(in.done());
      return;
    }
    ASSERT_GT(in.position(), before) << "each frame takes the reader further";
    before = in.position();
    byte_vector once(encoded_size(*read));
    byte_writer out(once);
    write(out, *read);
    ASSERT_FALSE(out.overflowed());
    ASSERT_EQ(out.remaining(), 0u);
    frame_reader again(once);
    const auto reread = again.next();
    ASSERT_TRUE(reread);
    byte_vector twice(encoded_size(*reread));
    byte_writer out_again(twice);
    write(out_again, *reread);
    ASSERT_EQ(once, twice);
  } while (!in.done());
}

TEST(frame_reader, survives_any_change_to_every_frame) {
  for (const sample_frame& sample : sample_frames()) for_each_flip(from_hex(sample.hex), walk_any_payload);
  for_each_flip(from_hex("03 4400 20 02 05 01 02 00 00 01 02 03"), walk_any_payload);
  for_each_flip(from_hex(samples::server_initial_payload), walk_any_payload);
  for_each_truncation(from_hex(samples::server_initial_payload), walk_any_payload);
}

TEST(frame_reader, survives_random_bytes) {
  for_each_random_input(100000, walk_any_payload);
  // Most random first bytes are no frame type: force one.
  for_each_random_input(100000, [](byte_vector payload) {
    if (payload.empty()) return;
    payload[0] &= 0x1f;
    walk_any_payload(payload);
  });
}

}  // namespace
}  // namespace quasio::wire
