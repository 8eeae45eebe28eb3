#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quasio::http3 {

/// What a server puts up with from its clients. Times are kept to within a quarter of them; 0 switches a limit off.
///
/// What the transport keeps to beside them: streams at once and windows in quic::settings, the time without any packet
/// in quic::settings::max_idle_timeout, the handshake in handshake_timeout, the headers' size in http3::settings.
struct server_limits {
  /// The most bytes of a request's body. A larger one is answered with 413: at once where Content-Length says so, else
  /// when a read comes upon it. There is no such limit by default, since a body is stored by nobody but its reader,
  /// whom flow control protects, and read_all() has a limit of its own. See request::limit_body() for single routes.
  std::uint64_t max_request_body = UINT64_MAX;

  /// From a request's first byte to the end of its headers. They mostly come in one packet; who needs longer is on a
  /// very bad network or wants to keep the stream. Then it is reset with H3_REQUEST_REJECTED.
  std::chrono::milliseconds headers_timeout{10'000};

  /// How long a handler that reads the body waits for the next `body_min_progress` bytes; the time in which it does not
  /// read is not counted. Then the read ends with client_error::body_timeout, for which the client gets 408 unless the
  /// handler catches it. Protocols that keep a request open in silence want more, or 0.
  std::chrono::milliseconds body_timeout{60'000};
  std::uint64_t body_min_progress = 1024;  ///< Bytes. 1 lets those go on who send one from time to time.

  /// How long a handler that writes waits until the client takes the next `write_min_progress` bytes. Then the write
  /// ends with client_error::write_timeout, and the response is reset with H3_REQUEST_CANCELLED. What is left of a
  /// response that the handler has finished, quic::settings::stream_send_buffer at the most, may take four times as
  /// long. Generous, because a paused video is a slow reader too.
  std::chrono::milliseconds write_timeout{120'000};
  std::uint64_t write_min_progress = 1024;

  /// How long a connection may be without a request, from its handshake or from the end of the last one, however alive
  /// PINGs keep it. Then it is shut down gracefully. The idle timeout alone would let anybody keep it for ever.
  std::chrono::milliseconds unused_timeout{300'000};

  /// How long after the beginning of a connection's handshake its first request has to come; else it is shut down
  /// gracefully. 0, the default: as long as `unused_timeout`.
  std::chrono::milliseconds post_accept_timeout{0};

  /// How long, after the last GOAWAY, a connection stays on which nothing is left to answer: requests that crossed the
  /// GOAWAY are refused with H3_REQUEST_REJECTED and clients send them elsewhere, where many would give up what is cut
  /// off with the connection. Clients that close it themselves are not waited for. 0: closed at once.
  std::chrono::milliseconds farewell_timeout{1'000};

  /// Requests that a connection may bring; with the last of them it is shut down gracefully (RFC 9114, section 5.2):
  /// the client hears by GOAWAY that it should go to a new connection, these requests are still answered, and those
  /// that were on their way behind them are refused with H3_REQUEST_REJECTED, as safe to send elsewhere. 0: any number,
  /// since nothing wears out.
  std::uint64_t max_requests_per_connection = 0;

  /// Handlers that run at once, on all connections and threads together; further requests are answered with 503 and
  /// Retry-After.
  std::size_t max_concurrent_requests = 100'000;
};

}  // namespace quasio::http3
