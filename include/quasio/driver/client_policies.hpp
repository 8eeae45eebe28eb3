#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace quasio::http3 {

/// How long a client waits for what. 0: for ever.
struct request_timeouts {
  /// From the moment when a request leaves, on each try, to the response's headers (interim responses do not count).
  /// Then it fails with client_error::headers_timeout and is not repeated: the server may be at work on it.
  std::chrono::milliseconds headers{0};

  /// How long a read waits for the next byte of the response's body; the time in which nobody reads is not counted.
  /// Then it ends with client_error::body_timeout.
  std::chrono::milliseconds body{0};

  /// From the call to the end of the response's body, with redirects, repetitions and the waits between them. Then the
  /// request, or the read under way, fails with client_error::total_timeout.
  std::chrono::milliseconds total{0};
};

/// When a request that failed is sent once more.
///
/// What the server says it has not processed may always be repeated (H3_REQUEST_REJECTED, what GOAWAY leaves out, a
/// connection that it refused in the handshake: RFC 9114, sections 4.1.1 and 5.2), and so may what never left.
/// Where the connection died, nobody knows what the server did; then only requests are repeated that mean the same
/// however often they come (RFC 9110, section 9.2.2): GET, HEAD, OPTIONS, TRACE, PUT, DELETE, and those that say so of
/// themselves (client_request::idempotent). Nothing is repeated once the response's headers have come. A body_source
/// runs again for each try.
struct retry_settings {
  /// In all; 1: nothing is ever repeated.
  std::size_t max_tries = 3;

  /// Repeats idempotent requests after the connection died under them.
  bool lost_connections = true;

  /// Also repeats any request for which no connection could be made. Off, since a typing error in a name should show at
  /// once.
  bool failed_connects = false;

  /// The first repetition of an unprocessed request is sent at once, over a connection that is better by then. Further
  /// ones, and others, wait this long, then twice as long and so on up to `max_backoff`, less up to a half by chance,
  /// lest all clients of a server that comes back knock in step.
  std::chrono::milliseconds backoff{100};
  std::chrono::milliseconds max_backoff{5'000};
};

/// Whether a client goes where a response with 301, 302, 303, 307 or 308 and a Location sends it.
///
/// 303, and 301 and 302 to a POST, are followed with GET, without the body and the fields that describe it; else method
/// and body stay as they are (RFC 9110, section 15.4).
struct redirect_settings {
  /// How many, one after the other; 0: none is followed, the caller gets the response. More end with
  /// client_error::too_many_redirects, and going in a circle with client_error::redirect_loop.
  std::size_t max_redirects = 0;

  /// Whether also to other origins; else client_error::bad_redirect.
  bool to_other_origins = true;

  /// Header fields that are for one origin only, in lower case: they are left out from the first redirect to another
  /// one on, and stay left out.
  std::vector<std::string> private_fields = {"authorization", "cookie", "proxy-authorization"};
};

/// How many connections a client keeps.
struct pool_settings {
  /// To one origin. One carries many requests, and more of them are unfair to others on the same path, which is why
  /// RFC 9114, section 3.3 wants one. With more, another is made when the server allows no more requests on those that
  /// there are; else requests wait for their turn.
  std::size_t max_connections_per_origin = 1;

  /// In all. For a new one, the one without requests that has been so for longest is closed; while all are in use, its
  /// request waits.
  std::size_t max_connections = 256;

  /// How long a connection without requests is kept; 0: until the transport's idle timeout.
  std::chrono::milliseconds idle_timeout{0};
};

}  // namespace quasio::http3
