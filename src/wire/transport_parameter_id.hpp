#pragma once

#include <cstdint>

namespace quasio::wire {

/// The identifiers of RFC 9000, section 18.2, and of the extensions that quasio knows.
enum class transport_parameter_id : std::uint64_t {
  original_destination_connection_id = 0x00,
  max_idle_timeout = 0x01,
  stateless_reset_token = 0x02,
  max_udp_payload_size = 0x03,
  initial_max_data = 0x04,
  initial_max_stream_data_bidi_local = 0x05,
  initial_max_stream_data_bidi_remote = 0x06,
  initial_max_stream_data_uni = 0x07,
  initial_max_streams_bidi = 0x08,
  initial_max_streams_uni = 0x09,
  ack_delay_exponent = 0x0a,
  max_ack_delay = 0x0b,
  disable_active_migration = 0x0c,
  preferred_address = 0x0d,
  active_connection_id_limit = 0x0e,
  initial_source_connection_id = 0x0f,
  retry_source_connection_id = 0x10,
  version_information = 0x11,      // RFC 9368.
  max_datagram_frame_size = 0x20,  // RFC 9221.
  grease_quic_bit = 0x2ab2,        // RFC 9287.
  min_ack_delay = 0xff04de1b,      // draft-ietf-quic-ack-frequency.
};

/// RFC 9000, section 18.2: a client must not send these.
constexpr bool is_server_only(transport_parameter_id id) noexcept {
  using enum transport_parameter_id;
  return id == original_destination_connection_id || id == stateless_reset_token || id == preferred_address ||
         id == retry_source_connection_id;
}

}  // namespace quasio::wire
