#include "wire/frame_reader.hpp"

#include <algorithm>
#include <cstring>

namespace quasio::wire {
namespace {

// A failed read moves nothing, so where one varint is missing, each varint that is asked for after it is missing too:
// of several in a row it is enough to check the last.

unexpected<transport_error> malformed(frame_type type, const char* reason) {
  return unexpected<transport_error>(
      transport_error{transport_error_code::frame_encoding_error, static_cast<std::uint64_t>(type), reason});
}

unexpected<transport_error> truncated(frame_type type) { return malformed(type, "frame is cut short"); }

bool exceeds_offset_limit(std::uint64_t offset, byte_view data) noexcept { return data.size() > varint_max - offset; }

byte_view take_rest(byte_reader& in) noexcept { return *in.read_bytes(in.remaining()); }

// Eight at a time: a client's first packet is mostly padding, and anyone can send one.
std::size_t leading_zeros(byte_view bytes) noexcept {
  std::size_t count = 0;
  for (std::uint64_t word = 0; count + sizeof word <= bytes.size(); count += sizeof word) {
    std::memcpy(&word, bytes.data() + count, sizeof word);
    if (word != 0) break;
  }
  while (count < bytes.size() && bytes[count] == 0) ++count;
  return count;
}

transport_result<frame> read_padding(byte_reader& in) {
  const std::size_t more = leading_zeros(in.rest());
  in.read_bytes(more);
  return padding_frame{1 + more};
}

transport_result<frame> read_ack_frame(byte_reader& in, frame_type type) {
  const auto ack = read_ack(in, type == frame_type::ack_ecn);
  if (!ack) return malformed(type, "ACK is cut short or names a negative packet number");
  return *ack;
}

transport_result<frame> read_reset_stream(byte_reader& in) {
  const auto id = in.read_varint();
  const auto error_code = in.read_varint();
  const auto final_size = in.read_varint();
  if (!final_size) return truncated(frame_type::reset_stream);
  return reset_stream_frame{*id, *error_code, *final_size};
}

transport_result<frame> read_stop_sending(byte_reader& in) {
  const auto id = in.read_varint();
  const auto error_code = in.read_varint();
  if (!error_code) return truncated(frame_type::stop_sending);
  return stop_sending_frame{*id, *error_code};
}

transport_result<frame> read_crypto(byte_reader& in) {
  const auto offset = in.read_varint();
  const auto data = in.read_varint_prefixed();
  if (!offset || !data) return truncated(frame_type::crypto);
  if (exceeds_offset_limit(*offset, *data)) return malformed(frame_type::crypto, "CRYPTO data beyond 2^62-1");
  return crypto_frame{*offset, *data};
}

transport_result<frame> read_new_token(byte_reader& in) {
  const auto token = in.read_varint_prefixed();
  if (!token) return truncated(frame_type::new_token);
  if (token->empty()) return malformed(frame_type::new_token, "NEW_TOKEN without a token");
  return new_token_frame{*token};
}

transport_result<frame> read_stream(byte_reader& in, frame_type type) {
  const auto bits = static_cast<std::uint8_t>(type);
  const auto id = in.read_varint();
  const auto offset = (bits & stream_bits::offset) != 0 ? in.read_varint() : std::uint64_t{0};
  if (!id || !offset) return truncated(type);
  const auto data = (bits & stream_bits::length) != 0 ? in.read_varint_prefixed() : take_rest(in);
  if (!data) return truncated(type);
  if (exceeds_offset_limit(*offset, *data)) return malformed(type, "STREAM data beyond 2^62-1");
  return stream_frame{*id, *offset, *data, (bits & stream_bits::fin) != 0};
}

transport_result<frame> read_max_stream_data(byte_reader& in) {
  const auto id = in.read_varint();
  const auto maximum = in.read_varint();
  if (!maximum) return truncated(frame_type::max_stream_data);
  return max_stream_data_frame{*id, *maximum};
}

transport_result<frame> read_stream_data_blocked(byte_reader& in) {
  const auto id = in.read_varint();
  const auto limit = in.read_varint();
  if (!limit) return truncated(frame_type::stream_data_blocked);
  return stream_data_blocked_frame{*id, *limit};
}

// MAX_DATA, DATA_BLOCKED and RETIRE_CONNECTION_ID: one number, and nothing to check about it.
template <class Frame>
transport_result<frame> read_number(byte_reader& in, frame_type type) {
  const auto number = in.read_varint();
  if (!number) return truncated(type);
  return Frame{*number};
}

template <class Frame>
transport_result<frame> read_stream_count(byte_reader& in, frame_type type, stream_direction direction) {
  const auto count = in.read_varint();
  if (!count) return truncated(type);
  if (*count > max_stream_count) return malformed(type, "more than 2^60 streams");
  return Frame{direction, *count};
}

transport_result<frame> read_new_connection_id(byte_reader& in) {
  constexpr frame_type type = frame_type::new_connection_id;
  const auto sequence = in.read_varint();
  const auto retire_prior_to = in.read_varint();
  if (!retire_prior_to) return truncated(type);
  const auto size = in.read_u8();
  if (!size) return truncated(type);
  if (*size < 1 || *size > max_connection_id_size) return malformed(type, "connection ID is not 1 to 20 bytes long");
  const auto id = in.read_bytes(*size);
  if (!id) return truncated(type);
  new_connection_id_frame read{*sequence, *retire_prior_to, connection_id(*id), {}};
  const auto token = in.read_bytes(read.reset_token.size());
  if (!token) return truncated(type);
  if (*retire_prior_to > *sequence) return malformed(type, "Retire Prior To exceeds the sequence number");
  std::copy(token->begin(), token->end(), read.reset_token.begin());
  return read;
}

template <class Frame>
transport_result<frame> read_path_frame(byte_reader& in, frame_type type) {
  Frame read;
  const auto data = in.read_bytes(read.data.size());
  if (!data) return truncated(type);
  std::copy(data->begin(), data->end(), read.data.begin());
  return read;
}

transport_result<frame> read_connection_close(byte_reader& in, frame_type type) {
  const bool by_application = type == frame_type::connection_close_application;
  const auto error_code = in.read_varint();
  const auto cause = by_application ? std::uint64_t{0} : in.read_varint();
  if (!error_code || !cause) return truncated(type);
  const auto reason = in.read_varint_prefixed();
  if (!reason) return truncated(type);
  return connection_close_frame{*error_code, *cause, *reason, by_application};
}

transport_result<frame> read_datagram(byte_reader& in, frame_type type) {
  const auto data = type == frame_type::datagram_with_length ? in.read_varint_prefixed() : take_rest(in);
  if (!data) return truncated(type);
  return datagram_frame{*data};
}

transport_result<frame> read_ack_frequency(byte_reader& in) {
  const auto sequence = in.read_varint();
  const auto threshold = in.read_varint();
  const auto delay = in.read_varint();
  const auto reordering = in.read_varint();
  if (!reordering) return truncated(frame_type::ack_frequency);
  return ack_frequency_frame{*sequence, *threshold, *delay, *reordering};
}

transport_result<frame> read_body(byte_reader& in, frame_type type) {
  using enum frame_type;
  constexpr auto bidirectional = stream_direction::bidirectional;
  constexpr auto unidirectional = stream_direction::unidirectional;
  if ((static_cast<std::uint64_t>(type) & ~std::uint64_t{7}) == static_cast<std::uint64_t>(stream)) {
    return read_stream(in, type);
  }
  switch (type) {
    case padding:
      return read_padding(in);
    case ping:
      return ping_frame{};
    case ack:
    case ack_ecn:
      return read_ack_frame(in, type);
    case reset_stream:
      return read_reset_stream(in);
    case stop_sending:
      return read_stop_sending(in);
    case crypto:
      return read_crypto(in);
    case new_token:
      return read_new_token(in);
    case max_data:
      return read_number<max_data_frame>(in, type);
    case max_stream_data:
      return read_max_stream_data(in);
    case max_streams_bidi:
      return read_stream_count<max_streams_frame>(in, type, bidirectional);
    case max_streams_uni:
      return read_stream_count<max_streams_frame>(in, type, unidirectional);
    case data_blocked:
      return read_number<data_blocked_frame>(in, type);
    case stream_data_blocked:
      return read_stream_data_blocked(in);
    case streams_blocked_bidi:
      return read_stream_count<streams_blocked_frame>(in, type, bidirectional);
    case streams_blocked_uni:
      return read_stream_count<streams_blocked_frame>(in, type, unidirectional);
    case new_connection_id:
      return read_new_connection_id(in);
    case retire_connection_id:
      return read_number<retire_connection_id_frame>(in, type);
    case path_challenge:
      return read_path_frame<path_challenge_frame>(in, type);
    case path_response:
      return read_path_frame<path_response_frame>(in, type);
    case connection_close:
    case connection_close_application:
      return read_connection_close(in, type);
    case handshake_done:
      return handshake_done_frame{};
    case datagram:
    case datagram_with_length:
      return read_datagram(in, type);
    case ack_frequency:
      return read_ack_frequency(in);
    case immediate_ack:
      return immediate_ack_frame{};
    default:
      return malformed(type, "unknown frame type");
  }
}

}  // namespace

transport_result<frame> frame_reader::next() {
  transport_result<frame> read = read_frame();
  if (!read) take_rest(in_);
  return read;
}

transport_result<frame> frame_reader::read_frame() {
  last_type_ = 0;
  if (done()) {
    return unexpected<transport_error>(
        transport_error{transport_error_code::protocol_violation, 0, "packet without frames"});
  }
  const std::size_t start = in_.position();
  const auto type = in_.read_varint();
  if (!type) return truncated(frame_type::padding);
  last_type_ = *type;
  if (in_.position() - start != varint_size(*type)) {
    return unexpected<transport_error>(
        transport_error{transport_error_code::protocol_violation, *type, "frame type is not in its shortest encoding"});
  }
  return read_body(in_, static_cast<frame_type>(*type));
}

}  // namespace quasio::wire
