#include "quasio/runtime/metrics.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace quasio::runtime {
namespace {

template <class Kind, std::size_t Size>
std::string_view name_in(const std::array<std::string_view, Size>& names, Kind kind) noexcept {
  static_assert(Size == static_cast<std::size_t>(Kind::count));
  const auto index = static_cast<std::size_t>(kind);
  return index < Size ? names[index] : std::string_view();
}

using sources = std::span<const counters* const>;

void collect_handshakes(metric_collector& to, sources from) {
  to.family(metric_kind::gauge, "quasio_handshakes_under_way", "Accepted handshakes that have not completed.")
      .sum(from, &counters::handshakes_under_way);
  to.family(metric_kind::counter, "quasio_connections_accepted_total", "Connections that clients began.")
      .sum(from, &counters::connections_accepted);
  to.family(metric_kind::counter, "quasio_connections_established_total", "Handshakes that completed, on either side.")
      .sum(from, &counters::connections_established);
  to.family(metric_kind::counter, "quasio_failed_handshakes_total", "Handshakes that failed, by cause.")
      .sum_by(from, &counters::handshake_failures, "cause");
  to.family(metric_kind::histogram, "quasio_handshake_time_seconds",
            "Time from the first packet until the handshake is begun (queue), from there to its completion (protocol), "
            "and from the first packet to the first answer (response).")
      .sum(from, &counters::handshake_queue_seconds, {{"stage", "queue"}})
      .sum(from, &counters::handshake_protocol_seconds, {{"stage", "protocol"}})
      .sum(from, &counters::handshake_response_seconds, {{"stage", "response"}});
  to.family(metric_kind::counter, "quasio_skipped_mid_handshake_flushes_total",
            "Turns that could not go on with a handshake because it waits for the program's answer to the ClientHello.")
      .sum(from, &counters::skipped_mid_handshake_flushes);
  to.family(metric_kind::gauge, "quasio_client_hellos_waiting", "Handshakes that wait for such an answer.")
      .sum(from, &counters::client_hellos_waiting);
  to.family(metric_kind::counter, "quasio_client_hellos_timed_out_total", "Handshakes that waited for it in vain.")
      .sum(from, &counters::client_hellos_timed_out);
  to.family(metric_kind::counter, "quasio_client_hellos_dropped_total",
            "Handshakes refused because too many waited for one already.")
      .sum(from, &counters::client_hellos_dropped);
}

void collect_first_packets(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_accepted_initial_packets_total", "First packets that began a connection.")
      .sum(from, &counters::accepted_initial_packets);
  to.family(metric_kind::counter, "quasio_rejected_initial_packets_total",
            "Packets of no known connection that began none either, by cause.")
      .sum_by(from, &counters::initial_rejections, "cause");
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> subnets;
  for (const counters* const each : from) {
    for (const auto& row : each->initials_by_subnet.rows()) {
      subnets[row.subnet].first += row.accepted;
      subnets[row.subnet].second += row.rejected;
    }
  }
  to.family(metric_kind::counter, "quasio_expensive_accepted_initial_packets_total",
            "The accepted ones by the client's network, where these are counted.");
  for (const auto& [subnet, numbers] : subnets) to.value(static_cast<double>(numbers.first), {{"peer_subnet", subnet}});
  to.family(metric_kind::counter, "quasio_expensive_rejected_initial_packets_total",
            "The rejected ones by the client's network, where these are counted.");
  for (const auto& [subnet, numbers] : subnets)
    to.value(static_cast<double>(numbers.second), {{"peer_subnet", subnet}});
  to.family(metric_kind::counter, "quasio_invalid_connection_id_packets_total", "Packets for no connection known here.")
      .sum(from, &counters::unroutable_packets);
  to.family(metric_kind::counter, "quasio_stateless_replies_total",
            "Version Negotiation, Retry, refusals and Stateless Resets sent.")
      .sum(from, &counters::stateless_replies);
  to.family(metric_kind::counter, "quasio_stateless_resets_total", "Stateless Resets sent.")
      .sum(from, &counters::stateless_resets);
  to.family(metric_kind::counter, "quasio_stateless_resets_limited_total",
            "Stateless Resets not sent: too many of late.")
      .sum(from, &counters::stateless_resets_limited);
}

void collect_packets(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_udp_drops_total",
            "Datagrams lost because a socket's receive buffer was full.")
      .sum(from, &counters::kernel_drops);
  to.family(metric_kind::counter, "quasio_inbox_drops_total", "Datagrams lost because a connection's inbox was full.")
      .sum(from, &counters::inbox_drops);
  to.family(metric_kind::counter, "quasio_datagrams_delivered_total", "Datagrams given to connections.")
      .sum(from, &counters::datagrams_delivered);
  to.family(metric_kind::counter, "quasio_forwarded_packets_total", "Packets passed on to the shard they belong to.")
      .sum(from, &counters::forwarded_packets);
  to.family(metric_kind::counter, "quasio_forwarding_drops_total", "Those dropped because that shard is behind.")
      .sum(from, &counters::forwarding_drops);
  to.family(metric_kind::counter, "quasio_handover_questions_total",
            "Packets passed on to the process that had the socket before.")
      .sum(from, &counters::handover_questions);
  to.family(metric_kind::counter, "quasio_handover_answers_total",
            "Packets given back to the process that has the socket now.")
      .sum(from, &counters::handover_answers);
  to.family(metric_kind::counter, "quasio_handover_drops_total", "Those dropped because that process is behind.")
      .sum(from, &counters::handover_drops);
  to.family(metric_kind::counter, "quasio_receive_errors_total", "Errors of sockets while receiving.")
      .sum(from, &counters::receive_errors);
  const auto total = [&](counter counters::*member) {
    std::uint64_t sum = 0;
    for (const counters* const each : from) sum += (each->*member).value();
    return static_cast<double>(sum);
  };
  to.family(metric_kind::counter, "quasio_write_errors_total",
            "Batches that the system refused, took in part, or had no room for.")
      .value(total(&counters::write_errors), {{"cause", "error"}})
      .value(total(&counters::write_partial), {{"cause", "partial"}})
      .value(total(&counters::write_would_block), {{"cause", "would_block"}});
  to.family(metric_kind::histogram, "quasio_send_would_block_seconds", "How long connections waited for a full socket.")
      .sum(from, &counters::write_blocked_seconds);
  to.family(metric_kind::counter, "quasio_bytes_received_total", "UDP payload received by connections that have ended.")
      .sum(from, &counters::bytes_received);
  to.family(metric_kind::counter, "quasio_bytes_sent_total", "UDP payload sent by connections that have ended.")
      .sum(from, &counters::bytes_sent);
  to.family(metric_kind::counter, "quasio_packets_received_total", "Packets received by connections that have ended.")
      .sum(from, &counters::packets_received);
  to.family(metric_kind::counter, "quasio_packets_sent_total", "Packets sent by connections that have ended.")
      .sum(from, &counters::packets_sent);
  to.family(metric_kind::counter, "quasio_packets_lost_total", "Packets that connections that have ended had lost.")
      .sum(from, &counters::packets_lost);
}

void collect_connections(metric_collector& to, sources from) {
  to.family(metric_kind::gauge, "quasio_connections_in_memory", "Connections, those that only drain included.")
      .sum(from, &counters::connections_in_memory);
  to.family(metric_kind::counter, "quasio_connections_ended_total", "Connections that ended, by how.")
      .sum_by(from, &counters::endings, "how");
  to.family(metric_kind::counter, "quasio_local_quic_connection_close_errors_total",
            "Connections closed here with a transport code, by code.")
      .sum_by(from, &counters::closes_sent, "code");
  to.family(metric_kind::counter, "quasio_peer_quic_connection_close_errors_total",
            "Connections that the peer closed with a transport code, by code.")
      .sum_by(from, &counters::closes_received, "code");
  to.family(metric_kind::histogram, "quasio_connection_seconds", "How long ended connections lasted.")
      .sum(from, &counters::connection_seconds);
  to.family(metric_kind::histogram, "quasio_peak_streams", "The most streams that ended connections had open at once.")
      .sum(from, &counters::peak_streams);
  to.family(metric_kind::gauge, "quasio_utilized_bandwidth_bytes_per_second",
            "What connections deliver now, as acknowledgments measure it.")
      .sum(from, &counters::utilized_bandwidth);
  to.family(metric_kind::histogram, "quasio_max_bandwidth_mbps",
            "The most that ended connections delivered, in megabits a second.")
      .sum(from, &counters::max_bandwidth_mbps);
  to.family(metric_kind::histogram, "quasio_max_loss_percent",
            "The worst share of packets lost within a tenth of a second, of ended connections.")
      .sum(from, &counters::max_loss_percent);
}

void collect_turns(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_worker_turns_total", "Turns that connections had.")
      .sum(from, &counters::worker_turns);
  to.family(metric_kind::histogram, "quasio_worker_schedule_delay_seconds",
            "Time from a connection's wish for a turn to the turn.")
      .sum(from, &counters::wake_delay_seconds);
  to.family(metric_kind::histogram, "quasio_worker_turn_seconds", "How long a turn took.")
      .sum(from, &counters::turn_seconds);
  std::uint64_t nanoseconds = 0;
  for (const counters* const each : from) nanoseconds += each->turn_nanoseconds.value();
  to.family(metric_kind::counter, "quasio_worker_turn_time_seconds_total", "How long all turns took together.")
      .value(static_cast<double>(nanoseconds) * 1e-9);
  to.family(metric_kind::gauge, "quasio_receive_buffers_allocated", "Receive buffers that exist.")
      .sum(from, &counters::receive_buffers);
  to.family(metric_kind::gauge, "quasio_receive_buffers_in_use", "Receive buffers that hold unread packets.")
      .sum(from, &counters::receive_buffers_in_use);
  to.family(metric_kind::counter, "quasio_receive_buffers_missing_total",
            "Times that no receive buffer was left and packets stayed with the kernel.")
      .sum(from, &counters::receive_buffers_missing);
}

}  // namespace

std::string_view to_string(initial_rejection why) noexcept {
  static constexpr std::array<std::string_view, 7> names = {
      "token_validation_failed", "failed_to_parse", "wrong_type", "accept_queue_overflow", "not_admitted",
      "too_many_handshakes",     "unexpected"};
  return name_in(names, why);
}

std::string_view to_string(handshake_failure why) noexcept {
  static constexpr std::array<std::string_view, 5> names = {"tls", "transport", "timeout", "disconnect", "refused"};
  return name_in(names, why);
}

std::string_view to_string(ending how) noexcept {
  static constexpr std::array<std::string_view, 10> names = {
      "closed_here",       "closed_by_peer",  "error_here",          "error_of_peer",  "idle_timeout",
      "handshake_timeout", "stateless_reset", "version_negotiation", "no_viable_path", "network"};
  return name_in(names, how);
}

std::string_view to_string(close_code code) noexcept {
  static constexpr std::array<std::string_view, 19> names = {"no_error",
                                                             "internal_error",
                                                             "connection_refused",
                                                             "flow_control_error",
                                                             "stream_limit_error",
                                                             "stream_state_error",
                                                             "final_size_error",
                                                             "frame_encoding_error",
                                                             "transport_parameter_error",
                                                             "connection_id_limit_error",
                                                             "protocol_violation",
                                                             "invalid_token",
                                                             "application_error",
                                                             "crypto_buffer_exceeded",
                                                             "key_update_error",
                                                             "aead_limit_reached",
                                                             "no_viable_path",
                                                             "crypto_error",
                                                             "other"};
  return name_in(names, code);
}

metric_collector& metric_collector::family(metric_kind kind, std::string_view name, std::string_view help) {
  families_.push_back({std::string(name), std::string(help), kind, {}});
  return *this;
}

metric_collector& metric_collector::value(double number, std::vector<metric_label> labels) {
  add(std::move(labels)).value = number;
  return *this;
}

metric_sample& metric_collector::add(std::vector<metric_label> labels) {
  auto& samples = families_.back().samples;
  samples.push_back({.labels = std::move(labels), .value = 0, .histogram = {}});
  return samples.back();
}

void metric_collector::add_to(histogram_snapshot& snapshot, const histogram& more) {
  const auto bounds = more.bounds();
  snapshot.bounds.assign(bounds.begin(), bounds.end());
  snapshot.counts.resize(bounds.size() + 1);
  for (std::size_t index = 0; index <= bounds.size(); ++index) {
    const std::uint64_t count = more.in_bucket(index);
    snapshot.counts[index] += count;
    snapshot.total += count;
  }
  snapshot.sum += more.sum();
}

std::vector<metric_family> collect_metrics(std::span<const counters* const> shards) {
  metric_collector collector;
  collect_connections(collector, shards);
  collect_handshakes(collector, shards);
  collect_first_packets(collector, shards);
  collect_packets(collector, shards);
  collect_turns(collector, shards);
  return collector.take();
}

}  // namespace quasio::runtime
