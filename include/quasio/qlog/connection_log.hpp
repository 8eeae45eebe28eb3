#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quasio/quic/observer.hpp"

namespace quasio::qlog {

/// Which events are written, by the importance that the qlog drafts give them.
enum class importance : std::uint8_t {
  core,   ///< Packets, losses, metrics, parameters, versions.
  base,   ///< And the states of connection and controller, keys, drops, the movement of stream data.
  extra,  ///< All there is.
};

/// Where the records of one connection go, in order. Each is one JSON text with its record separator and line feed
/// (JSON Text Sequences, RFC 7464), complete in itself.
///
/// Called on the thread that runs the connection, for every event: it must not block. Destroyed after the connection
/// has ended; what it still holds must not be lost then.
class sink {
public:
  virtual ~sink() = default;
  /// One record; its bytes are valid during the call only.
  virtual void write(std::string_view record) = 0;

  /// The connection has ended; little follows, and perhaps late.
  virtual void flush() {}
};

/// What a log says, and how much.
struct log_options {
  importance detail = importance::extra;  ///< The least important events that are written.

  /// Names the vantage point, for example the host.
  std::string vantage_point;

  /// The time of day at the start, as RFC 3339 has it ("2026-11-23T06:00:00.000Z"); empty leaves it out. The core reads
  /// no clock, and the times in the log count from the start of the connection.
  std::string wall_clock_time;
};

/// An observer that writes what it is told as qlog (draft-ietf-quic-qlog-main-schema and -quic-events): one trace in
/// the streamable form, JSON-SEQ, to be stored with the ending ".sqlog". No payload and no key is ever written.
/// The trace's group_id is the original destination connection ID in hexadecimal digits, for both ends alike.
std::shared_ptr<quic::connection_observer> make_connection_log(std::unique_ptr<sink> records, log_options options = {});

/// A name for the file of a connection's log: "<original destination connection ID>_client.sqlog" or
/// "..._server.sqlog".
std::string file_name(const quic::observed_start& start);

}  // namespace quasio::qlog
