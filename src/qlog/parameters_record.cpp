#include "qlog/parameters_record.hpp"

#include <array>

namespace quasio::qlog {
namespace {

void write_id(json_writer& json, std::string_view key, const std::optional<connection_id>& id) {
  if (id) json.hex(key, id->bytes());
}

std::uint64_t count(std::chrono::milliseconds time) noexcept { return static_cast<std::uint64_t>(time.count()); }

/// The address alone, without brackets and port.
std::string address_text(const ip_endpoint& endpoint) {
  std::string text = endpoint.to_string();
  text.resize(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text;
}

std::array<std::uint8_t, 4> encoded(quic_version version) noexcept {
  const auto value = static_cast<std::uint32_t>(version);
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

}  // namespace

void write_endpoint(json_writer& json, const ip_endpoint& endpoint) {
  json.text(endpoint.is_v4() ? "ip_v4" : "ip_v6", address_text(endpoint));
  json.number(endpoint.is_v4() ? "port_v4" : "port_v6", endpoint.port);
}

void write_version(json_writer& json, std::string_view key, quic_version version) { json.hex(key, encoded(version)); }

void write_version(json_writer& json, quic_version version) { json.hex_text(encoded(version)); }

void write_parameters(json_writer& json, const transport_parameters& parameters) {
  write_id(json, "original_destination_connection_id", parameters.original_destination_connection_id);
  write_id(json, "initial_source_connection_id", parameters.initial_source_connection_id);
  write_id(json, "retry_source_connection_id", parameters.retry_source_connection_id);
  json.number("ack_delay_exponent", parameters.ack_delay_exponent);
  json.number("max_ack_delay", count(parameters.max_ack_delay));
  write_restored_parameters(json, parameters);
  if (!parameters.preferred_address) return;
  json.begin_object("preferred_address");
  if (parameters.preferred_address->v4) write_endpoint(json, *parameters.preferred_address->v4);
  if (parameters.preferred_address->v6) write_endpoint(json, *parameters.preferred_address->v6);
  json.hex("connection_id", parameters.preferred_address->id.bytes());
  json.end_object();
}

void write_restored_parameters(json_writer& json, const transport_parameters& parameters) {
  json.boolean("disable_active_migration", parameters.disable_active_migration);
  json.number("max_idle_timeout", count(parameters.max_idle_timeout));
  json.number("max_udp_payload_size", parameters.max_udp_payload_size);
  json.number("active_connection_id_limit", parameters.active_connection_id_limit);
  json.number("initial_max_data", parameters.initial_max_data);
  json.number("initial_max_stream_data_bidi_local", parameters.initial_max_stream_data_bidi_local);
  json.number("initial_max_stream_data_bidi_remote", parameters.initial_max_stream_data_bidi_remote);
  json.number("initial_max_stream_data_uni", parameters.initial_max_stream_data_uni);
  json.number("initial_max_streams_bidi", parameters.initial_max_streams_bidi);
  json.number("initial_max_streams_uni", parameters.initial_max_streams_uni);
  if (parameters.max_datagram_frame_size > 0)
    json.number("max_datagram_frame_size", parameters.max_datagram_frame_size);
  if (parameters.grease_quic_bit) json.boolean("grease_quic_bit", true);
}

}  // namespace quasio::qlog
