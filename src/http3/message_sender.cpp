#include "http3/message_sender.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http3/cookie_pairs.hpp"
#include "http3/frame.hpp"
#include "quasio/base/byte_writer.hpp"
#include "quasio/base/varint.hpp"

namespace quasio::http3 {
namespace {

/// A DATA frame that the room at hand would make smaller than this overshoots it instead: frames of a few bytes cost
/// more than they carry, and the room at hand is never far from what is wanted.
constexpr std::size_t smallest_split_payload = 1024;

constexpr std::size_t data_frame_size(std::size_t payload) noexcept { return 1 + varint_size(payload) + payload; }

/// How much of `size` bytes goes into a DATA frame when there is `room` for frames: all of it, or what fills the room.
constexpr std::size_t payload_for(std::size_t size, std::size_t room) noexcept {
  if (data_frame_size(size) <= room) return size;
  std::size_t payload = room > max_frame_header_size ? room - max_frame_header_size : 0;
  while (data_frame_size(payload) < room) ++payload;
  return std::max(payload, std::min(size, smallest_split_payload));
}

unexpected<operation_error> refuse(operation_error why) { return unexpected<operation_error>(why); }

/// What RFC 9110 (sections 8.6 and 9.3.6) and RFC 9297 (sections 3.2 and 3.4) forbid a server to send, and a client to
/// mind.
bool may_be_sent(const response_head& head, const request_head& request, bool tunnel) noexcept {
  if (head.content_length && (tunnel || head.must_not_say_length())) return false;
  if (!head.says_capsules) return true;
  return head.is_successful() && !(request.is_extended && head.is_unfit_for_capsules());
}

std::optional<field_list> split_cookies(const exchange_context& context, const field_list& fields) {
  const bool is_of_use = context.limits.split_cookies && context.peer.qpack_max_table_capacity > 0;
  if (!is_of_use) return std::nullopt;
  auto split = split_cookies(fields);
  if (split && section_size(*split) > context.peer.max_field_section_size) return std::nullopt;
  return split;
}

template <class Value>
operation_result<void> translate(const quic::stream_result<Value>& written) {
  if (!written) return refuse(to_operation_error(written.error()));
  return {};
}

}  // namespace

operation_error to_operation_error(quic::stream_error refused) noexcept {
  switch (refused) {
    case quic::stream_error::unknown_stream:
      return operation_error::unknown_exchange;
    case quic::stream_error::limit_reached:
      return operation_error::limit_reached;
    case quic::stream_error::reset:
      return operation_error::cancelled;
    case quic::stream_error::connection_closed:
      return operation_error::connection_closed;
    case quic::stream_error::wrong_direction:
    case quic::stream_error::already_finished:
      break;
  }
  return operation_error::wrong_state;
}

operation_result<void> message_sender::check_stage(stage wanted) const noexcept {
  if (stage_ == stage::abandoned) return refuse(operation_error::cancelled);
  if (stage_ != wanted) return refuse(operation_error::wrong_state);
  return {};
}

operation_result<void> message_sender::send_request(const exchange_context& context, const field_list& fields,
                                                    const request_head& head, bool end) {
  tunnel_ = head.is_connect;
  if (!tunnel_) content_.expect(head.content_length);
  if (end && !content_.is_complete()) return refuse(operation_error::content_length_mismatch);
  const auto split = split_cookies(context, fields);
  if (auto written = write_section(context, split ? *split : fields, end); !written) return written;
  ++context.counts.requests_sent;
  begun_ = true;
  stage_ = end ? stage::finished : stage::content;
  return {};
}

operation_result<void> message_sender::send_response(const exchange_context& context, const field_list& fields,
                                                     const request_head& request, bool end) {
  if (auto allowed = check_stage(stage::headers); !allowed) return allowed;
  const auto head = validate_response(fields);
  if (!head) return refuse(operation_error::malformed_fields);
  if (head->is_interim() && end) return refuse(operation_error::wrong_state);
  const bool tunnel = request.is_connect && head->is_successful();
  if (!may_be_sent(*head, request, tunnel)) return refuse(operation_error::malformed_fields);
  // 205 ends with its header section too, when we make it (RFC 9110, section 15.3.6).
  const bool no_content = !tunnel && (request.is_head || head->has_no_content() || head->status == 205);
  const bool is_short = !no_content && !head->is_interim() && head->content_length.value_or(0) != 0;
  if (end && is_short) return refuse(operation_error::content_length_mismatch);
  if (auto written = write_section(context, fields, end); !written) return written;
  if (head->is_interim()) {
    ++context.counts.interim_responses_sent;
    return {};
  }
  ++context.counts.responses_sent;
  tunnel_ = tunnel;
  no_content_ = no_content;
  if (!no_content) content_.expect(head->content_length);
  begun_ = true;
  stage_ = end ? stage::finished : stage::content;
  return {};
}

operation_result<void> message_sender::send_trailers(const exchange_context& context, const field_list& fields) {
  if (auto allowed = check_stage(stage::content); !allowed) return allowed;
  if (tunnel_) return refuse(operation_error::wrong_state);
  if (!validate_trailers(fields)) return refuse(operation_error::malformed_fields);
  if (!content_.is_complete()) return refuse(operation_error::content_length_mismatch);
  if (auto written = write_section(context, fields, true); !written) return written;
  ++context.counts.trailers_sent;
  stage_ = stage::finished;
  return {};
}

operation_result<std::size_t> message_sender::write_body(const exchange_context& context, byte_view data, bool end) {
  if (auto allowed = check_stage(stage::content); !allowed) return refuse(allowed.error());
  if (no_content_ && !data.empty()) return refuse(operation_error::wrong_state);
  const bool fits = content_.has_room_for(data.size()) && (!end || content_.is_complete_with(data.size()));
  if (!fits) return refuse(operation_error::content_length_mismatch);
  wants_room_ = false;
  byte_view rest = data;
  while (!rest.empty()) {
    const auto room = context.transport.stream_capacity(id_);
    if (!room) return refuse(to_operation_error(room.error()));
    if (*room == 0) break;
    const std::size_t size = payload_for(rest.size(), *room);
    const bool is_last = end && size == rest.size();
    if (auto written = write_data(context, rest.first(size), is_last); !written) return refuse(written.error());
    rest = rest.subspan(size);
  }
  if (!rest.empty()) {
    if (auto asked = ask_for_room(context, rest); !asked) return refuse(asked.error());
    return data.size() - rest.size();
  }
  if (!end) return data.size();
  if (data.empty()) {
    if (auto ended = translate(context.transport.stream_write_whole(id_, {}, true)); !ended)
      return refuse(ended.error());
  }
  stage_ = stage::finished;
  return data.size();
}

bool message_sender::take_wish_for_room() noexcept {
  return std::exchange(wants_room_, false) && stage_ == stage::content;
}

operation_result<void> message_sender::write_section(const exchange_context& context, const field_list& fields,
                                                     bool end) {
  if (section_size(fields) > context.peer.max_field_section_size) return refuse(operation_error::fields_too_large);
  std::vector<std::uint8_t>& frame = context.scratch;
  frame.assign(max_frame_header_size, 0);
  context.encoder.encode(id_, fields, context.own_streams.encoder_room(context.transport), frame);
  context.own_streams.send_encoder_instructions(context.transport, context.encoder.instructions());
  const std::size_t payload = frame.size() - max_frame_header_size;
  context.counts.field_bytes_sent += payload;
  const std::size_t begin = max_frame_header_size - 1 - varint_size(payload);
  byte_writer header(byte_span(frame).subspan(begin, max_frame_header_size - begin));
  header.write_varint(frame_type::headers);
  header.write_varint(payload);
  auto written = translate(context.transport.stream_write_whole(id_, byte_view(frame).subspan(begin), end));
  if (!written) context.encoder.forget(id_);
  return written;
}

operation_result<void> message_sender::write_data(const exchange_context& context, byte_view payload, bool end) {
  std::array<std::uint8_t, max_frame_header_size> bytes;
  byte_writer header(bytes);
  header.write_varint(frame_type::data);
  header.write_varint(payload.size());
  if (auto begun = translate(context.transport.stream_write_whole(id_, header.written(), false)); !begun) return begun;
  content_.add(payload.size());
  context.counts.content_bytes_sent += payload.size();
  return translate(context.transport.stream_write_whole(id_, payload, end));
}

/// A write that is cut short makes the transport say when there is room. There is none now, so that nothing is taken
/// and no stray byte gets between two frames.
operation_result<void> message_sender::ask_for_room(const exchange_context& context, byte_view rest) {
  wants_room_ = true;
  const auto taken = context.transport.stream_write(id_, rest.first(1), false);
  if (!taken) return translate(taken);
  if (*taken == 0) return {};
  context.transport.close(error_code::internal_error, "a full stream took a byte");
  return refuse(operation_error::connection_closed);
}

}  // namespace quasio::http3
