#include "http3/control_stream.hpp"

#include <algorithm>
#include <utility>

#include "http3/remembered_limits.hpp"
#include "http3/settings_frame.hpp"
#include "quasio/base/byte_reader.hpp"

namespace quasio::http3 {
namespace {

unexpected<breach> frame_unexpected(std::string_view reason) {
  return connection_breach(error_code::frame_unexpected, reason);
}

/// A payload that is one variable-length integer and nothing else.
std::optional<std::uint64_t> parse_id(byte_view payload) noexcept {
  byte_reader reader(payload);
  const auto id = reader.read_varint();
  return reader.empty() ? id : std::nullopt;
}

}  // namespace

result<void, breach> control_stream::take(byte_view bytes, event_queue& events) {
  while (!bytes.empty()) {
    if (frames_.payload_left() == 0) {
      const auto header = frames_.read_header(bytes);
      if (!header) return {};
      if (auto begun = begin_frame(*header); !begun) return begun;
    } else if (auto taken = take_payload(bytes); !taken) {
      return taken;
    }
    if (!frames_.between_frames()) continue;
    if (auto finished = finish_frame(events); !finished) return finished;
  }
  return {};
}

result<void, breach> control_stream::begin_frame(const frame_header& header) {
  payload_.clear();
  if (!settings_came_) return begin_first_frame(header);
  switch (header.type) {
    case frame_type::data:
    case frame_type::headers:
    case frame_type::push_promise:
      return frame_unexpected("a frame of request streams on the control stream");
    case frame_type::settings:
      return frame_unexpected("a second SETTINGS frame");
    case frame_type::max_push_id:
      if (role_ == endpoint_role::client) return frame_unexpected("MAX_PUSH_ID from a server");
      return begin_id_frame(header);
    case frame_type::cancel_push:
    case frame_type::goaway:
      return begin_id_frame(header);
    case frame_type::priority_update_request:
    case frame_type::priority_update_push:
      return begin_priority_update(header);
    default:
      if (frame_type::is_from_http2(header.type)) return frame_unexpected("a frame type of HTTP/2");
      constexpr std::uint64_t smallest_header = 2;
      return skip(smallest_header);
  }
}

result<void, breach> control_stream::begin_first_frame(const frame_header& header) {
  if (header.type != frame_type::settings) {
    return connection_breach(error_code::missing_settings, "the control stream does not begin with SETTINGS");
  }
  if (header.length > limits_.max_settings_size) {
    return connection_breach(error_code::excessive_load, "the SETTINGS frame is too large");
  }
  return {};
}

result<void, breach> control_stream::begin_id_frame(const frame_header& header) {
  constexpr std::uint64_t longest_id = 8;
  if (header.length == 0 || header.length > longest_id) {
    return connection_breach(error_code::frame_error, "a frame of the wrong size for one ID");
  }
  if (!guard_.note_control_frame()) return guard_.as_breach();
  skipped_ = 0;
  return {};
}

result<void, breach> control_stream::begin_priority_update(const frame_header& header) {
  if (role_ == endpoint_role::client) return frame_unexpected("PRIORITY_UPDATE from a server");
  if (header.length == 0) return connection_breach(error_code::frame_error, "PRIORITY_UPDATE without an ID");
  if (header.length > limits_.max_priority_update_size) {
    return connection_breach(error_code::excessive_load, "the PRIORITY_UPDATE frame is too large");
  }
  if (!guard_.note_control_frame()) return guard_.as_breach();
  skipped_ = 0;
  return {};
}

bool control_stream::keeps_payload() const noexcept {
  switch (frames_.type()) {
    case frame_type::settings:
    case frame_type::goaway:
    case frame_type::cancel_push:
    case frame_type::max_push_id:
    case frame_type::priority_update_request:
    case frame_type::priority_update_push:
      return true;
    default:
      return false;
  }
}

result<void, breach> control_stream::take_payload(byte_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(frames_.payload_left(), bytes.size()));
  const byte_view piece = bytes.first(count);
  bytes = bytes.subspan(count);
  frames_.took(count);
  if (!keeps_payload()) return skip(count);
  payload_.insert(payload_.end(), piece.begin(), piece.end());
  return {};
}

result<void, breach> control_stream::skip(std::uint64_t count) {
  skipped_ += count;
  if (skipped_ <= limits_.max_skipped_bytes) return {};
  return connection_breach(error_code::excessive_load, "too many frames that mean nothing");
}

result<void, breach> control_stream::finish_frame(event_queue& events) {
  switch (frames_.type()) {
    case frame_type::settings:
      return finish_settings(events);
    case frame_type::goaway:
      return finish_goaway(events);
    case frame_type::max_push_id:
      return finish_max_push_id();
    case frame_type::priority_update_request:
    case frame_type::priority_update_push:
      return finish_priority_update();
    case frame_type::cancel_push:
      if (!parse_id(payload_)) return connection_breach(error_code::frame_error, "CANCEL_PUSH is not one ID");
      // No push was ever allowed or promised (RFC 9114, section 7.2.3).
      return connection_breach(error_code::id_error, "CANCEL_PUSH for a push that does not exist");
    default:
      return {};
  }
}

result<void, breach> control_stream::finish_settings(event_queue& events) {
  auto told = parse_settings(payload_);
  if (!told) return unexpected<breach>(breach{breach::scope::connection, std::move(told.error()), false});
  payload_ = {};
  if (const auto less = remembered_ ? reduction(*told, *remembered_) : std::string_view(); !less.empty()) {
    // RFC 9114, section 7.2.4.2; for QPACK's table RFC 9204, section 3.2.3.
    const bool is_table = less == "QPACK_MAX_TABLE_CAPACITY";
    return connection_breach(is_table ? error_code::qpack_decoder_stream_error : error_code::settings_error,
                             "early data was accepted under less than was remembered of " + std::string(less));
  }
  settings_came_ = true;
  peer_ = *told;
  events.push(settings_received{peer_});
  return {};
}

result<void, breach> control_stream::finish_goaway(event_queue& events) {
  const auto id = parse_id(payload_);
  if (!id) return connection_breach(error_code::frame_error, "GOAWAY is not one ID");
  const bool is_request =
      stream_initiator(*id) == endpoint_role::client && direction_of(*id) == stream_direction::bidirectional;
  if (role_ == endpoint_role::client && !is_request) {
    return connection_breach(error_code::id_error, "GOAWAY with an ID that is no request's");
  }
  if (goaway_id_ && *id > *goaway_id_)
    return connection_breach(error_code::id_error, "GOAWAY with a larger ID than before");
  if (goaway_id_ == id) return {};
  goaway_id_ = id;
  events.push(goaway_received{*id});
  return {};
}

result<void, breach> control_stream::finish_max_push_id() {
  const auto id = parse_id(payload_);
  if (!id) return connection_breach(error_code::frame_error, "MAX_PUSH_ID is not one ID");
  if (max_push_id_ && *id < *max_push_id_) return connection_breach(error_code::id_error, "MAX_PUSH_ID became smaller");
  max_push_id_ = id;
  return {};
}

result<void, breach> control_stream::finish_priority_update() {
  byte_reader reader(payload_);
  const auto id = reader.read_varint();
  if (!id) return connection_breach(error_code::frame_error, "PRIORITY_UPDATE without a whole ID");
  if (frames_.type() == frame_type::priority_update_push) {
    return connection_breach(error_code::id_error, "PRIORITY_UPDATE for a push that was never promised");
  }
  const bool is_request =
      stream_initiator(*id) == endpoint_role::client && direction_of(*id) == stream_direction::bidirectional;
  if (!is_request) return connection_breach(error_code::id_error, "PRIORITY_UPDATE for a stream that is no request's");
  const auto named = parse_priority(as_text(reader.rest()));
  updates_.push_back({*id, named ? std::optional(merge({}, *named)) : std::nullopt});
  return {};
}

}  // namespace quasio::http3
