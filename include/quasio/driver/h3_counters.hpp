#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quasio/http3/error.hpp"
#include "quasio/runtime/metrics.hpp"

namespace quasio::driver {

/// Methods as labels: those of RFC 9110 and PATCH; all others are `other`. `del` is DELETE.
enum class request_method : std::uint8_t { get, head, post, put, del, connect, options, patch, other, count };

/// The first digit of a response's status.
enum class status_class : std::uint8_t {
  informational,
  successful,
  redirection,
  client_error,
  server_error,
  other,
  count
};

/// The codes of http3::error_code, as labels.
enum class h3_code : std::uint8_t {
  no_error,
  general_protocol_error,
  internal_error,
  stream_creation_error,
  closed_critical_stream,
  frame_unexpected,
  frame_error,
  excessive_load,
  id_error,
  settings_error,
  missing_settings,
  request_rejected,
  request_cancelled,
  request_incomplete,
  message_error,
  connect_error,
  version_fallback,
  datagram_error,
  qpack_decompression_failed,
  qpack_encoder_stream_error,
  qpack_decoder_stream_error,
  other,
  count
};

/// Why an HTTP Datagram that came was dropped: see http3::received_datagram_counts.
enum class datagram_drop : std::uint8_t { full, late, unasked, early, count };

/// The two tables of QPACK: that of what is sent, and that of what is received.
enum class qpack_side : std::uint8_t { encoder, decoder, count };

std::string_view to_string(datagram_drop why) noexcept;
std::string_view to_string(qpack_side side) noexcept;
std::string_view to_string(request_method method) noexcept;
std::string_view to_string(status_class status) noexcept;
std::string_view to_string(h3_code code) noexcept;  ///< As RFC 9114 has it: "H3_NO_ERROR".

/// Under which label a method, a status (100 to 599) or a code of HTTP/3 is counted.
request_method method_of(std::string_view name) noexcept;
status_class class_of(int status) noexcept;
h3_code code_of(std::uint64_t code) noexcept;

/// What the HTTP/3 connections of one shard have seen, whichever end of them is here. Only the shard's thread writes;
/// any may read.
struct h3_counters {
  runtime::counter connections_open;  ///< A gauge: established, or in early data.
  runtime::counter exchanges_open;    ///< A gauge.

  runtime::counters_by<request_method> requests;  ///< Received by a server or sent by a client.
  runtime::counters_by<status_class> responses;   ///< Final ones, and interim ones as "informational".
  runtime::counter early_data_requests;           ///< Of those that servers received.
  runtime::counter requests_refused;              ///< By a server, unprocessed (H3_REQUEST_REJECTED): too many waited.
  runtime::counter requests_over_limit;           ///< Likewise: beyond h3_driver_settings::max_requests.
  runtime::counter request_limits_reached;        ///< Connections that ended gracefully for that reason.
  runtime::counter post_accept_timeouts;          ///< Connections on which no request came in time.
  runtime::counter malformed_messages;            ///< Messages refused here for what they were.

  runtime::histogram response_seconds{runtime::millisecond_bounds};  ///< From a request to its final header section.
  runtime::histogram exchange_seconds{runtime::millisecond_bounds};  ///< From a request to the end of its stream.
  runtime::counter body_bytes_received;                              ///< Handed to readers.
  runtime::counter body_bytes_sent;                                  ///< Taken from writers.

  runtime::counters_by<h3_code> resets_sent;      ///< Exchanges given up here.
  runtime::counters_by<h3_code> resets_received;  ///< Messages that the peer abandoned (RESET_STREAM).
  runtime::counters_by<h3_code> stops_received;   ///< Messages that the peer did not want (STOP_SENDING).
  runtime::counters_by<h3_code> closes_sent;      ///< Connections closed here, by code.
  runtime::counters_by<h3_code> closes_received;
  runtime::counter goaways_sent;  ///< Connections, not frames.
  runtime::counter goaways_received;

  runtime::counter datagrams_refused;  ///< By datagram_flow::send_datagram(), because too many wait to be sent.

  // Of what follows, the counts of a connection are brought here a few times a second, and when it falls idle or ends.
  runtime::counter datagrams_sent;      ///< HTTP Datagrams that QUIC took.
  runtime::counter datagrams_received;  ///< Also those that were dropped.
  runtime::counter datagram_bytes_sent;
  runtime::counter datagram_bytes_received;
  runtime::counters_by<datagram_drop> datagrams_dropped;
  runtime::counter datagram_bytes_waiting;  ///< A gauge: unread.
  runtime::counter priority_updates_sent;   ///< PRIORITY_UPDATE frames (RFC 9218).
  runtime::counter priority_updates_received;
  runtime::counter priority_updates_ignored;
  runtime::counter field_bytes_sent;  ///< Of encoded field sections.
  runtime::counter field_bytes_received;
  runtime::counter requests_unprocessed;            ///< Of a client: the server did nothing about them.
  runtime::counter requests_too_large;              ///< Answered with 431.
  runtime::counter unknown_streams;                 ///< Unidirectional ones whose type means nothing here.
  runtime::counters_by<qpack_side> qpack_inserted;  ///< Entries put into dynamic tables.
  runtime::counters_by<qpack_side> qpack_memory;    ///< A gauge: bytes.
  runtime::counter qpack_blocked_streams;           ///< A gauge: streams that wait for the peer's encoder.

  runtime::counter events_dropped;    ///< By h3_driver_settings::max_waiting_events.
  runtime::counter commands_refused;  ///< By h3_driver_settings::max_waiting_commands.
};

/// The metrics of these shards, added up. Any thread; allocates.
std::vector<runtime::metric_family> collect_metrics(std::span<const h3_counters* const> shards);

}  // namespace quasio::driver
