#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "quasio/base/endpoint.hpp"
#include "quasio/quic/acknowledgment_settings.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/mtu_settings.hpp"
#include "quasio/quic/version_settings.hpp"
#include "quasio/recovery/congestion_settings.hpp"
#include "quasio/recovery/loss_detection_settings.hpp"
#include "quasio/recovery/pacer_settings.hpp"

namespace quasio::quic {

/// While what keep-alive is wanted.
enum class keep_alive_scope : std::uint8_t {
  open_streams,  ///< While a stream is open: an answer is expected, or something is under way.
  always,
};

/// What a client does about a server's preferred address (RFC 9000, section 9.6).
enum class preferred_address_policy : std::uint8_t {
  follow,    ///< Go there once the handshake is confirmed, if it proves to be reachable.
  announce,  ///< Only tell the application: preferred_address_offered.
  ignore,
};

/// What one endpoint asks of its connections. Each limit that a peer can push against has its name here.
/// A connection copies its settings when it is made; changing them later does not reach it.
struct settings {
  // Flow control, RFC 9000 section 4. Windows are bytes; they grow by themselves up to the max_*_window while the
  // reader keeps up (they double when a window is used up within two round trips).
  std::uint64_t initial_connection_window = 1536 * 1024;   ///< initial_max_data.
  std::uint64_t initial_stream_window = 1024 * 1024;       ///< initial_max_stream_data_*, for all kinds of stream.
  std::uint64_t max_connection_window = 24 * 1024 * 1024;  ///< What the connection's window may grow to.
  std::uint64_t max_stream_window = 16 * 1024 * 1024;      ///< What a stream's window may grow to.

  /// Streams the peer may have open at once; the limit is raised as streams end (section 4.6).
  std::uint64_t max_concurrent_bidirectional_streams = 100;
  std::uint64_t max_concurrent_unidirectional_streams = 100;

  /// Bytes one stream takes from the application before they were sent once. What is in flight is bounded by congestion
  /// and flow control instead, so that a fast path never starves for lack of buffer.
  std::size_t stream_send_buffer = 256 * 1024;

  /// The same for all streams of a connection together: when they hold this much, each still takes 16 KB, so that none
  /// waits for another. Else a peer that asks for much on many streams and takes nothing of it would have
  /// `stream_send_buffer` on each of them.
  std::size_t connection_send_buffer = 2 * 1024 * 1024;

  /// While streams or datagrams of several urgencies wait, one packet in so many begins with a less urgent one, each
  /// urgency in its turn, so that none starves for good; 0: strictly the most urgent first. RFC 9218, section 10 leaves
  /// it open; 3 % delay nothing that is urgent and keep what lies below alive.
  std::uint32_t starvation_guard = 32;

  /// DATAGRAM frames (RFC 9221): off by default.
  datagram_settings datagrams;

  /// Separate pieces of one stream that may wait for a gap to be filled; a peer that scatters more is refused. Pieces
  /// of 512 bytes and more on average are not counted: a fast path leaves thousands of them when its queue overflows,
  /// and the windows bound them.
  std::size_t max_stream_gaps = 1024;

  /// CRYPTO bytes held out of order, a level (section 7.5 asks for at least 4096).
  std::size_t crypto_buffer_size = 64 * 1024;

  /// Packets kept that came before their keys, early data among them (RFC 9001, section 5.7), and their bytes. Enough
  /// for the first window of early data (RFC 9002, section 7.2) where reordering puts it before the ClientHello's end.
  std::size_t max_undecryptable_packets = 16;
  std::size_t max_undecryptable_bytes = 24 * 1024;

  /// The largest UDP payload this endpoint ever sends: 1200 to 65527. Datagrams begin at mtu.base bytes and grow up to
  /// here as far as path and peer are found to take them. The default is what IPv4 leaves of Ethernet's 1500 bytes;
  /// over IPv6, 1452 is tried before it. 65507 also makes use of jumbo frames and of loopback.
  std::size_t max_datagram_size = 1472;

  mtu_settings mtu;  ///< How the size of datagrams is found out (RFC 8899).

  /// The largest UDP payload this endpoint takes (max_udp_payload_size).
  std::uint64_t max_udp_payload_size = 65527;

  /// Silence after which the connection ends; 0 is never (section 10.1). The smaller of both sides' values counts.
  std::chrono::milliseconds max_idle_timeout{30'000};

  /// After so long without anything sent that is acknowledged, a PING is sent, so that neither the idle timeout nor a
  /// middlebox that forgets (30 s is what most keep, section 10.1.2) ends the connection; 0: never. At the most half of
  /// the idle timeout. It is off because an application that does not expect anything should let go.
  std::chrono::milliseconds keep_alive_interval{0};
  quic::keep_alive_scope keep_alive_scope = quic::keep_alive_scope::open_streams;

  /// How often a sender that flow control holds back says so again while nothing else is under way (section 4.1), so
  /// that the connection does not go idle under it; 0: never again. At the most half of the idle timeout.
  std::chrono::milliseconds blocked_repeat_interval{5'000};

  /// Packets with nothing but acknowledgments in a row after which one carries a PING, at most one a round trip, so
  /// that the peer's answer lets old ranges be forgotten (section 13.2.4); 0: never.
  std::uint32_t ack_only_packets_per_ping = 32;

  /// Memory kept for streams and datagrams to come (up to 512 KB of blocks, and a queue's worth of datagrams each way)
  /// goes back after so long a silence. 0: it is kept.
  std::chrono::milliseconds spare_memory_timeout{1'000};

  /// How long the handshake may take before it is given up.
  std::chrono::milliseconds handshake_timeout{10'000};

  /// The longest an acknowledgment waits (section 13.2.1): 0 to 16383 ms.
  std::chrono::milliseconds max_ack_delay{25};
  std::uint8_t ack_delay_exponent = 3;  ///< 0 to 20.

  /// How many packets one acknowledgment stands for.
  acknowledgment_settings acknowledgments;

  /// Ranges kept of what was received in one packet number space; older ones are forgotten (section 13.2.3).
  std::size_t max_ack_ranges = 64;

  /// Connection IDs of the peer kept at once: 2 to 64 (active_connection_id_limit).
  std::uint64_t active_connection_id_limit = 4;

  /// Connection IDs of this endpoint that the peer holds at once, however many it asks for: 1 to 64. One is for the
  /// path in use, the others are for migration and probing; each costs a place in the router's table.
  std::uint64_t max_issued_connection_ids = 4;

  /// RETIRE_CONNECTION_ID frames that the peer may leave unacknowledged, the unsent ones included; a peer that causes
  /// more is refused (RFC 9000, section 5.1.2, asks for room for twice the limit above).
  std::size_t max_pending_retirements = 32;

  /// Tokens for later connections (NEW_TOKEN) that a client takes from one connection; further ones are ignored
  /// (section 8.1.3). A server gives a handful.
  std::size_t max_received_tokens = 8;

  /// The largest token that a client keeps, presents, or takes from a Retry. It stands in each of its Initial packets,
  /// where it must leave room for the handshake: at most 176 bytes less than max_datagram_size count.
  std::size_t max_token_size = 1024;

  /// PATH_RESPONSE frames that may wait to be sent; older challenges are forgotten.
  std::size_t max_pending_path_responses = 4;

  /// Tells the peer not to migrate on purpose (section 18.2).
  bool disable_active_migration = false;

  /// Paths kept at once: 3 to 8. One is in use, one is there to return to, and two may be on trial (section 9); of each
  /// the round-trip time, the window and two connection IDs are kept.
  std::size_t max_paths = 4;

  /// PATH_CHALLENGE frames sent before a path is given up: 1 to 8. Each waits twice as long as the one before it,
  /// beginning with one probe timeout, so that 3 take seven (section 8.2.4 asks for at least three).
  unsigned max_path_challenges = 3;

  /// How often a client may change its address at once, and how long it takes until it may once more. Packets from
  /// further addresses are dropped meanwhile. A NAT rebinds once in half a minute; this is a hundred times as often.
  unsigned max_peer_migrations = 8;
  std::chrono::milliseconds peer_migration_interval{250};

  /// A server's: where it would rather be reached after the handshake (section 9.6). It must receive there, too.
  std::optional<ip_endpoint> preferred_address_v4;
  std::optional<ip_endpoint> preferred_address_v6;

  /// A client's.
  preferred_address_policy preferred_address = preferred_address_policy::follow;

  /// Bytes sent for each byte received before the peer's address is validated (section 8.1 allows 3).
  unsigned amplification_factor = 3;

  /// 1-RTT packets sealed with one set of keys before the connection updates them by itself. 0, and anything larger:
  /// half of what the cipher allows, 2^22 packets with AES, never with ChaCha20 (RFC 9001, section 6.6).
  std::uint64_t key_update_packets = 0;

  /// Bytes sent and received together after which the connection updates its keys by itself; 0: however many. For
  /// connections that last, so that whoever gets hold of one key can read only a part.
  std::uint64_t key_update_bytes = 0;

  /// Packets that may fail to authenticate before the connection closes, as someone may be forging them. At most, and
  /// by default, what the cipher allows: 2^52 with AES, 2^36 with ChaCha20 (RFC 9001, section 6.6).
  std::uint64_t max_authentication_failures = std::uint64_t{1} << 52;

  /// Versions of QUIC and how they are negotiated.
  version_settings versions;

  /// Sends reserved versions and transport parameters, so that peers stay tolerant (RFC 9000, sections 15 and 18.1).
  bool grease = true;

  /// Lets the peer clear the QUIC bit of its packets, and clears it at random in one's own once the handshake is
  /// complete, where the peer allows that too (RFC 9287). To be turned off where something between the peers tells
  /// QUIC from other protocols by that bit.
  bool grease_quic_bit = true;

  /// Marks packets as ECN-capable on paths where the network and the peer are found to handle that (section 13.4), so
  /// that routers can tell of congestion without dropping packets. The peer's marks are reported in any case.
  bool ecn = true;

  /// Packets marked on a new path before their fate is known; three probe timeouts end the test as well (appendix A.4).
  unsigned ecn_test_packets = 10;

  recovery::congestion_settings congestion;          ///< Which controller, and how it starts.
  recovery::loss_detection_settings loss_detection;  ///< Thresholds of loss detection (RFC 9002, section 6.1).
  std::chrono::milliseconds initial_rtt{333};        ///< RFC 9002, section 6.2.2.
  bool pacing = true;                                ///< RFC 9002, section 7.7.
  recovery::pacer_settings pacer;                    ///< How evenly, and a ceiling on the rate.

  /// Makes a congestion controller of the application's own for each path, instead of the one that
  /// congestion.algorithm names. `congestion` is passed to it, with a seed for each path. Shared by all connections
  /// with these settings and called on whatever threads drive them. Null, or when it gives null: the library's own
  /// serves.
  std::shared_ptr<const recovery::congestion_controller_factory> congestion_controller;
};

}  // namespace quasio::quic
