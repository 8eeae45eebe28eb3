#include "quasio/driver/h3_counters.hpp"

#include <algorithm>
#include <array>

namespace quasio::driver {
namespace {

using runtime::metric_collector;
using runtime::metric_kind;
using sources = std::span<const h3_counters* const>;

constexpr std::array<std::string_view, 9> method_names = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                          "CONNECT", "OPTIONS", "PATCH", "other"};
constexpr std::array<std::string_view, 6> class_names = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"};

static_assert(method_names.size() == static_cast<std::size_t>(request_method::count));
static_assert(class_names.size() == static_cast<std::size_t>(status_class::count));

constexpr std::uint64_t first_code = 0x100;
constexpr std::uint64_t first_qpack_code = 0x200;

void collect_requests(metric_collector& to, sources from) {
  to.family(metric_kind::gauge, "quasio_h3_connections_open", "HTTP/3 connections on which requests may flow.")
      .sum(from, &h3_counters::connections_open);
  to.family(metric_kind::gauge, "quasio_h3_exchanges_open", "Requests whose streams have not ended.")
      .sum(from, &h3_counters::exchanges_open);
  to.family(metric_kind::counter, "quasio_h3_requests_total", "Requests, by method.")
      .sum_by(from, &h3_counters::requests, "method");
  to.family(metric_kind::counter, "quasio_h3_early_data_requests_total", "Requests received in early data (0-RTT).")
      .sum(from, &h3_counters::early_data_requests);
  to.family(metric_kind::counter, "quasio_h3_responses_total", "Responses, by the first digit of their status.")
      .sum_by(from, &h3_counters::responses, "status");
  to.family(metric_kind::histogram, "quasio_h3_response_seconds", "Time from a request to the headers of its response.")
      .sum(from, &h3_counters::response_seconds);
  to.family(metric_kind::histogram, "quasio_h3_exchange_seconds", "Time from a request to the end of its stream.")
      .sum(from, &h3_counters::exchange_seconds);
  to.family(metric_kind::counter, "quasio_h3_body_bytes_received_total", "Bytes of bodies handed to readers.")
      .sum(from, &h3_counters::body_bytes_received);
  to.family(metric_kind::counter, "quasio_h3_body_bytes_sent_total", "Bytes of bodies taken from writers.")
      .sum(from, &h3_counters::body_bytes_sent);
}

void collect_misfortunes(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_h3_requests_refused_total",
            "Requests refused unprocessed because too many waited.")
      .sum(from, &h3_counters::requests_refused);
  to.family(metric_kind::counter, "quasio_h3_requests_over_limit_total",
            "Requests refused unprocessed because the connection had had as many as it may.")
      .sum(from, &h3_counters::requests_over_limit);
  to.family(metric_kind::counter, "quasio_h3_request_limits_reached_total",
            "Connections ended gracefully because they had had as many requests as they may.")
      .sum(from, &h3_counters::request_limits_reached);
  to.family(metric_kind::counter, "quasio_h3_post_accept_timeouts_total",
            "Connections on which no request came in time.")
      .sum(from, &h3_counters::post_accept_timeouts);
  to.family(metric_kind::counter, "quasio_h3_malformed_messages_total", "Messages refused for what they were.")
      .sum(from, &h3_counters::malformed_messages);
  to.family(metric_kind::counter, "quasio_h3_resets_sent_total", "Exchanges given up here, by code.")
      .sum_by(from, &h3_counters::resets_sent, "code");
  to.family(metric_kind::counter, "quasio_h3_resets_received_total", "Messages that the peer abandoned, by code.")
      .sum_by(from, &h3_counters::resets_received, "code");
  to.family(metric_kind::counter, "quasio_h3_stops_received_total", "Messages that the peer did not want, by code.")
      .sum_by(from, &h3_counters::stops_received, "code");
  to.family(metric_kind::counter, "quasio_local_h3_connection_close_errors_total", "Connections closed here, by code.")
      .sum_by(from, &h3_counters::closes_sent, "code");
  to.family(metric_kind::counter, "quasio_peer_h3_connection_close_errors_total",
            "Connections that the peer closed, by code.")
      .sum_by(from, &h3_counters::closes_received, "code");
  to.family(metric_kind::counter, "quasio_h3_goaways_sent_total", "Connections on which GOAWAY was sent.")
      .sum(from, &h3_counters::goaways_sent);
  to.family(metric_kind::counter, "quasio_h3_goaways_received_total", "GOAWAY frames received.")
      .sum(from, &h3_counters::goaways_received);
  to.family(metric_kind::counter, "quasio_h3_requests_unprocessed_total",
            "Requests that servers said they had done nothing about.")
      .sum(from, &h3_counters::requests_unprocessed);
  to.family(metric_kind::counter, "quasio_h3_requests_too_large_total", "Requests answered with 431.")
      .sum(from, &h3_counters::requests_too_large);
  to.family(metric_kind::counter, "quasio_h3_unknown_streams_total", "Unidirectional streams of unknown types.")
      .sum(from, &h3_counters::unknown_streams);
  to.family(metric_kind::counter, "quasio_h3_events_dropped_total", "Events that nobody took in time.")
      .sum(from, &h3_counters::events_dropped);
  to.family(metric_kind::counter, "quasio_h3_commands_refused_total", "Commands refused because too many waited.")
      .sum(from, &h3_counters::commands_refused);
}

void collect_compression(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_h3_field_bytes_sent_total", "Bytes of encoded field sections sent.")
      .sum(from, &h3_counters::field_bytes_sent);
  to.family(metric_kind::counter, "quasio_h3_field_bytes_received_total", "Bytes of encoded field sections received.")
      .sum(from, &h3_counters::field_bytes_received);
  to.family(metric_kind::counter, "quasio_h3_qpack_inserted_total", "Entries put into dynamic tables of QPACK.")
      .sum_by(from, &h3_counters::qpack_inserted, "side");
  to.family(metric_kind::gauge, "quasio_h3_qpack_memory_bytes", "Memory that QPACK takes.")
      .sum_by(from, &h3_counters::qpack_memory, "side");
  to.family(metric_kind::gauge, "quasio_h3_qpack_blocked_streams", "Streams that wait for the peer's QPACK encoder.")
      .sum(from, &h3_counters::qpack_blocked_streams);
}

void collect_priorities(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_h3_priority_updates_sent_total", "PRIORITY_UPDATE frames sent.")
      .sum(from, &h3_counters::priority_updates_sent);
  to.family(metric_kind::counter, "quasio_h3_priority_updates_received_total", "PRIORITY_UPDATE frames received.")
      .sum(from, &h3_counters::priority_updates_received);
  to.family(metric_kind::counter, "quasio_h3_priority_updates_ignored_total",
            "Those that were malformed, too late, or too many too early.")
      .sum(from, &h3_counters::priority_updates_ignored);
}

void collect_datagrams(metric_collector& to, sources from) {
  to.family(metric_kind::counter, "quasio_h3_datagrams_sent_total", "HTTP Datagrams handed to the transport.")
      .sum(from, &h3_counters::datagrams_sent);
  to.family(metric_kind::counter, "quasio_h3_datagrams_received_total", "HTTP Datagrams that came.")
      .sum(from, &h3_counters::datagrams_received);
  to.family(metric_kind::counter, "quasio_h3_datagram_bytes_sent_total", "Bytes in the HTTP Datagrams sent.")
      .sum(from, &h3_counters::datagram_bytes_sent);
  to.family(metric_kind::counter, "quasio_h3_datagram_bytes_received_total", "Bytes in the HTTP Datagrams received.")
      .sum(from, &h3_counters::datagram_bytes_received);
  to.family(metric_kind::counter, "quasio_h3_datagrams_dropped_total", "HTTP Datagrams that came in vain, by cause.")
      .sum_by(from, &h3_counters::datagrams_dropped, "cause");
  to.family(metric_kind::counter, "quasio_h3_datagrams_refused_total",
            "HTTP Datagrams not taken because too many waited to be sent.")
      .sum(from, &h3_counters::datagrams_refused);
  to.family(metric_kind::gauge, "quasio_h3_datagram_bytes_waiting", "Bytes in HTTP Datagrams that nobody has read.")
      .sum(from, &h3_counters::datagram_bytes_waiting);
}

}  // namespace

std::string_view to_string(datagram_drop why) noexcept {
  constexpr std::array<std::string_view, 4> names = {"full", "late", "unasked", "early"};
  static_assert(names.size() == static_cast<std::size_t>(datagram_drop::count));
  return why < datagram_drop::count ? names[static_cast<std::size_t>(why)] : std::string_view();
}

std::string_view to_string(qpack_side side) noexcept {
  constexpr std::array<std::string_view, 2> names = {"encoder", "decoder"};
  static_assert(names.size() == static_cast<std::size_t>(qpack_side::count));
  return side < qpack_side::count ? names[static_cast<std::size_t>(side)] : std::string_view();
}

std::string_view to_string(request_method method) noexcept {
  return method < request_method::count ? method_names[static_cast<std::size_t>(method)] : std::string_view();
}

std::string_view to_string(status_class status) noexcept {
  return status < status_class::count ? class_names[static_cast<std::size_t>(status)] : std::string_view();
}

std::string_view to_string(h3_code code) noexcept {
  static constexpr std::array<std::string_view, 22> names = {"H3_NO_ERROR",
                                                             "H3_GENERAL_PROTOCOL_ERROR",
                                                             "H3_INTERNAL_ERROR",
                                                             "H3_STREAM_CREATION_ERROR",
                                                             "H3_CLOSED_CRITICAL_STREAM",
                                                             "H3_FRAME_UNEXPECTED",
                                                             "H3_FRAME_ERROR",
                                                             "H3_EXCESSIVE_LOAD",
                                                             "H3_ID_ERROR",
                                                             "H3_SETTINGS_ERROR",
                                                             "H3_MISSING_SETTINGS",
                                                             "H3_REQUEST_REJECTED",
                                                             "H3_REQUEST_CANCELLED",
                                                             "H3_REQUEST_INCOMPLETE",
                                                             "H3_MESSAGE_ERROR",
                                                             "H3_CONNECT_ERROR",
                                                             "H3_VERSION_FALLBACK",
                                                             "H3_DATAGRAM_ERROR",
                                                             "QPACK_DECOMPRESSION_FAILED",
                                                             "QPACK_ENCODER_STREAM_ERROR",
                                                             "QPACK_DECODER_STREAM_ERROR",
                                                             "other"};
  static_assert(names.size() == static_cast<std::size_t>(h3_code::count));
  return code < h3_code::count ? names[static_cast<std::size_t>(code)] : std::string_view();
}

request_method method_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(method_names, name);
  const auto index = static_cast<std::size_t>(found - method_names.begin());
  return index < method_names.size() ? static_cast<request_method>(index) : request_method::other;
}

status_class class_of(int status) noexcept {
  return status >= 100 && status < 600 ? static_cast<status_class>(status / 100 - 1) : status_class::other;
}

h3_code code_of(std::uint64_t code) noexcept {
  if (code >= first_code && code <= static_cast<std::uint64_t>(http3::error_code::version_fallback))
    return static_cast<h3_code>(code - first_code);
  if (code == static_cast<std::uint64_t>(http3::error_code::datagram_error)) return h3_code::datagram_error;
  if (code >= first_qpack_code && code <= static_cast<std::uint64_t>(http3::error_code::qpack_decoder_stream_error))
    return static_cast<h3_code>(static_cast<std::uint64_t>(h3_code::qpack_decompression_failed) + code -
                                first_qpack_code);
  return h3_code::other;
}

std::vector<runtime::metric_family> collect_metrics(std::span<const h3_counters* const> shards) {
  metric_collector collector;
  collect_requests(collector, shards);
  collect_misfortunes(collector, shards);
  collect_compression(collector, shards);
  collect_priorities(collector, shards);
  collect_datagrams(collector, shards);
  return collector.take();
}

}  // namespace quasio::driver
