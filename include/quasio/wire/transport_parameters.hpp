#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stateless_reset_token.hpp"
#include "quasio/wire/stream_id.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quasio/wire/version.hpp"

namespace quasio {

/// Where a server would rather be reached once the handshake is done (RFC 9000, sections 9.6 and 18.2). A family that
/// the server does not offer is empty.
struct preferred_address {
  std::optional<ip_endpoint> v4;        ///< An IPv4 address.
  std::optional<ip_endpoint> v6;        ///< An IPv6 address.
  connection_id id;                     ///< Has sequence number 1; never empty.
  stateless_reset_token reset_token{};  ///< For `id`.

  friend bool operator==(const preferred_address&, const preferred_address&) = default;
};

/// Which version the sender chose, and which it has (RFC 9368, section 3). No version is 0.
struct version_information {
  quic_version chosen = quic_version::v1;  ///< The one of the packets that carry this.
  std::vector<quic_version> available;     ///< A client's in order of preference; a server's in none, and maybe empty.

  friend bool operator==(const version_information&, const version_information&) = default;
};

/// What an endpoint declares during the handshake (RFC 9000, section 18.2, and the extensions named below). A
/// default-constructed one holds the values that stand for parameters that are not sent.
struct transport_parameters {
  /// Only from a server: what the client's first Initial was sent to.
  std::optional<connection_id> original_destination_connection_id;
  /// 0: no limit from this endpoint. Values above max_idle_timeout_cap are read as that.
  std::chrono::milliseconds max_idle_timeout{0};
  /// Only from a server: for the connection ID of the handshake.
  std::optional<quasio::stateless_reset_token> stateless_reset_token;
  /// In bytes, 1200 or more.
  std::uint64_t max_udp_payload_size = 65527;
  /// Flow control limits, in bytes; "local" and "remote" say who opens the stream, seen from the sender of this.
  std::uint64_t initial_max_data = 0;
  std::uint64_t initial_max_stream_data_bidi_local = 0;
  std::uint64_t initial_max_stream_data_bidi_remote = 0;
  std::uint64_t initial_max_stream_data_uni = 0;
  /// How many streams the receiver of this may open, at most 2^60.
  std::uint64_t initial_max_streams_bidi = 0;
  std::uint64_t initial_max_streams_uni = 0;
  /// The unit of the ACK Delay field is 2^ack_delay_exponent microseconds; at most 20.
  std::uint64_t ack_delay_exponent = 3;
  /// How long the sender may hold back an acknowledgment; less than 2^14 ms.
  std::chrono::milliseconds max_ack_delay{25};
  bool disable_active_migration = false;
  /// Only from a server.
  std::optional<quasio::preferred_address> preferred_address;
  /// How many connection IDs of the receiver the sender stores, 2 or more.
  std::uint64_t active_connection_id_limit = 2;
  /// Mandatory; whether it is there and is the right one is for the connection to check (RFC 9000, section 7.3).
  std::optional<connection_id> initial_source_connection_id;
  /// Only from a server that sent a Retry.
  std::optional<connection_id> retry_source_connection_id;
  /// In bytes, with the frame's type and length; 0: no DATAGRAM frames (RFC 9221, section 3).
  std::uint64_t max_datagram_frame_size = 0;
  /// RFC 9368, section 3.
  std::optional<quasio::version_information> version_information;
  /// The sender accepts packets whose fixed bit is clear (RFC 9287, section 3).
  bool grease_quic_bit = false;
  /// The sender takes ACK_FREQUENCY and IMMEDIATE_ACK frames, and delays acknowledgments no less than this where it is
  /// asked to; not more than max_ack_delay (draft-ietf-quic-ack-frequency, section 3).
  std::optional<std::chrono::microseconds> min_ack_delay;

  friend bool operator==(const transport_parameters&, const transport_parameters&) = default;
};

/// Longer idle timeouts are cut to this, one year, so that a peer's number cannot overflow a point in time.
inline constexpr std::chrono::milliseconds max_idle_timeout_cap = std::chrono::hours{24 * 365};

/// A longer list of available versions is refused: nobody speaks so many, and they are kept for the handshake.
inline constexpr std::size_t max_available_versions = 256;

/// A parameter without a meaning, sent so that peers keep on ignoring what they do not know (RFC 9000, section 18.1).
/// Its identifier is 31 * N + 27, where N is taken from `n`; any 64 random bits will do.
struct reserved_transport_parameter {
  std::uint64_t n = 0;  ///< Any number.
  byte_view value;      ///< Its bytes.
};

/// Reads the parameters that an endpoint in the role `sender` sent. Parameters that are not known are skipped. Fails
/// with TRANSPORT_PARAMETER_ERROR for what is ill-formed, out of range, sent twice, or a server's but from a client.
transport_result<transport_parameters> decode_transport_parameters(byte_view encoded, endpoint_role sender);

/// Writes the parameters that differ from their defaults; those that only a server sends are left out for a client.
/// The values must be in the ranges given above.
std::vector<std::uint8_t> encode_transport_parameters(
    const transport_parameters& parameters, endpoint_role sender,
    const std::optional<reserved_transport_parameter>& reserved = std::nullopt);

}  // namespace quasio
