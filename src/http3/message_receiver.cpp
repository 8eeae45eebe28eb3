#include "http3/message_receiver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace quasio::http3 {
namespace {

template <class Value>
unexpected<breach> pass_on(const result<Value, breach>& failed) {
  return unexpected<breach>(failed.error());
}

unexpected<breach> malformed(std::string_view reason) { return exchange_breach(error_code::message_error, reason); }

unexpected<breach> frame_unexpected(std::string_view reason) {
  return connection_breach(error_code::frame_unexpected, reason);
}

void count(statistics& counts, section_kind came) noexcept {
  switch (came) {
    case section_kind::request:
      ++counts.requests_received;
      return;
    case section_kind::interim_response:
      ++counts.interim_responses_received;
      return;
    case section_kind::response:
      ++counts.responses_received;
      return;
    case section_kind::trailers:
      ++counts.trailers_received;
      return;
  }
}

/// The longest HEADERS payload worth collecting: its encoding would have to be wasteful to decode to less than this.
std::uint64_t max_encoded_section(const settings& limits) noexcept { return limits.max_field_section_size; }

}  // namespace

result<void, breach> message_receiver::take(const exchange_context& context) {
  auto walked = walk(context, {});
  if (!walked) return pass_on(walked);
  const bool end_is_news = stage_ == stage::ended && !end_told_;
  if (end_is_news || (is_within_content() && !walked->is_dry)) tell_readable(context);
  return {};
}

result<body_read, breach> message_receiver::read(const exchange_context& context, byte_span out) {
  auto walked = walk(context, out);
  if (!walked) return pass_on(walked);
  if (walked->is_dry) readable_told_ = false;
  if (stage_ == stage::ended) end_told_ = true;
  return body_read{walked->copied, stage_ == stage::ended};
}

void message_receiver::abandon(const exchange_context& context) {
  if (is_open()) context.decoder.cancel(id_);
  stage_ = stage::abandoned;
  section_ = {};
  untold_.reset();
}

bool message_receiver::is_within_content() const noexcept {
  return frames_.payload_left() > 0 && frames_.type() == frame_type::data;
}

result<message_receiver::progress, breach> message_receiver::walk(const exchange_context& context, byte_span out) {
  const std::size_t room = out.size();
  bool is_dry = is_blocked_;
  while (is_open() && !is_blocked_) {
    const auto unread = context.transport.stream_peek(id_);
    // An error means that it was reset or that the connection has ended: the transport's event says so.
    is_dry = !unread || (unread->bytes.empty() && !unread->fin);
    if (is_dry) break;
    if (is_within_content() && out.empty() && !unread->bytes.empty()) break;  // Left where it is for the reader.
    auto stepped = step(context, *unread, out);
    if (!stepped) return pass_on(stepped);
    is_dry = is_blocked_;
  }
  tell_section(context, false);
  return progress{room - out.size(), is_dry};
}

result<void, breach> message_receiver::step(const exchange_context& context, const unread_bytes& unread,
                                            byte_span& out) {
  byte_view bytes = unread.bytes;
  result<void, breach> taken;
  if (frames_.payload_left() > 0) {
    taken = take_payload(context, bytes, out);
  } else if (const auto header = frames_.read_header(bytes)) {
    taken = begin_frame(context, *header);
  }
  if (!taken) return taken;
  if (is_blocked_) return {};
  const bool is_last = unread.fin && bytes.empty();
  if (!context.transport.stream_consume(id_, unread.bytes.size() - bytes.size())) {
    return connection_breach(error_code::internal_error, "a stream lost what it had shown");
  }
  return is_last ? finish(context) : result<void, breach>{};
}

result<void, breach> message_receiver::begin_frame(const exchange_context& context, const frame_header& header) {
  switch (header.type) {
    case frame_type::data:
      return begin_data(context, header.length);
    case frame_type::headers:
      return begin_headers(context, header.length);
    case frame_type::push_promise:
      // No MAX_PUSH_ID is ever sent, so that any push ID is beyond the limit (RFC 9114, section 7.2.5).
      if (context.role == endpoint_role::client) return connection_breach(error_code::id_error, "a push was promised");
      return frame_unexpected("PUSH_PROMISE from a client");
    case frame_type::cancel_push:
    case frame_type::settings:
    case frame_type::goaway:
    case frame_type::max_push_id:
    case frame_type::priority_update_request:
    case frame_type::priority_update_push:
      return frame_unexpected("a frame of the control stream on a request stream");
    default:
      if (frame_type::is_from_http2(header.type)) return frame_unexpected("a frame type of HTTP/2");
      constexpr std::uint64_t smallest_header = 2;
      return skip(context, smallest_header);
  }
}

result<void, breach> message_receiver::begin_data(const exchange_context& context, std::uint64_t length) {
  if (stage_ == stage::headers) return frame_unexpected("DATA before a header section");
  if (stage_ == stage::after_trailers) return frame_unexpected("DATA after the trailer section");
  constexpr std::uint64_t empty_frame_size = 2;
  if (length == 0) return skip(context, empty_frame_size);
  skipped_ = 0;
  if (!context.guard.note_data_frame(length)) return context.guard.as_breach();
  if (!content_.add(length)) return malformed("more content than the message may have");
  return {};
}

result<void, breach> message_receiver::begin_headers(const exchange_context& context, std::uint64_t length) {
  if (stage_ == stage::after_trailers) return frame_unexpected("HEADERS after the trailer section");
  if (tunnel_) return frame_unexpected("HEADERS in a tunnel");
  if (length > max_encoded_section(context.limits)) return too_large_breach("the field section is too large");
  skipped_ = 0;
  is_decodable_ = false;
  if (length == 0) return finish_section(context, {});
  return {};
}

result<void, breach> message_receiver::take_payload(const exchange_context& context, byte_view& bytes, byte_span& out) {
  if (frames_.type() == frame_type::headers) return take_section(context, bytes);
  const auto at_hand = static_cast<std::size_t>(std::min<std::uint64_t>(frames_.payload_left(), bytes.size()));
  if (frames_.type() != frame_type::data) {
    bytes = bytes.subspan(at_hand);
    frames_.took(at_hand);
    return skip(context, at_hand);
  }
  const std::size_t count = std::min(at_hand, out.size());
  if (count > 0) std::memcpy(out.data(), bytes.data(), count);
  context.counts.content_bytes_received += count;
  bytes = bytes.subspan(count);
  out = out.subspan(count);
  frames_.took(count);
  return {};
}

result<void, breach> message_receiver::take_section(const exchange_context& context, byte_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(frames_.payload_left(), bytes.size()));
  const byte_view piece = bytes.first(count);
  const auto may_take = may_take_section(context, piece);
  if (!may_take) return pass_on(may_take);
  if (!*may_take) return {};
  bytes = bytes.subspan(count);
  frames_.took(count);
  const bool is_whole = frames_.payload_left() == 0;
  if (is_whole && section_.empty()) return finish_section(context, piece);  // The usual case needs no copy.
  section_.insert(section_.end(), piece.begin(), piece.end());
  if (!is_whole) return {};
  const std::vector<std::uint8_t> encoded = std::exchange(section_, {});
  return finish_section(context, encoded);
}

/// A section that blocks stays in the transport, where flow control holds the peer (RFC 9204, section 2.2.1).
result<bool, breach> message_receiver::may_take_section(const exchange_context& context, byte_view piece) {
  if (is_decodable_) return true;
  std::vector<std::uint8_t> beginning;
  if (!section_.empty()) {
    constexpr std::size_t longest_integer = 16;
    beginning = section_;
    const byte_view more = piece.first(std::min(piece.size(), longest_integer));
    beginning.insert(beginning.end(), more.begin(), more.end());
  }
  const auto decodable = context.decoder.is_decodable(id_, beginning.empty() ? piece : byte_view(beginning));
  if (!decodable) return unexpected<breach>(decodable.error());
  is_decodable_ = decodable->value_or(false);
  is_blocked_ = *decodable == false;
  return !is_blocked_;
}

result<void, breach> message_receiver::skip(const exchange_context& context, std::uint64_t count) {
  skipped_ += count;
  if (skipped_ <= context.limits.max_skipped_bytes) return {};
  return connection_breach(error_code::excessive_load, "too many frames that mean nothing");
}

result<void, breach> message_receiver::finish_section(const exchange_context& context, byte_view encoded) {
  context.counts.field_bytes_received += encoded.size();
  const section_limits limits{context.limits.max_field_section_size, context.limits.max_fields};
  auto fields = context.decoder.decode(id_, encoded, limits);
  if (!fields) return pass_on(fields);
  auto kind = stage_ == stage::headers ? accept_header_section(context, *fields) : accept_trailers(*fields);
  if (!kind) return pass_on(kind);
  join_repeated_fields(*fields);
  tell_section(context, false);
  count(context.counts, *kind);
  untold_ = fields_received{id_, *kind, std::move(*fields), false};
  untold_->says_early_data = *kind == section_kind::request && request_.says_early_data;
  return {};
}

result<section_kind, breach> message_receiver::accept_header_section(const exchange_context& context,
                                                                     const field_list& fields) {
  return context.role == endpoint_role::server ? accept_request(context, fields) : accept_response(context, fields);
}

result<section_kind, breach> message_receiver::accept_request(const exchange_context& context,
                                                              const field_list& fields) {
  const auto head = validate_request(fields);
  if (!head) return malformed(head.error());
  if (head->is_extended && !context.limits.enable_connect_protocol) return malformed(":protocol was not welcomed");
  request_ = *head;
  tunnel_ = head->is_connect;
  if (!tunnel_) content_.expect(head->content_length);
  stage_ = stage::content;
  context.guard.note_request();
  return section_kind::request;
}

result<section_kind, breach> message_receiver::accept_response(const exchange_context& context,
                                                               const field_list& fields) {
  const auto head = validate_response(fields);
  if (!head) return malformed(head.error());
  if (head->is_interim()) {
    if (++interim_responses_ <= context.limits.max_interim_responses) return section_kind::interim_response;
    return exchange_breach(error_code::excessive_load, "too many interim responses");
  }
  tunnel_ = request_.is_connect && head->is_successful();
  if (request_.is_extended && tunnel_ && head->says_capsules && head->is_unfit_for_capsules())
    return malformed("capsules in a response that cannot have them");
  if (!tunnel_) content_.expect(head->content_length);
  if (!tunnel_ && (request_.is_head || head->has_no_content())) content_.allow_none();
  stage_ = stage::content;
  return section_kind::response;
}

result<section_kind, breach> message_receiver::accept_trailers(const field_list& fields) {
  if (const auto valid = validate_trailers(fields); !valid) return malformed(valid.error());
  if (!content_.is_complete()) return malformed("less content than content-length says");  // And no more may follow.
  stage_ = stage::after_trailers;
  return section_kind::trailers;
}

result<void, breach> message_receiver::finish(const exchange_context& context) {
  if (!frames_.between_frames()) return connection_breach(error_code::frame_error, "the stream ended within a frame");
  if (stage_ == stage::headers) {
    if (context.role == endpoint_role::client) return malformed("the stream ended before a response");
    return exchange_breach(error_code::request_incomplete, "the stream ended before a request");
  }
  if (!content_.is_complete()) return malformed("less content than content-length says");
  stage_ = stage::ended;
  tell_section(context, true);
  return {};
}

void message_receiver::tell_section(const exchange_context& context, bool end_of_message) {
  if (!untold_) return;
  untold_->end_of_message = end_of_message;
  announced_ = true;
  end_told_ = end_told_ || end_of_message;
  context.events.push(std::move(*untold_));
  untold_.reset();
}

void message_receiver::tell_readable(const exchange_context& context) {
  if (readable_told_) return;
  readable_told_ = true;
  context.events.push(body_readable{id_});
}

}  // namespace quasio::http3
