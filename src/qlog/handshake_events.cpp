#include <utility>

#include "qlog/connection_log.hpp"
#include "qlog/parameters_record.hpp"

/// "Transport events" of the handshake, and "Security events".
namespace quasio::qlog {
namespace {

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

void write_versions(json_writer& json, std::string_view key, std::span<const quic_version> versions) {
  if (versions.empty()) return;
  json.begin_array(key);
  for (const quic_version each : versions) write_version(json, each);
  json.end_array();
}

/// The members of an ALPNIdentifier.
void write_alpn(json_writer& json, std::string_view name) {
  if (is_utf8(name)) {
    json.text("string_value", name);
  } else {
    json.hex("byte_value", as_bytes(name));
  }
}

}  // namespace

void connection_log::on_local_parameters(const transport_parameters& own, time_point now) {
  own_exponent_ = own.ack_delay_exponent;
  write_parameters_set("local", own, now);
}

void connection_log::on_peer_parameters(const transport_parameters& theirs, time_point now) {
  peer_exponent_ = theirs.ack_delay_exponent;
  write_parameters_set("remote", theirs, now);
}

void connection_log::write_parameters_set(std::string_view initiator, const transport_parameters& parameters,
                                          time_point now) {
  records_.write("quic:parameters_set", now, [&](json_writer& json) {
    json.text("initiator", initiator);
    write_parameters(json, parameters);
  });
}

void connection_log::on_remembered_parameters(const transport_parameters& theirs, time_point now) {
  if (!wants(importance::base)) return;
  records_.write("quic:parameters_restored", now, [&](json_writer& json) { write_restored_parameters(json, theirs); });
}

void connection_log::on_versions(const quic::observed_versions& versions, time_point now) {
  records_.write("quic:version_information", now, [&](json_writer& json) {
    write_versions(json, "server_versions", versions.of_server);
    write_versions(json, "client_versions", versions.of_client);
    if (versions.chosen) write_version(json, "chosen_version", *versions.chosen);
  });
}

void connection_log::on_own_alpn(std::span<const std::string> names, time_point now) {
  records_.write("quic:alpn_information", now, [&](json_writer& json) {
    json.begin_array(role_ == endpoint_role::client ? "client_alpns" : "server_alpns");
    for (const std::string& each : names) {
      json.begin_object();
      write_alpn(json, each);
      json.end_object();
    }
    json.end_array();
  });
}

void connection_log::on_alpn(std::string_view name, time_point now) {
  records_.write("quic:alpn_information", now, [&](json_writer& json) {
    json.begin_object("chosen_alpn");
    write_alpn(json, name);
    json.end_object();
  });
}

void connection_log::on_handshake(const quic::observed_handshake& done, time_point now) {
  records_.write("quic:parameters_set", now, [&](json_writer& json) {
    json.text("initiator", "local");
    json.boolean("resumption_allowed", done.resumed);
    json.boolean("early_data_enabled", done.early_data == quic::early_data_status::accepted);
    json.text("tls_cipher", done.cipher);
  });
}

// "True if early data extension was enabled on the TLS layer": a client offers it, a server accepts it or does not.
void connection_log::on_early_data(quic::early_data_status status, time_point now) {
  using quic::early_data_status;
  const bool offers = status == early_data_status::offered;
  records_.write("quic:parameters_set", now, [&](json_writer& json) {
    json.text("initiator", offers || role_ == endpoint_role::server ? "local" : "remote");
    json.boolean("early_data_enabled", offers || status == early_data_status::accepted);
  });
}

void connection_log::on_session(bool allows_early_data, time_point now) {
  records_.write("quic:parameters_set", now, [&](json_writer& json) {
    json.text("initiator", "remote");
    json.boolean("resumption_allowed", true);
    json.boolean("early_data_enabled", allows_early_data);
  });
}

void connection_log::on_key(const quic::observed_key& key, time_point now) {
  if (!wants(importance::base)) return;
  const auto [client, server] = key_types(key.level);
  write_key(client, key, now);
  if (!server.empty()) write_key(server, key, now);
}

void connection_log::write_key(std::string_view type, const quic::observed_key& key, time_point now) {
  const bool discarded = key.what == quic::key_event::discarded;
  records_.write(discarded ? "quic:key_discarded" : "quic:key_updated", now, [&](json_writer& json) {
    json.text("key_type", type);
    if (key.level == quic::packet_kind::one_rtt) json.number("key_phase", key.phase);
    const bool by_peer = key.what == quic::key_event::updated_by_peer;
    const bool here = key.what == quic::key_event::updated_locally;
    if (!discarded) json.text("trigger", by_peer ? "remote_update" : here ? "local_update" : "tls");
  });
}

}  // namespace quasio::qlog
