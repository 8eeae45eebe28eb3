#include "wire/frame.hpp"

#include <type_traits>
#include <utility>

#include "wire/overloaded.hpp"

namespace quasio::wire {
namespace {

// Frames are copied through the results of the reader: they should stay plain bytes, and few.
static_assert(std::is_trivially_copyable_v<frame>);
static_assert(sizeof(frame) <= 64);

constexpr std::uint8_t bit_of(packet_type packet) noexcept {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(packet));
}

constexpr std::uint8_t initial = bit_of(packet_type::initial);
constexpr std::uint8_t handshake = bit_of(packet_type::handshake);
constexpr std::uint8_t one_rtt = bit_of(packet_type::one_rtt);
constexpr std::uint8_t application_data = bit_of(packet_type::zero_rtt) | one_rtt;

// A row of table 3 of RFC 9000.
struct frame_rules {
  std::uint8_t packets = application_data;
  bool ack_eliciting = true;
  bool probing = false;
};

template <class Frame>
constexpr frame_rules rules{};
template <>
constexpr frame_rules rules<padding_frame>{initial | handshake | application_data, false, true};
template <>
constexpr frame_rules rules<ping_frame>{initial | handshake | application_data};
template <>
constexpr frame_rules rules<ack_frame>{initial | handshake | one_rtt, false};
template <>
constexpr frame_rules rules<crypto_frame>{initial | handshake | one_rtt};
template <>
constexpr frame_rules rules<new_token_frame>{one_rtt};
template <>
constexpr frame_rules rules<new_connection_id_frame>{application_data, true, true};
// Table 3 lists 0-RTT, section 12.5 does not: the client has no ID of the server yet that it could retire.
template <>
constexpr frame_rules rules<retire_connection_id_frame>{one_rtt};
template <>
constexpr frame_rules rules<path_challenge_frame>{application_data, true, true};
template <>
constexpr frame_rules rules<path_response_frame>{one_rtt, true, true};
// The application's kind of CONNECTION_CLOSE is narrower; allowed_in() sees to that.
template <>
constexpr frame_rules rules<connection_close_frame>{initial | handshake | application_data, false};
template <>
constexpr frame_rules rules<handshake_done_frame>{one_rtt};
// Draft-ietf-quic-ack-frequency, section 3: what permits them may not be remembered for 0-RTT.
template <>
constexpr frame_rules rules<ack_frequency_frame>{one_rtt};
template <>
constexpr frame_rules rules<immediate_ack_frame>{one_rtt};

template <std::size_t... Index>
constexpr auto make_rules_table(std::index_sequence<Index...>) {
  return std::array{rules<std::variant_alternative_t<Index, frame>>...};
}

constexpr auto rules_table = make_rules_table(std::make_index_sequence<std::variant_size_v<frame>>{});

const frame_rules& rules_of(const frame& value) noexcept { return rules_table[value.index()]; }

frame_type type_of_stream(const stream_frame& stream) noexcept {
  return static_cast<frame_type>(static_cast<std::uint64_t>(frame_type::stream) | stream_bits::length |
                                 (stream.fin ? stream_bits::fin : 0u) | (stream.offset > 0 ? stream_bits::offset : 0u));
}

constexpr bool is_bidirectional(stream_direction direction) noexcept {
  return direction == stream_direction::bidirectional;
}

}  // namespace

frame_type type_of(const frame& value) noexcept {
  return std::visit(
      overloaded{
          [](const padding_frame&) { return frame_type::padding; },
          [](const ping_frame&) { return frame_type::ping; },
          [](const ack_frame& ack) { return ack.ecn ? frame_type::ack_ecn : frame_type::ack; },
          [](const reset_stream_frame&) { return frame_type::reset_stream; },
          [](const stop_sending_frame&) { return frame_type::stop_sending; },
          [](const crypto_frame&) { return frame_type::crypto; },
          [](const new_token_frame&) { return frame_type::new_token; },
          [](const stream_frame& stream) { return type_of_stream(stream); },
          [](const max_data_frame&) { return frame_type::max_data; },
          [](const max_stream_data_frame&) { return frame_type::max_stream_data; },
          [](const max_streams_frame& streams) {
            return is_bidirectional(streams.direction) ? frame_type::max_streams_bidi : frame_type::max_streams_uni;
          },
          [](const data_blocked_frame&) { return frame_type::data_blocked; },
          [](const stream_data_blocked_frame&) { return frame_type::stream_data_blocked; },
          [](const streams_blocked_frame& streams) {
            return is_bidirectional(streams.direction) ? frame_type::streams_blocked_bidi
                                                       : frame_type::streams_blocked_uni;
          },
          [](const new_connection_id_frame&) { return frame_type::new_connection_id; },
          [](const retire_connection_id_frame&) { return frame_type::retire_connection_id; },
          [](const path_challenge_frame&) { return frame_type::path_challenge; },
          [](const path_response_frame&) { return frame_type::path_response; },
          [](const connection_close_frame& close) {
            return close.by_application ? frame_type::connection_close_application : frame_type::connection_close;
          },
          [](const handshake_done_frame&) { return frame_type::handshake_done; },
          [](const datagram_frame&) { return frame_type::datagram_with_length; },
          [](const ack_frequency_frame&) { return frame_type::ack_frequency; },
          [](const immediate_ack_frame&) { return frame_type::immediate_ack; },
      },
      value);
}

bool is_ack_eliciting(const frame& value) noexcept { return rules_of(value).ack_eliciting; }

bool is_probing(const frame& value) noexcept { return rules_of(value).probing; }

bool allowed_in(packet_type packet, const frame& value) noexcept {
  const auto* close = std::get_if<connection_close_frame>(&value);
  if (close && close->by_application) return (bit_of(packet) & (application_data)) != 0;
  return (bit_of(packet) & rules_of(value).packets) != 0;
}

}  // namespace quasio::wire
