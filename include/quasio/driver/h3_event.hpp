#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "quasio/driver/exchange.hpp"
#include "quasio/driver/exchange_audit.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/quic/path_statistics.hpp"
#include "quasio/quic/statistics.hpp"
#include "quasio/runtime/error.hpp"

/// The level below requests and responses, for those who write proxies, gateways and monitors: what happens on an
/// HTTP/3 connection, as it happens. See h3_driver_settings::max_waiting_events for what a full queue does.
namespace quasio::driver {

/// A request that a server got.
struct incoming_request {
  http3::field_list fields;  ///< With pseudo-fields.
  bool end = false;          ///< It has no body.
  body_reader body;
  body_writer response;

  /// It may be a replay: see http3::fields_received::is_early_data.
  bool is_early_data = false;
};

/// The peer's SETTINGS have come.
struct settings_told {
  http3::peer_settings settings;
};

/// Server: a request, with the handles for its body and response. Where events are on, requests come so, and not by
/// async_receive_request().
struct request_begun {
  stream_id id = 0;
  incoming_request request;
  std::string priority;  ///< The value of its Priority field (RFC 9218); empty when it has none.
};

/// Client: a call of async_send_request() led to this stream.
struct request_sent {
  stream_id id = 0;
  std::uint64_t request_tag = 0;  ///< That of the call: see async_send_request().
};

/// A further header section came: a response's, an interim one's or trailers. The fields are with the handles.
struct head_received {
  stream_id id = 0;
  http3::section_kind kind = http3::section_kind::response;
  int status = 0;  ///< 0 of trailers.
  bool end = false;
};

/// The reader of a body took bytes; what several reads took may be told as one.
struct body_received {
  stream_id id = 0;
  std::uint64_t bytes = 0;
  bool end = false;  ///< It has seen the end.
};

/// The peer abandoned its message, or the message was refused for what it was.
struct message_reset {
  stream_id id = 0;
  http3::error_code code = http3::error_code::no_error;
  bool malformed = false;
  bool was_unprocessed = false;  ///< Client: the request may be sent again on another connection, whatever its method.
};

/// The peer does not want the rest of our message.
struct message_declined {
  stream_id id = 0;
  http3::error_code code = http3::error_code::no_error;
};

/// Server: the client changed its wish for a response that is still open (RFC 9218). What came of several changes that
/// nobody has heard of may be told as one.
struct priority_updated {
  stream_id id = 0;
  http3::priority wanted;
};

/// HTTP Datagrams of this exchange have come, and nobody waits for them. Told once until they have all been received.
struct datagrams_arrived {
  stream_id id = 0;
  datagram_flow flow;
};

/// Nothing more happens on this stream.
struct exchange_ended {
  exchange_audit audit;
};

/// The peer is going away: on a client, requests from this ID on were not processed.
struct going_away {
  std::uint64_t id = 0;
};

/// The last event.
struct connection_ended {
  runtime::connection_end end;
};

/// Events were dropped here because nobody took them in time.
struct events_lost {
  std::uint64_t count = 0;
};

using h3_event = std::variant<settings_told, request_begun, request_sent, head_received, body_received, message_reset,
                              message_declined, priority_updated, datagrams_arrived, exchange_ended, going_away,
                              connection_ended, events_lost>;

/// Which half of a stream.
enum class stream_half : std::uint8_t { reading, writing, both };

/// An HTTP/3 connection in numbers, at one moment.
struct h3_connection_statistics {
  quic::statistics transport;
  std::vector<quic::path_statistics> paths;  ///< The one in use first.
  http3::peer_settings peer;
  std::size_t open_exchanges = 0;
  http3::statistics http;  ///< What HTTP/3 has counted: messages, QPACK, priorities, datagrams.
};

}  // namespace quasio::driver
