#include "client/json_summary.hpp"

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "common/readable.hpp"

namespace quasio::apps {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::duration<double> time) { return time.count(); }

// Each name once, with all its values: a header may come several times.
json to_json(const http3::field_list& fields) {
  json out = json::object();
  for (const http3::field& field : fields) out[field.name].push_back(field.value);
  return out;
}

json to_json(const driver::connection_info& connection) {
  return {{"peer", connection.path.peer.to_string()},
          {"quic_version", quic_version_name(connection.handshake.version)},
          {"original_quic_version", quic_version_name(connection.handshake.original_version)},
          {"cipher", connection.handshake.cipher},
          {"group", connection.handshake.group},
          {"after_retry", connection.handshake.after_retry},
          {"resumed", connection.handshake.resumed},
          {"early_data", to_string(connection.handshake.early_data)}};
}

json to_json(const quic::statistics& counts) {
  return {{"smoothed_rtt", seconds(counts.smoothed_rtt)},
          {"minimum_rtt", seconds(counts.minimum_rtt)},
          {"maximum_rtt", seconds(counts.maximum_rtt)},
          {"packets_sent", counts.packets_sent},
          {"packets_received", counts.packets_received},
          {"packets_lost", counts.packets_lost},
          {"packets_spuriously_lost", counts.packets_spuriously_lost},
          {"packets_resent", counts.packets_resent},
          {"packets_dropped", counts.packets_dropped},
          {"bytes_sent", counts.bytes_sent},
          {"bytes_received", counts.bytes_received},
          {"bytes_lost", counts.bytes_lost},
          {"probe_timeouts", counts.probe_timeouts},
          {"congestion_controller", counts.congestion_controller},
          {"congestion_state", counts.congestion_state},
          {"congestion_window", counts.congestion_window},
          {"congestion_events", counts.congestion_events},
          {"delivery_rate", counts.delivery_rate},
          {"path_changes", counts.path_changes},
          {"tokens_received", counts.tokens_received},
          {"acknowledgments_sent", counts.acknowledgments_sent},
          {"key_updates", counts.key_updates},
          {"max_datagram_size", counts.max_datagram_size},
          {"mtu_state", to_string(counts.mtu)},
          {"ecn_state", to_string(counts.ecn)},
          {"ecn_ect0_sent", counts.ecn_ect0_sent},
          {"ecn_ect0_acked", counts.ecn_ect0_acked},
          {"ecn_ce_acked", counts.ecn_ce_acked},
          {"ecn_ect0_received", counts.ecn_ect0_received},
          {"ecn_ce_received", counts.ecn_ce_received}};
}

json to_json(const http3::qpack_table_statistics& table) {
  return {{"capacity", table.capacity}, {"entries", table.entries}, {"inserted", table.inserted}};
}

json to_json(const http3::statistics& counts) {
  return {{"requests_sent", counts.requests_sent},
          {"responses_received", counts.responses_received},
          {"interim_responses_received", counts.interim_responses_received},
          {"requests_rejected", counts.requests_rejected_by_peer},
          {"content_bytes_sent", counts.content_bytes_sent},
          {"content_bytes_received", counts.content_bytes_received},
          {"field_bytes_sent", counts.field_bytes_sent},
          {"field_bytes_received", counts.field_bytes_received},
          {"messages_malformed", counts.messages_malformed},
          {"goaways_received", counts.goaways_received},
          {"priority_updates_sent", counts.priority_updates_sent},
          {"datagrams_sent", counts.datagrams_sent},
          {"datagrams_received", counts.datagrams.received},
          {"qpack_encoder", to_json(counts.qpack.encoder)},
          {"qpack_decoder", to_json(counts.qpack.decoder)}};
}

json to_json(const planned_transfer& plan, const transfer_result& result) {
  json out = {{"url", plan.text},
              {"output", plan.output.empty() ? json() : json(plan.output)},
              {"exit_code", static_cast<int>(result.exit)},
              {"error", result.error.empty() ? json() : json(result.error)},
              {"status", result.status == 0 ? json() : json(result.status)},
              {"protocol", result.connection ? json(result.connection->handshake.alpn) : json()},
              {"bytes", result.bytes},
              {"content_length", result.expected ? json(*result.expected) : json()}};
  json times = {{"connect", nullptr}, {"first_byte", nullptr}, {"total", seconds(result.total)}};
  if (result.connection) {
    times["connect"] = seconds(result.connection->handshake.elapsed);
    times["first_byte"] = seconds(result.first_byte);
    out["connection"] = to_json(*result.connection);
  }
  out["times"] = times;
  out["headers"] = to_json(result.headers);
  if (result.statistics) out["statistics"] = to_json(*result.statistics);
  if (result.http_statistics) out["http_statistics"] = to_json(*result.http_statistics);
  return out;
}

}  // namespace

std::string json_summary(const client_arguments& arguments, const std::vector<transfer_result>& results,
                         client_exit code, std::chrono::duration<double> elapsed) {
  json transfers = json::array();
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    transfers.push_back(to_json(arguments.transfers[i], results[i]));
    bytes += results[i].bytes;
  }
  const json summary = {{"exit_code", static_cast<int>(code)},
                        {"bytes", bytes},
                        {"seconds", seconds(elapsed)},
                        {"transfers", std::move(transfers)}};
  // Servers' bytes need not be UTF-8.
  return summary.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace quasio::apps
