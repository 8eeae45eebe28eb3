#pragma once

#include <cstddef>
#include <cstdint>

namespace quasio::http3 {

/// So many a second, and after a quiet time so many at once. A `per_second` of 0 allows the first `burst` and no more.
struct rate_limit {
  std::uint32_t burst = 0;       ///< At once.
  std::uint32_t per_second = 0;  ///< Earned again.
};

/// The part of http3::settings that says how often a peer may do what is allowed, costs it next to nothing, and costs
/// us work. Beyond it the connection is closed with H3_EXCESSIVE_LOAD (RFC 9114, section 10.5). The defaults are far
/// above what browsers, proxies and load generators were seen to do.
struct abuse_settings {
  /// Server: requests that come to nothing before a final response has begun: cancelled by the client, or refused here
  /// for being malformed or too large. A browser that leaves a page cancels as many as it may have open at once.
  rate_limit wasted_requests{1000, 100};

  /// Frames on the control stream that mean something: GOAWAY, MAX_PUSH_ID, PRIORITY_UPDATE beyond two a request.
  rate_limit control_frames{1000, 200};

  /// Unidirectional streams whose type is unknown here, or that end before they say what they are for.
  rate_limit unknown_streams{100, 10};

  /// DATA frames of fewer bytes than `small_data_frame`, which cost more to unpack than they carry. Tunnels for
  /// terminals and event streams send some hundred a second.
  rate_limit small_data_frames{16 * 1024, 4096};
  std::size_t small_data_frame = 32;
};

}  // namespace quasio::http3
