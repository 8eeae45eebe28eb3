#pragma once

#include <cstddef>
#include <cstdint>

#include "quasio/http3/abuse_settings.hpp"
#include "quasio/http3/datagram.hpp"

namespace quasio::http3 {

/// What one side tells the other in its SETTINGS frame, and the limits it keeps. Each limit a peer can push against is
/// here.
struct settings {
  /// Largest field section taken, in bytes as RFC 9114 section 4.2.2 counts them (name + value + 32 a field). Sent to
  /// the peer. A larger request is answered with 431, anything else that is larger is refused with H3_EXCESSIVE_LOAD.
  std::uint64_t max_field_section_size = 64 * 1024;

  /// Fields in one section; more are an attack rather than a message.
  std::size_t max_fields = 256;

  /// Unknown frames and empty DATA frames are skipped, not stored; a peer that sends more bytes of them than this in a
  /// row on one stream without one that means something is closed with H3_EXCESSIVE_LOAD.
  std::uint64_t max_skipped_bytes = 1024 * 1024;

  /// Interim (1xx) responses taken for one request.
  std::size_t max_interim_responses = 16;

  /// Largest dynamic table that the peer's QPACK encoder may use, in bytes as RFC 9204 section 3.2.1 counts them; up to
  /// 2^30, with 0 none. The memory is taken as the peer fills the table, at most about three times this. Sent to the
  /// peer; a server must not change it while it takes early data of clients that it told another one (section 3.2.3).
  std::size_t qpack_max_table_capacity = 16 * 1024;

  /// Streams whose field sections may wait for the peer's QPACK encoder stream; one more closes the connection with
  /// QPACK_DECOMPRESSION_FAILED (RFC 9204, section 2.1.2). What waits lies in the streams' flow control windows. Sent
  /// to the peer; 0 forbids it to refer to what it does not know to have arrived.
  std::size_t qpack_blocked_streams = 100;

  /// Largest dynamic table that our QPACK encoder uses where the peer allows as much; up to 2^30, with 0 none. Costs
  /// memory at this end too, about four times as much.
  std::size_t qpack_encoder_table_capacity = 16 * 1024;

  /// Field sections that refer to the dynamic table and have not been acknowledged by the peer. When there are as many,
  /// further ones do without it: a peer that never acknowledges costs no more memory than this.
  std::size_t qpack_max_unacknowledged_sections = 1024;

  /// Acknowledgments of QPACK, in bytes, that wait because the peer gives its decoder stream no flow control credit; a
  /// peer that causes more is closed with H3_EXCESSIVE_LOAD (RFC 9204, section 7.3).
  std::size_t qpack_max_unsent_acknowledgments = 16 * 1024;

  /// Bytes of the peer's SETTINGS frame: those in use take some 30.
  std::size_t max_settings_size = 4096;

  /// Server: Extended CONNECT is welcome (RFC 9220).
  bool enable_connect_protocol = false;

  /// Server: requests that have not come and for which a PRIORITY_UPDATE is kept (RFC 9218, section 7). The transport
  /// lets a client name no more of them than it may have open at once.
  std::size_t max_early_priorities = 100;

  /// Bytes of a PRIORITY_UPDATE frame: those in use take some ten, and new parameters are to be short (RFC 9218,
  /// section 4.3).
  std::size_t max_priority_update_size = 1024;

  /// Client: sends each pair of a Cookie field as a line of its own where the server has a table to keep them in, so
  /// that only those are sent again that have changed (RFC 9114, section 4.2.1).
  bool split_cookies = true;

  /// HTTP Datagrams (RFC 9297).
  datagram_settings datagrams;

  /// How often is too often.
  abuse_settings abuse;

  /// Sends reserved settings, frames and streams, so that peers stay tolerant (RFC 9114, section 7.2.8). Reserved
  /// frames go on the control stream only, because clients exist that stumble over one on their first request stream.
  bool grease = true;
};

/// What the peer's SETTINGS frame said; defaults until it came.
struct peer_settings {
  /// Bytes, as RFC 9114 section 4.2.2 counts them: the largest section that it takes.
  std::uint64_t max_field_section_size = UINT64_MAX;
  /// Bytes: the largest table that our encoder may use (RFC 9204, section 5).
  std::uint64_t qpack_max_table_capacity = 0;
  std::uint64_t qpack_blocked_streams = 0;  ///< How many streams our encoder may let wait for the table.
  bool enable_connect_protocol = false;     ///< Extended CONNECT may be sent to it (RFC 9220).
  bool h3_datagram = false;                 ///< It takes HTTP Datagrams (RFC 9297).

  friend bool operator==(const peer_settings&, const peer_settings&) = default;
};

}  // namespace quasio::http3
