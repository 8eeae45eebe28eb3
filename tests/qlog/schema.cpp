// The CDDL of the drafts, in a shorter notation. A member is "name type", with "?" before it when it is optional.
// Types: u unsigned, n number, t text, h hexadecimal digits, b boolean, * anything; "a|b|c" one of these words; "[type"
// an array; else the name of another structure of the table.

#include "qlog/schema.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace quasio::test {
namespace {

using nlohmann::json;

const std::string transport_error =
    "no_error|internal_error|connection_refused|flow_control_error|stream_limit_error|stream_state_error|"
    "final_size_error|frame_encoding_error|transport_parameter_error|connection_id_limit_error|protocol_violation|"
    "invalid_token|application_error|crypto_buffer_exceeded|key_update_error|aead_limit_reached|no_viable_path|unknown";
const std::string connection_state =
    "attempted|handshake_started|handshake_complete|closed|peer_validated|early_write|handshake_confirmed|closing|"
    "draining";
const std::string stream_state =
    "idle|open|closed|half_closed_local|half_closed_remote|ready|send|data_sent|reset_sent|reset_received|receive|"
    "size_known|data_read|reset_read|data_received|destroyed";
const std::string stream_type = "unidirectional|bidirectional";
const std::string initiator = "local|remote";
const std::string key_type =
    "server_initial_secret|client_initial_secret|server_handshake_secret|client_handshake_secret|server_0rtt_secret|"
    "client_0rtt_secret|server_1rtt_secret|client_1rtt_secret";
const std::string packet_type = "initial|handshake|0RTT|1RTT|retry|version_negotiation|stateless_reset|unknown";
const std::string number_space = "initial|handshake|application_data";
const std::string location = "application|transport|network";
const std::string blocked = "blocked|unblocked";
const std::string blocked_reason =
    "scheduling|pacing|amplification_protection|congestion_control|connection_flow_control|stream_flow_control|"
    "stream_id|application";
const std::string migration_state =
    "probing_started|probing_abandoned|probing_successful|migration_started|migration_abandoned|migration_complete";
const std::string ecn_state = "testing|unknown|failed|capable";
const std::string error = " crypto_error|" + transport_error;

using members = std::vector<std::string>;

members limits() {
  return {"?disable_active_migration b",
          "?max_idle_timeout u",
          "?max_udp_payload_size u",
          "?active_connection_id_limit u",
          "?initial_max_data u",
          "?initial_max_stream_data_bidi_local u",
          "?initial_max_stream_data_bidi_remote u",
          "?initial_max_stream_data_uni u",
          "?initial_max_streams_bidi u",
          "?initial_max_streams_uni u",
          "?max_datagram_frame_size u",
          "?grease_quic_bit b"};
}

members with(members some, members more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

const std::map<std::string, members>& structures() {
  static const std::map<std::string, members> all{
      {"raw_info", {"?length u", "?payload_length u", "?data h"}},
      {"end", {"?ip_v4 t", "?port_v4 u", "?ip_v6 t", "?port_v6 u", "?connection_ids [h"}},
      {"alpn", {"?byte_value h", "?string_value t"}},
      // The reset token is left out of logs, although the draft wants it here: who has it can end the connection.
      {"preferred_address", {"?ip_v4 t", "?port_v4 u", "?ip_v6 t", "?port_v6 u", "connection_id h"}},
      {"token", {"?type retry|resumption", "?details *", "?raw raw_info"}},
      {"header",
       {"packet_type " + packet_type, "?packet_type_bytes u", "?spin_bit b", "?key_phase u", "?key_phase_bit b",
        "?packet_number_length u", "?packet_number u", "?token token", "?length u", "?version h", "?scil u", "?dcil u",
        "?scid h", "?dcid h"}},
      {"frame padding", {"?raw raw_info"}},
      {"frame ping", {"?raw raw_info"}},
      {"frame ack", {"?ack_delay n", "?acked_ranges [[u", "?ect1 u", "?ect0 u", "?ce u", "?raw raw_info"}},
      {"frame reset_stream", {"stream_id u", "error unknown", "?error_code u", "final_size u", "?raw raw_info"}},
      {"frame stop_sending", {"stream_id u", "error unknown", "?error_code u", "?raw raw_info"}},
      {"frame crypto", {"offset u", "raw raw_info"}},
      {"frame new_token", {"token token", "?raw raw_info"}},
      {"frame stream", {"stream_id u", "?offset u", "?fin b", "?raw raw_info"}},
      {"frame max_data", {"maximum u", "?raw raw_info"}},
      {"frame max_stream_data", {"stream_id u", "maximum u", "?raw raw_info"}},
      {"frame max_streams", {"stream_type " + stream_type, "maximum u", "?raw raw_info"}},
      {"frame data_blocked", {"limit u", "?raw raw_info"}},
      {"frame stream_data_blocked", {"stream_id u", "limit u", "?raw raw_info"}},
      {"frame streams_blocked", {"stream_type " + stream_type, "limit u", "?raw raw_info"}},
      {"frame new_connection_id",
       {"sequence_number u", "retire_prior_to u", "?connection_id_length u", "connection_id h", "?raw raw_info"}},
      {"frame retire_connection_id", {"sequence_number u", "?raw raw_info"}},
      {"frame path_challenge", {"?data h", "?raw raw_info"}},
      {"frame path_response", {"?data h", "?raw raw_info"}},
      {"frame connection_close",
       {"?error_space transport|application", "?error" + error, "?error_code u", "?reason t", "?reason_bytes h",
        "?trigger_frame_type u", "?raw raw_info"}},
      {"frame handshake_done", {"?raw raw_info"}},
      {"frame unknown", {"frame_type_bytes u", "?raw raw_info"}},
      {"frame datagram", {"?raw raw_info"}},
      // Of draft-ietf-quic-ack-frequency; the schema is open to frames of extensions.
      {"frame ack_frequency",
       {"sequence_number u", "ack_eliciting_threshold u", "requested_max_ack_delay n", "reordering_threshold u"}},
      {"frame immediate_ack", {}},
  };
  return all;
}

const std::map<std::string, members>& events() {
  static const std::map<std::string, members> all{
      {"server_listening", {"?ip_v4 t", "?port_v4 u", "?ip_v6 t", "?port_v6 u", "?retry_required b"}},
      {"connection_started", {"local end", "remote end"}},
      {"connection_closed",
       {"?initiator " + initiator, "?connection_error" + error, "?application_error unknown", "?error_code u",
        "?internal_code u", "?reason t",
        "?trigger idle_timeout|application|error|version_mismatch|stateless_reset|aborted|unspecified"}},
      {"connection_id_updated", {"initiator " + initiator, "?old h", "?new h"}},
      {"spin_bit_updated", {"state b"}},
      {"connection_state_updated", {"?old " + connection_state, "new " + connection_state}},
      {"tuple_assigned", {"tuple_id t", "?tuple_remote end", "?tuple_local end"}},
      {"mtu_updated", {"?old u", "new u", "?done b"}},
      {"version_information", {"?server_versions [h", "?client_versions [h", "?chosen_version h"}},
      {"alpn_information", {"?server_alpns [alpn", "?client_alpns [alpn", "?chosen_alpn alpn"}},
      {"parameters_set",
       with(limits(), {"?initiator " + initiator, "?resumption_allowed b", "?early_data_enabled b", "?tls_cipher t",
                       "?original_destination_connection_id h", "?initial_source_connection_id h",
                       "?retry_source_connection_id h", "?ack_delay_exponent u", "?max_ack_delay u",
                       "?preferred_address preferred_address", "?reset_stream_at b"})},
      {"parameters_restored", limits()},
      {"packet_sent",
       {"header header", "?frames [frame", "?supported_versions [h", "?raw raw_info", "?datagram_payload_checksum u",
        "?is_mtu_probe_packet b",
        "?trigger retransmit_reordered|retransmit_timeout|pto_probe|retransmit_crypto|cc_bandwidth_probe"}},
      {"packet_received",
       {"header header", "?frames [frame", "?supported_versions [h", "?raw raw_info", "?datagram_payload_checksum u",
        "?trigger keys_available"}},
      {"packet_dropped",
       {"?header header", "?raw raw_info", "?datagram_payload_checksum u", "?details *",
        "?trigger internal_error|rejected|unsupported|invalid|duplicate|connection_unknown|decryption_failure|"
        "key_unavailable|general"}},
      {"packet_buffered",
       {"?header header", "?raw raw_info", "?datagram_payload_checksum u", "?trigger backpressure|keys_unavailable"}},
      {"packets_acked", {"?packet_number_space " + number_space, "?packet_numbers [u"}},
      {"udp_datagrams_sent", {"?count u", "?raw [raw_info", "?ecn [Not-ECT|ECT(1)|ECT(0)|CE"}},
      {"udp_datagrams_received", {"?count u", "?raw [raw_info", "?ecn [Not-ECT|ECT(1)|ECT(0)|CE"}},
      {"udp_datagram_dropped", {"?raw raw_info"}},
      {"stream_state_updated",
       {"stream_id u", "?stream_type " + stream_type, "?old " + stream_state, "new " + stream_state,
        "stream_side sending|receiving", "?trigger local|remote"}},
      {"frames_created", {"frames [frame", "?packet_numbers [u"}},
      {"frames_parsed", {"frames [frame", "?packet_numbers [u"}},
      {"stream_data_moved",
       {"?stream_id u", "?offset u", "?from " + location, "?to " + location, "?additional_info fin_set|stream_reset",
        "?raw raw_info"}},
      // The last two are ours: what the draft has no event for.
      {"datagram_data_moved",
       {"?from " + location, "?to " + location, "?raw raw_info", "?dropped_for t", "?dropped_count u"}},
      {"connection_data_blocked_updated", {"?old " + blocked, "new " + blocked, "?reason " + blocked_reason}},
      {"stream_data_blocked_updated",
       {"?old " + blocked, "new " + blocked, "stream_id u", "?reason " + blocked_reason}},
      {"datagram_data_blocked_updated", {"?old " + blocked, "new " + blocked, "?reason " + blocked_reason}},
      {"migration_state_updated",
       {"?old " + migration_state, "new " + migration_state, "?tuple_id t", "?tuple_remote end", "?tuple_local end"}},
      {"timer_updated",
       {"?timer_type ack|pto|loss_timeout|path_validation|handshake_timeout|idle_timeout", "?timer_id u",
        "?packet_number_space " + number_space, "event_type set|expired|cancelled", "?delta n"}},
      {"key_updated", {"key_type " + key_type, "?key_phase u", "?trigger tls|remote_update|local_update"}},
      {"key_discarded", {"key_type " + key_type, "?key_phase u", "?trigger tls|remote_update|local_update"}},
      // "Can contain any number of unspecified fields": the last one is ours.
      {"recovery_parameters_set",
       {"?reordering_threshold u", "?time_threshold n", "timer_granularity u", "?initial_rtt n", "?max_datagram_size u",
        "?initial_congestion_window u", "?minimum_congestion_window u", "?loss_reduction_factor n",
        "?persistent_congestion_threshold u", "?congestion_controller t"}},
      {"recovery_metrics_updated",
       {"?min_rtt n", "?smoothed_rtt n", "?latest_rtt n", "?rtt_variance n", "?pto_count u", "?congestion_window u",
        "?bytes_in_flight u", "?ssthresh u", "?packets_in_flight u", "?pacing_rate u"}},
      {"congestion_state_updated", {"?old t", "new t", "?trigger t"}},
      {"packet_lost",
       {"?header header", "?frames [frame", "?is_mtu_probe_packet b",
        "?trigger reordering_threshold|time_threshold|pto_expired"}},
      {"marked_for_retransmit", {"frames [frame"}},
      {"ecn_state_updated", {"?old " + ecn_state, "new " + ecn_state}},
  };
  return all;
}

bool is_hexadecimal(const std::string& text) {
  return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_one_of(const std::string& words, const std::string& word) {
  std::istringstream list(words);
  for (std::string each; std::getline(list, each, '|');) {
    if (each == word) return true;
    // CryptoError has a number in it.
    if (each == "crypto_error" && word.size() == 18 && word.starts_with("crypto_error_0x1") &&
        is_hexadecimal(word.substr(16))) {
      return true;
    }
  }
  return false;
}

class checker {
public:
  void check(const json& value, const std::string& type, const std::string& where) {
    if (type == "*") return;
    if (type == "u") return expect(value.is_number_unsigned(), where + " is no unsigned integer");
    if (type == "n") return expect(value.is_number(), where + " is no number");
    if (type == "b") return expect(value.is_boolean(), where + " is no boolean");
    if (type == "t") return expect(value.is_string(), where + " is no text");
    if (type == "h") return expect(value.is_string() && is_hexadecimal(value), where + " is not hexadecimal");
    if (type.starts_with('[')) return check_items(value, type.substr(1), where);
    if (type == "frame") return check_frame(value, where);
    if (const auto found = structures().find(type); found != structures().end())
      return check_members(value, found->second, where);
    expect(value.is_string() && is_one_of(type, value), where + " is " + value.dump());
  }

  void check_members(const json& value, const members& wanted, const std::string& where, const std::string& also = {}) {
    if (!value.is_object()) return expect(false, where + " is no object");
    std::vector<std::string> names{also};
    for (const std::string& each : wanted) {
      const bool optional = each.starts_with('?');
      const std::string name = each.substr(optional ? 1 : 0, each.find(' ') - (optional ? 1 : 0));
      names.push_back(name);
      const bool present = value.contains(name);
      expect(optional || present, where + " lacks " + name);
      if (present) check(value.at(name), each.substr(each.find(' ') + 1), where + "." + name);
    }
    for (const auto& [name, unused] : value.items())
      expect(std::ranges::find(names, name) != names.end(), where + " has " + name);
  }

  void expect(bool holds, std::string what) {
    if (!holds) wrong.push_back(std::move(what));
  }

  std::vector<std::string> wrong;

private:
  void check_items(const json& value, const std::string& type, const std::string& where) {
    if (!value.is_array()) return expect(false, where + " is no array");
    for (const json& each : value) check(each, type, where + "[]");
  }

  void check_frame(const json& frame, const std::string& where) {
    if (!frame.is_object() || !frame.contains("frame_type")) return expect(false, where + " has no type");
    const std::string type = frame.at("frame_type");
    const auto found = structures().find("frame " + type);
    if (found == structures().end()) return expect(false, where + " is an unknown " + type);
    check_members(frame, found->second, where + " " + type, "frame_type");
  }
};

}  // namespace

std::vector<std::string> violations(const json& record) {
  checker one;
  one.check_members(record, {"time n", "name t", "?tuple t", "data *"}, "event");
  if (!one.wrong.empty()) return one.wrong;
  const std::string name = record.at("name");
  const auto found = events().find(name.starts_with("quic:") ? name.substr(5) : std::string());
  if (found == events().end()) return {"unknown event " + name};
  one.check_members(record.at("data"), found->second, name);
  return one.wrong;
}

std::vector<std::string> known_events() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : events()) names.push_back("quic:" + name);
  return names;
}

}  // namespace quasio::test
