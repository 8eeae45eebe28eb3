#include "qlog/frame_record.hpp"

#include <algorithm>
#include <array>

#include "quasio/wire/transport_error.hpp"
#include "wire/frame_reader.hpp"

namespace quasio::qlog {
namespace {

// A peer's delay may be anything up to 2^62; no honest one comes near this.
constexpr std::uint64_t max_raw_delay = std::uint64_t{1} << 30;
constexpr std::uint64_t max_delay = std::uint64_t{1} << 50;

/// Writes one frame; each function knows one kind.
class frame_record {
public:
  frame_record(json_writer& json, std::uint64_t ack_delay_exponent, std::uint64_t type)
      : json_(json), ack_delay_exponent_(ack_delay_exponent), type_(type) {}

  void operator()(const wire::padding_frame& padding) const {
    kind("padding");
    json_.begin_object("raw");
    json_.number("payload_length", padding.count);
    json_.end_object();
  }
  void operator()(const wire::ping_frame&) const { kind("ping"); }

  void operator()(const wire::ack_frame& ack) const {
    kind("ack");
    const std::uint64_t raw = std::min(ack.delay, max_raw_delay);
    json_.milliseconds("ack_delay", std::chrono::microseconds(raw << ack_delay_exponent_));
    json_.begin_array("acked_ranges");
    for (const wire::ack_range& range : ack.ranges) {
      json_.begin_array();
      json_.number(range.smallest);
      if (range.largest != range.smallest) json_.number(range.largest);
      json_.end_array();
    }
    json_.end_array();
    if (!ack.ecn) return;
    json_.number("ect1", ack.ecn->ect1);
    json_.number("ect0", ack.ecn->ect0);
    json_.number("ce", ack.ecn->ce);
  }

  void operator()(const wire::reset_stream_frame& reset) const {
    kind("reset_stream");
    json_.number("stream_id", reset.id);
    application_error(reset.error_code);
    json_.number("final_size", reset.final_size);
  }

  void operator()(const wire::stop_sending_frame& stop) const {
    kind("stop_sending");
    json_.number("stream_id", stop.id);
    application_error(stop.error_code);
  }

  void operator()(const wire::crypto_frame& crypto) const {
    kind("crypto");
    json_.number("offset", crypto.offset);
    length(crypto.data.size());
  }

  void operator()(const wire::new_token_frame& issued) const {
    kind("new_token");
    json_.begin_object("token");
    length(issued.token.size());
    json_.end_object();
  }

  void operator()(const wire::stream_frame& stream) const {
    kind("stream");
    json_.number("stream_id", stream.id);
    json_.number("offset", stream.offset);
    if (stream.fin) json_.boolean("fin", true);
    length(stream.data.size());
  }

  void operator()(const wire::max_data_frame& limit) const {
    kind("max_data");
    json_.number("maximum", limit.maximum);
  }

  void operator()(const wire::max_stream_data_frame& limit) const {
    kind("max_stream_data");
    json_.number("stream_id", limit.id);
    json_.number("maximum", limit.maximum);
  }

  void operator()(const wire::max_streams_frame& limit) const {
    kind("max_streams");
    stream_type(limit.direction);
    json_.number("maximum", limit.maximum);
  }

  void operator()(const wire::data_blocked_frame& blocked) const {
    kind("data_blocked");
    json_.number("limit", blocked.limit);
  }

  void operator()(const wire::stream_data_blocked_frame& blocked) const {
    kind("stream_data_blocked");
    json_.number("stream_id", blocked.id);
    json_.number("limit", blocked.limit);
  }

  void operator()(const wire::streams_blocked_frame& blocked) const {
    kind("streams_blocked");
    stream_type(blocked.direction);
    json_.number("limit", blocked.limit);
  }

  // The token that ends a connection stays out of logs (draft-ietf-quic-qlog-main-schema, "Data at risk").
  void operator()(const wire::new_connection_id_frame& issued) const {
    kind("new_connection_id");
    json_.number("sequence_number", issued.sequence);
    json_.number("retire_prior_to", issued.retire_prior_to);
    json_.hex("connection_id", issued.id.bytes());
  }

  void operator()(const wire::retire_connection_id_frame& retired) const {
    kind("retire_connection_id");
    json_.number("sequence_number", retired.sequence);
  }

  void operator()(const wire::path_challenge_frame& challenge) const {
    kind("path_challenge");
    json_.hex("data", challenge.data);
  }

  void operator()(const wire::path_response_frame& response) const {
    kind("path_response");
    json_.hex("data", response.data);
  }

  void operator()(const wire::connection_close_frame& close) const {
    kind("connection_close");
    json_.text("error_space", close.by_application ? "application" : "transport");
    if (close.by_application) {
      application_error(close.error_code);
    } else {
      json_.text("error", transport_error_name(close.error_code));
      json_.number("error_code", close.error_code);
      json_.number("trigger_frame_type", close.frame_type);
    }
    if (is_utf8(as_text(close.reason))) {
      json_.text("reason", as_text(close.reason));
    } else {
      json_.hex("reason_bytes", close.reason);
    }
  }

  void operator()(const wire::handshake_done_frame&) const { kind("handshake_done"); }

  void operator()(const wire::datagram_frame& datagram) const {
    kind("datagram");
    length(datagram.data.size());
  }

  // The schema is open to frames of extensions (draft-ietf-quic-ack-frequency, sections 4 and 5); the fields are named
  // as they are there.
  void operator()(const wire::ack_frequency_frame& request) const {
    kind("ack_frequency");
    json_.number("sequence_number", request.sequence);
    json_.number("ack_eliciting_threshold", request.ack_eliciting_threshold);
    json_.milliseconds("requested_max_ack_delay",
                       std::chrono::microseconds(std::min(request.max_ack_delay, max_delay)));
    json_.number("reordering_threshold", request.reordering_threshold);
  }

  void operator()(const wire::immediate_ack_frame&) const { kind("immediate_ack"); }

  /// An extension that the schema does not know.
  template <class Other>
  void operator()(const Other&) const {
    kind("unknown");
    json_.number("frame_type_bytes", type_);
  }

private:
  void kind(std::string_view name) const { json_.text("frame_type", name); }

  void length(std::size_t size) const {
    json_.begin_object("raw");
    json_.number("length", size);
    json_.end_object();
  }

  void application_error(std::uint64_t code) const {
    json_.text("error", "unknown");
    json_.number("error_code", code);
  }

  void stream_type(stream_direction direction) const {
    json_.text("stream_type", direction == stream_direction::bidirectional ? "bidirectional" : "unidirectional");
  }

  json_writer& json_;
  std::uint64_t ack_delay_exponent_;
  std::uint64_t type_;
};

std::string lower_case(std::string text) {
  for (char& each : text) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::string transport_error_name(std::uint64_t code) {
  constexpr auto first_alert = static_cast<std::uint64_t>(transport_error_code::crypto_error);
  constexpr auto last_plain = static_cast<std::uint64_t>(transport_error_code::no_viable_path);
  if (code <= last_plain) return lower_case(to_string(static_cast<transport_error_code>(code)));
  if (code < first_alert || code > first_alert + 0xff) return "unknown";
  const std::array<std::uint8_t, 1> alert{static_cast<std::uint8_t>(code - first_alert)};
  std::string name = "crypto_error_0x1";
  append_hex(name, alert);
  return name;
}

void write_frames(json_writer& json, byte_view payload, std::uint64_t ack_delay_exponent) {
  json.begin_array("frames");
  wire::frame_reader frames(payload);
  while (!frames.done()) {
    const auto next = frames.next();
    if (!next) break;
    json.begin_object();
    std::visit(frame_record(json, ack_delay_exponent, frames.last_type()), *next);
    json.end_object();
  }
  json.end_array();
}

}  // namespace quasio::qlog
