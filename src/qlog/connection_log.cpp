#include "quasio/qlog/connection_log.hpp"

#include <utility>

#include "qlog/frame_record.hpp"
#include "qlog/parameters_record.hpp"

namespace quasio::qlog {
namespace {

// The draft that the events follow is part of the schema's name until there is an RFC.
constexpr std::string_view event_schema = "urn:ietf:params:qlog:events:quic-13";

constexpr char record_separator = '\x1e';

std::string_view name_of(quic::packet_kind kind) noexcept {
  switch (kind) {
    case quic::packet_kind::initial:
      return "initial";
    case quic::packet_kind::zero_rtt:
      return "0RTT";
    case quic::packet_kind::handshake:
      return "handshake";
    case quic::packet_kind::retry:
      return "retry";
    case quic::packet_kind::version_negotiation:
      return "version_negotiation";
    default:
      return "1RTT";
  }
}

std::string_view name_of(quic::drop_cause cause) noexcept {
  switch (cause) {
    case quic::drop_cause::malformed:
      return "invalid";
    case quic::drop_cause::unexpected:
      return "unsupported";
    case quic::drop_cause::no_keys:
      return "key_unavailable";
    case quic::drop_cause::unauthentic:
      return "decryption_failure";
    case quic::drop_cause::duplicate:
      return "duplicate";
    case quic::drop_cause::unknown_path:
    case quic::drop_cause::too_many_waiting:
      return "rejected";
  }
  return "general";
}

std::string_view name_of(quic::connection_progress step) noexcept {
  switch (step) {
    case quic::connection_progress::handshake_complete:
      return "handshake_complete";
    case quic::connection_progress::handshake_confirmed:
      return "handshake_confirmed";
    case quic::connection_progress::closing:
      return "closing";
    case quic::connection_progress::draining:
      return "draining";
    default:
      return "closed";
  }
}

std::string_view trigger_of(quic::close_cause cause) noexcept {
  switch (cause) {
    case quic::close_cause::local_application:
    case quic::close_cause::peer_application:
      return "application";
    case quic::close_cause::local_transport:
    case quic::close_cause::peer_transport:
      return "error";
    case quic::close_cause::idle_timeout:
    case quic::close_cause::handshake_timeout:
      return "idle_timeout";
    case quic::close_cause::stateless_reset:
      return "stateless_reset";
    case quic::close_cause::version_negotiation:
      return "version_mismatch";
    default:
      return "unspecified";
  }
}

/// Which secrets of TLS the keys of a level come from; the two directions go together.
std::pair<std::string_view, std::string_view> key_types(quic::packet_kind level) noexcept {
  switch (level) {
    case quic::packet_kind::initial:
      return {"client_initial_secret", "server_initial_secret"};
    case quic::packet_kind::handshake:
      return {"client_handshake_secret", "server_handshake_secret"};
    case quic::packet_kind::zero_rtt:
      return {"client_0rtt_secret", {}};
    default:
      return {"client_1rtt_secret", "server_1rtt_secret"};
  }
}

class connection_log final : public quic::connection_observer {
public:
  connection_log(std::unique_ptr<sink> records, log_options options)
      : records_(std::move(records)), options_(std::move(options)) {}

  void on_started(const quic::observed_start& start, time_point now) override;
  void on_local_parameters(const transport_parameters& own, time_point now) override {
    own_exponent_ = own.ack_delay_exponent;
    write_parameters_set("local", own, now);
  }
  void on_peer_parameters(const transport_parameters& theirs, time_point now) override {
    peer_exponent_ = theirs.ack_delay_exponent;
    write_parameters_set("remote", theirs, now);
  }
  void on_packet_sent(const quic::observed_packet& packet, time_point now) override {
    write_packet("quic:packet_sent", packet, own_exponent_, now);
  }
  void on_packet_received(const quic::observed_packet& packet, time_point now) override {
    write_packet("quic:packet_received", packet, peer_exponent_, now);
  }
  void on_packet_dropped(const quic::observed_drop& drop, time_point now) override;
  void on_packet_lost(const quic::observed_loss& loss, time_point now) override;
  void on_recovery(const quic::observed_recovery& recovery, time_point now) override;
  void on_congestion_state(const quic::observed_congestion_state& state, time_point now) override;
  void on_key(const quic::observed_key& key, time_point now) override;
  void on_progress(quic::connection_progress step, time_point now) override;
  void on_stream_data(const quic::observed_stream_data& moved, time_point now) override;
  void on_alpn(std::string_view name, time_point now) override;
  void on_closed(const quic::close_reason& reason, time_point now) override;

private:
  bool wants(importance event) const noexcept { return event <= options_.detail; }

  /// One event: `write_data` fills the member "data".
  template <class WriteData>
  void write(std::string_view name, time_point now, WriteData&& write_data, std::uint16_t path = 0);
  void write_head(const quic::observed_start& start);
  void write_parameters_set(std::string_view initiator, const transport_parameters& parameters, time_point now);
  void write_packet(std::string_view name, const quic::observed_packet& packet, std::uint64_t ack_delay_exponent,
                    time_point now);
  void write_key(std::string_view type, const quic::observed_key& key, time_point now);

  std::unique_ptr<sink> records_;
  log_options options_;
  std::string record_;  // Used again for every record.
  time_point started_{};
  std::uint64_t own_exponent_ = 3;
  std::uint64_t peer_exponent_ = 3;
  quic::observed_recovery told_;
};

template <class WriteData>
void connection_log::write(std::string_view name, time_point now, WriteData&& write_data, std::uint16_t path) {
  record_.clear();
  record_ += record_separator;
  json_writer json(record_);
  json.begin_object();
  json.milliseconds("time", now - started_);
  json.text("name", name);
  // The path of the handshake is the tuple "" (draft-ietf-quic-qlog-quic-events, "tuple_assigned").
  if (path != 0) json.text("tuple", std::to_string(path));
  json.begin_object("data");
  write_data(json);
  json.end_object();
  json.end_object();
  record_ += '\n';
  records_->write(record_);
}

void connection_log::write_head(const quic::observed_start& start) {
  record_.clear();
  record_ += record_separator;
  json_writer json(record_);
  json.begin_object();
  json.text("file_schema", "urn:ietf:params:qlog:file:sequential");
  json.text("serialization_format", "application/qlog+json-seq");
  json.text("title", "quasio");
  json.begin_object("trace");
  json.begin_object("common_fields");
  json.hex("group_id", start.original_destination.bytes());
  json.text("time_format", "relative_to_epoch");
  json.begin_object("reference_time");
  json.text("clock_type", "monotonic");
  json.text("epoch", "unknown");
  if (!options_.wall_clock_time.empty()) json.text("wall_clock_time", options_.wall_clock_time);
  json.end_object();
  json.end_object();
  json.begin_object("vantage_point");
  if (!options_.vantage_point.empty()) json.text("name", options_.vantage_point);
  json.text("type", start.role == endpoint_role::client ? "client" : "server");
  json.end_object();
  json.begin_array("event_schemas");
  json.text_item(event_schema);
  json.end_array();
  json.end_object();
  json.end_object();
  record_ += '\n';
  records_->write(record_);
}

void connection_log::on_started(const quic::observed_start& start, time_point now) {
  started_ = now;
  write_head(start);
  write("quic:version_information", now,
        [&](json_writer& json) { write_version(json, "chosen_version", start.version); });
  if (!wants(importance::base)) return;
  write("quic:connection_started", now, [&](json_writer& json) {
    json.begin_object("local");
    write_endpoint(json, start.path.local);
    json.begin_array("connection_ids");
    json.hex_text(start.local_id.bytes());
    json.end_array();
    json.end_object();
    json.begin_object("remote");
    write_endpoint(json, start.path.peer);
    json.end_object();
  });
}

void connection_log::write_parameters_set(std::string_view initiator, const transport_parameters& parameters,
                                          time_point now) {
  write("quic:parameters_set", now, [&](json_writer& json) {
    json.text("initiator", initiator);
    write_parameters(json, parameters);
  });
}

void connection_log::write_packet(std::string_view name, const quic::observed_packet& packet,
                                  std::uint64_t ack_delay_exponent, time_point now) {
  write(
      name, now,
      [&](json_writer& json) {
        json.begin_object("header");
        json.text("packet_type", name_of(packet.kind));
        json.number("packet_number", packet.number);
        if (packet.kind == quic::packet_kind::one_rtt) json.boolean("key_phase_bit", packet.key_phase);
        json.end_object();
        json.begin_object("raw");
        json.number("length", packet.size);
        json.number("payload_length", packet.frames.size());
        json.end_object();
        write_frames(json, packet.frames, ack_delay_exponent);
      },
      packet.path);
}

void connection_log::on_packet_dropped(const quic::observed_drop& drop, time_point now) {
  if (!wants(importance::base)) return;
  write("quic:packet_dropped", now, [&](json_writer& json) {
    json.begin_object("header");
    json.text("packet_type", drop.kind ? name_of(*drop.kind) : "unknown");
    json.end_object();
    json.begin_object("raw");
    json.number("length", drop.size);
    json.end_object();
    json.text("trigger", name_of(drop.cause));
  });
}

void connection_log::on_packet_lost(const quic::observed_loss& loss, time_point now) {
  write(
      "quic:packet_lost", now,
      [&](json_writer& json) {
        json.begin_object("header");
        json.text("packet_type", name_of(loss.kind));
        json.number("packet_number", loss.number);
        json.end_object();
        json.text("trigger",
                  loss.cause == quic::loss_cause::packet_threshold ? "reordering_threshold" : "time_threshold");
      },
      loss.path);
}

void connection_log::on_recovery(const quic::observed_recovery& recovery, time_point now) {
  const quic::observed_recovery before = std::exchange(told_, recovery);
  const bool anew = before.path != recovery.path || before.congestion_window == 0;
  write(
      "quic:recovery_metrics_updated", now,
      [&](json_writer& json) {
        const auto time = [&](std::string_view key, duration old, duration value) {
          if (anew || old != value) json.milliseconds(key, value);
        };
        const auto number = [&](std::string_view key, std::uint64_t old, std::uint64_t value) {
          if (anew || old != value) json.number(key, value);
        };
        time("min_rtt", before.minimum_rtt, recovery.minimum_rtt);
        time("smoothed_rtt", before.smoothed_rtt, recovery.smoothed_rtt);
        time("latest_rtt", before.latest_rtt, recovery.latest_rtt);
        time("rtt_variance", before.rtt_variation, recovery.rtt_variation);
        number("pto_count", before.pto_count, recovery.pto_count);
        number("congestion_window", before.congestion_window, recovery.congestion_window);
        json.number("bytes_in_flight", recovery.bytes_in_flight);
        if (recovery.slow_start_threshold && before.slow_start_threshold != recovery.slow_start_threshold)
          json.number("ssthresh", *recovery.slow_start_threshold);
        constexpr std::uint64_t bits = 8;
        if (anew || before.pacing_rate != recovery.pacing_rate)
          json.number("pacing_rate",
                      recovery.pacing_rate > UINT64_MAX / bits ? UINT64_MAX : recovery.pacing_rate * bits);
      },
      recovery.path);
}

void connection_log::on_congestion_state(const quic::observed_congestion_state& state, time_point now) {
  if (!wants(importance::base)) return;
  write(
      "quic:congestion_state_updated", now,
      [&](json_writer& json) {
        if (!state.before.empty()) json.text("old", state.before);
        json.text("new", state.now);
      },
      state.path);
}

void connection_log::on_key(const quic::observed_key& key, time_point now) {
  if (!wants(importance::base)) return;
  const auto [client, server] = key_types(key.level);
  write_key(client, key, now);
  if (!server.empty()) write_key(server, key, now);
}

void connection_log::write_key(std::string_view type, const quic::observed_key& key, time_point now) {
  const bool discarded = key.what == quic::key_event::discarded;
  write(discarded ? "quic:key_discarded" : "quic:key_updated", now, [&](json_writer& json) {
    json.text("key_type", type);
    if (key.level == quic::packet_kind::one_rtt) json.number("key_phase", key.phase);
    const bool by_peer = key.what == quic::key_event::updated_by_peer;
    const bool here = key.what == quic::key_event::updated_locally;
    json.text("trigger", by_peer ? "remote_update" : here ? "local_update" : "tls");
  });
}

void connection_log::on_progress(quic::connection_progress step, time_point now) {
  if (!wants(importance::base)) return;
  write("quic:connection_state_updated", now, [&](json_writer& json) { json.text("new", name_of(step)); });
}

void connection_log::on_stream_data(const quic::observed_stream_data& moved, time_point now) {
  if (!wants(importance::base)) return;
  const bool outwards = moved.movement == quic::data_movement::from_application;
  write("quic:stream_data_moved", now, [&](json_writer& json) {
    json.number("stream_id", moved.id);
    json.text("from", outwards ? "application" : "transport");
    json.text("to", outwards ? "transport" : "application");
    if (moved.fin) json.text("additional_info", "fin_set");
    json.begin_object("raw");
    json.number("length", moved.length);
    json.end_object();
  });
}

void connection_log::on_alpn(std::string_view name, time_point now) {
  write("quic:alpn_information", now, [&](json_writer& json) {
    json.begin_object("chosen_alpn");
    if (is_utf8(name)) {
      json.text("string_value", name);
    } else {
      json.hex("byte_value", as_bytes(name));
    }
    json.end_object();
  });
}

void connection_log::on_closed(const quic::close_reason& reason, time_point now) {
  if (!wants(importance::base)) return;
  using quic::close_cause;
  const bool by_peer = reason.cause == close_cause::peer_application || reason.cause == close_cause::peer_transport ||
                       reason.cause == close_cause::stateless_reset;
  const bool transport = reason.cause == close_cause::peer_transport || reason.cause == close_cause::local_transport;
  const bool application =
      reason.cause == close_cause::peer_application || reason.cause == close_cause::local_application;
  write("quic:connection_closed", now, [&](json_writer& json) {
    json.text("initiator", by_peer ? "remote" : "local");
    if (transport) json.text("connection_error", transport_error_name(reason.code));
    if (application) json.text("application_error", "unknown");
    if (transport || application) json.number("error_code", reason.code);
    if (is_utf8(reason.reason)) json.text("reason", reason.reason);
    json.text("trigger", trigger_of(reason.cause));
  });
  records_->flush();
}

}  // namespace

std::shared_ptr<quic::connection_observer> make_connection_log(std::unique_ptr<sink> records, log_options options) {
  return std::make_shared<connection_log>(std::move(records), std::move(options));
}

std::string file_name(const quic::observed_start& start) {
  std::string name;
  append_hex(name, start.original_destination.bytes());
  return name + (start.role == endpoint_role::client ? "_client.sqlog" : "_server.sqlog");
}

}  // namespace quasio::qlog
