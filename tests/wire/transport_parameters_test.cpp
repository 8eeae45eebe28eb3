#include "quasio/wire/transport_parameters.hpp"

#include <gtest/gtest.h>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"
#include "wire/hostile_input.hpp"
#include "wire/samples.hpp"

namespace quasio {
namespace {

using namespace std::chrono_literals;
using wire::byte_vector;
using wire::from_hex;
using wire::to_hex;

constexpr auto client = endpoint_role::client;
constexpr auto server = endpoint_role::server;

connection_id id(std::string_view hex) { return connection_id(from_hex(hex)); }

transport_result<transport_parameters> decode(std::string_view hex, endpoint_role sender = server) {
  return decode_transport_parameters(from_hex(hex), sender);
}

void expect_refused(std::string_view hex, endpoint_role sender = server) {
  const auto decoded = decode(hex, sender);
  ASSERT_FALSE(decoded) << hex;
  EXPECT_EQ(decoded.error().code, transport_error_code::transport_parameter_error) << hex;
  EXPECT_FALSE(decoded.error().reason.empty());
}

stateless_reset_token token() { return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

transport_parameters all_parameters() {
  transport_parameters all;
  all.original_destination_connection_id = id("8394c8f03e515708");
  all.max_idle_timeout = 30s;
  all.stateless_reset_token = token();
  all.max_udp_payload_size = 1472;
  all.initial_max_data = 1'000'000;
  all.initial_max_stream_data_bidi_local = 100'001;
  all.initial_max_stream_data_bidi_remote = 100'002;
  all.initial_max_stream_data_uni = 100'003;
  all.initial_max_streams_bidi = std::uint64_t{1} << 60;
  all.initial_max_streams_uni = 3;
  all.ack_delay_exponent = 20;
  all.max_ack_delay = 16383ms;
  all.disable_active_migration = true;
  all.preferred_address = preferred_address{ip_endpoint::v4({192, 0, 2, 1}, 443), ip_endpoint{}, id("aabbcc"), token()};
  all.preferred_address->v6->address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  all.preferred_address->v6->port = 8443;
  all.active_connection_id_limit = 8;
  all.initial_source_connection_id = id("f067a5502a4262b5");
  all.retry_source_connection_id = connection_id();
  all.max_datagram_frame_size = 65535;
  all.version_information = version_information{quic_version::v2, {quic_version::v2, quic_version::v1}};
  all.grease_quic_bit = true;
  all.min_ack_delay = 1000us;
  return all;
}

transport_parameters without_server_only(transport_parameters parameters) {
  parameters.original_destination_connection_id.reset();
  parameters.stateless_reset_token.reset();
  parameters.preferred_address.reset();
  parameters.retry_source_connection_id.reset();
  return parameters;
}

TEST(transport_parameters, are_the_defaults_of_the_rfc_when_nothing_is_sent) {
  const auto decoded = decode("");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, transport_parameters{});
  EXPECT_EQ(decoded->max_udp_payload_size, 65527u);
  EXPECT_EQ(decoded->ack_delay_exponent, 3u);
  EXPECT_EQ(decoded->max_ack_delay, 25ms);
  EXPECT_EQ(decoded->active_connection_id_limit, 2u);
  EXPECT_EQ(decoded->max_idle_timeout, 0ms);
  EXPECT_EQ(decoded->max_datagram_frame_size, 0u);
  EXPECT_TRUE(encode_transport_parameters({}, server).empty());
}

// [rfc9000 7.4#2 18.2#1 18.2#8]
TEST(transport_parameters, are_read_back_as_they_were_written) {
  const transport_parameters all = all_parameters();
  const auto from_server = decode_transport_parameters(encode_transport_parameters(all, server), server);
  ASSERT_TRUE(from_server);
  EXPECT_EQ(*from_server, all);
  const auto from_client = decode_transport_parameters(encode_transport_parameters(all, client), client);
  ASSERT_TRUE(from_client);
  EXPECT_EQ(*from_client, without_server_only(all)) << "a client never writes a server's parameters";
}

// The quic_transport_parameters extension in the ClientHello of RFC 9001, section A.2.
TEST(transport_parameters, are_read_from_the_client_hello_of_the_rfc) {
  const std::string_view sample = wire::samples::client_initial_crypto;
  const auto decoded = decode(sample.substr(sample.size() - 2 * 50), client);
  ASSERT_TRUE(decoded);
  transport_parameters expected;
  expected.initial_max_data = varint_max;
  expected.initial_max_stream_data_bidi_local = 65535;
  expected.initial_max_stream_data_bidi_remote = 65535;
  expected.initial_max_stream_data_uni = 65535;
  expected.initial_max_streams_bidi = 16;
  expected.initial_max_streams_uni = 16;
  expected.max_idle_timeout = 30s;
  expected.initial_source_connection_id = id("8394c8f03e515708");
  EXPECT_EQ(*decoded, expected);
}

TEST(transport_parameters, are_read_in_any_order_and_with_long_varints) {
  const auto decoded = decode("0b 04 80000010  4001 02 4064");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->max_ack_delay, 16ms);
  EXPECT_EQ(decoded->max_idle_timeout, 100ms);
}

// [rfc9000 7.4.2#1]
TEST(transport_parameters, skip_what_they_do_not_know) {
  const auto decoded = decode("1b 03 aabbcc  c0000000ff04de1c 01 05  0e 01 07");
  ASSERT_TRUE(decoded);
  transport_parameters expected;
  expected.active_connection_id_limit = 7;
  EXPECT_EQ(*decoded, expected);
}

TEST(transport_parameters, cap_an_idle_timeout_that_would_overflow_a_point_in_time) {
  const auto decoded = decode("01 08 ffffffffffffffff");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->max_idle_timeout, max_idle_timeout_cap);
}

TEST(transport_parameters, refuse_a_server_only_parameter_from_a_client) {
  const std::string preferred =
      "0d 2a 00000000 0000 00000000000000000000000000000000 0000 01 aa 000102030405060708090a0b0c0d0e0f";
  for (const std::string& hex :
       {std::string("00 00"), std::string("02 10 000102030405060708090a0b0c0d0e0f"), preferred, std::string("10 00")}) {
    EXPECT_TRUE(decode(hex, server)) << hex;
    expect_refused(hex, client);
  }
}

// [rfc9000 4.6#1 18.2#6]
TEST(transport_parameters, refuse_values_out_of_range_and_take_those_on_the_border) {
  EXPECT_TRUE(decode("03 02 44b0"));  // 1200
  expect_refused("03 02 44af");
  EXPECT_TRUE(decode("08 08 d000000000000000"));
  expect_refused("08 08 d000000000000001");
  EXPECT_TRUE(decode("09 08 d000000000000000"));
  expect_refused("09 08 d000000000000001");
  EXPECT_TRUE(decode("0a 01 14"));
  expect_refused("0a 01 15");
  EXPECT_TRUE(decode("0b 02 7fff"));
  expect_refused("0b 04 80004000");
  EXPECT_TRUE(decode("0e 01 02"));
  expect_refused("0e 01 01");
  expect_refused("0e 01 00");
}

TEST(transport_parameters, refuse_bad_lengths) {
  for (const char* integer : {"01", "03", "04", "05", "06", "07", "08", "09", "0a", "0b", "0e", "20"}) {
    expect_refused(std::string(integer) + "00");
    expect_refused(std::string(integer) + "0140");
    expect_refused(std::string(integer) + "03450000");  // A good varint, and a byte more.
  }
  expect_refused("02 0f 000102030405060708090a0b0c0d0e");
  expect_refused("02 11 000102030405060708090a0b0c0d0e0f10");
  expect_refused("0c 01 00");
  expect_refused("6ab2 01 00");
  const std::string id_of_21 = "15 000102030405060708090a0b0c0d0e0f1011121314";
  for (const char* id_parameter : {"00", "0f", "10"}) expect_refused(std::string(id_parameter) + id_of_21);
  EXPECT_TRUE(decode("6ab2 00")->grease_quic_bit);
}

TEST(transport_parameters, refuse_a_min_ack_delay_beyond_the_max_ack_delay) {
  const std::string id = "c0000000ff04de1b";
  EXPECT_EQ(decode(id + " 02 43e8")->min_ack_delay, 1000us);
  EXPECT_EQ(decode(id + " 01 00")->min_ack_delay, 0us);
  EXPECT_FALSE(decode("")->min_ack_delay);
  // 25 ms is what stands for no max_ack_delay.
  EXPECT_TRUE(decode(id + " 04 800061a8"));
  expect_refused(id + " 04 800061a9");
  EXPECT_TRUE(decode(id + " 04 800061a9 0b 01 1a")) << "whatever their order";
  expect_refused("0b 01 01 " + id + " 04 800061a8");
  expect_refused(id + " 08 ffffffffffffffff 0b 02 7fff");
  expect_refused(id + " 01 00 " + id + " 01 00");
}

TEST(transport_parameters, refuse_to_be_cut_short_in_the_middle_of_one) {
  expect_refused("01");
  expect_refused("01 02 40");
  expect_refused("40");
  expect_refused("1b ffffffffffffffff");
}

// [rfc9000 7.4#2]
TEST(transport_parameters, refuse_duplicates_of_known_and_of_unknown_ones) {
  expect_refused("01 01 05 01 01 05");
  expect_refused("0c 00 0c 00");
  expect_refused("6ab2 00 6ab2 00");
  expect_refused("1b 00 1b 00");
  expect_refused("7fff 00 7ffe 00 7fff 00");
}

byte_vector unknown_parameters(std::uint64_t count) {
  byte_vector encoded(count * 9);
  byte_writer out(encoded);
  for (std::uint64_t i = 0; i < count; ++i) {
    out.write_varint(0x100000 + i, 8);
    out.write_u8(0);
  }
  return encoded;
}

TEST(transport_parameters, skip_thousands_of_unknown_ones_and_still_find_duplicates_of_known_ones) {
  byte_vector encoded = unknown_parameters(7000);
  EXPECT_TRUE(decode_transport_parameters(encoded, client));
  for (int i = 0; i < 2; ++i) {
    const byte_vector grease = from_hex("6ab2 00");
    encoded.insert(encoded.end(), grease.begin(), grease.end());
  }
  EXPECT_FALSE(decode_transport_parameters(encoded, client));
}

TEST(preferred_address, leaves_out_a_family_that_is_all_zero) {
  const std::string rest = "01 aa 000102030405060708090a0b0c0d0e0f";
  const auto neither = decode("0d 2a 00000000 0000 00000000000000000000000000000000 0000" + rest);
  ASSERT_TRUE(neither);
  EXPECT_FALSE(neither->preferred_address->v4);
  EXPECT_FALSE(neither->preferred_address->v6);
  const auto only_v4 = decode("0d 2a c0000201 01bb 00000000000000000000000000000000 0000" + rest);
  ASSERT_TRUE(only_v4);
  EXPECT_EQ(only_v4->preferred_address->v4, ip_endpoint::v4({192, 0, 2, 1}, 443));
  EXPECT_FALSE(only_v4->preferred_address->v6);
  EXPECT_EQ(to_hex(encode_transport_parameters(*only_v4, server)),
            "0d2ac000020101bb000000000000000000000000000000000000" + to_hex(from_hex(rest)));
}

// [rfc9000 18.2#4 18.2#5]
TEST(preferred_address, is_refused_when_it_is_ill_formed) {
  const std::string addresses = "00000000 0000 00000000000000000000000000000000 0000";
  expect_refused("0d 29" + addresses + "00 000102030405060708090a0b0c0d0e0f");
  expect_refused("0d 3e" + addresses +
                 "15 000102030405060708090a0b0c0d0e0f1011121314 000102030405060708090a0b0c0d0e0f");
  expect_refused("0d 29" + addresses + "01 aa 000102030405060708090a0b0c0d0e");
  expect_refused("0d 2b" + addresses + "01 aa 000102030405060708090a0b0c0d0e0f 10");
  expect_refused("0d 00");
}

// RFC 9368, section 4.
TEST(version_information, is_refused_when_the_rfc_calls_it_a_parsing_failure) {
  EXPECT_TRUE(decode("11 04 00000001")) << "a server may name no available version";
  expect_refused("11 00");
  expect_refused("11 03 000000");
  expect_refused("11 06 00000001 0000");
  expect_refused("11 04 00000000");
  expect_refused("11 08 00000001 00000000");
  EXPECT_TRUE(decode("11 08 00000001 6b3343cf", server));
  expect_refused("11 08 00000001 6b3343cf", client);
  EXPECT_TRUE(decode("11 0c 00000001 6b3343cf 00000001", client));
}

TEST(version_information, is_refused_when_it_names_more_versions_than_anyone_speaks) {
  transport_parameters parameters;
  parameters.version_information =
      version_information{quic_version::v1, std::vector<quic_version>(max_available_versions, quic_version::v1)};
  EXPECT_EQ(decode_transport_parameters(encode_transport_parameters(parameters, client), client), parameters);
  parameters.version_information->available.push_back(quic_version::v1);
  EXPECT_FALSE(decode_transport_parameters(encode_transport_parameters(parameters, client), client));
}

TEST(reserved_transport_parameter, is_written_and_skipped) {
  const byte_vector value = from_hex("aabb");
  EXPECT_EQ(to_hex(encode_transport_parameters({}, client, reserved_transport_parameter{0, value})), "1b02aabb");
  EXPECT_EQ(to_hex(encode_transport_parameters({}, client, reserved_transport_parameter{2, {}})), "405900");
  for (const std::uint64_t n : {std::uint64_t{1}, ~std::uint64_t{0}, varint_max, varint_max / 31}) {
    const byte_vector encoded = encode_transport_parameters({}, client, reserved_transport_parameter{n, value});
    EXPECT_EQ(decode_transport_parameters(encoded, client), transport_parameters{});
    EXPECT_EQ(byte_reader(encoded).read_varint().value() % 31, 27u) << n;
  }
}

TEST(transport_parameters, survive_any_input) {
  const auto check = [](const byte_vector& encoded) {
    for (const endpoint_role sender : {client, server}) {
      const auto decoded = decode_transport_parameters(encoded, sender);
      if (!decoded) {
        EXPECT_EQ(decoded.error().code, transport_error_code::transport_parameter_error);
        continue;
      }
      // What was accepted can be written, and means the same again.
      EXPECT_EQ(decode_transport_parameters(encode_transport_parameters(*decoded, sender), sender), decoded);
    }
  };
  wire::for_each_hostile_input(encode_transport_parameters(all_parameters(), server), check);
  wire::for_each_hostile_input(encode_transport_parameters(all_parameters(), client), check);
}

}  // namespace
}  // namespace quasio
