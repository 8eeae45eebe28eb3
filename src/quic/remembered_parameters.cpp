#include "quic/remembered_parameters.hpp"

#include <utility>

namespace quasio::quic {

transport_parameters remembered(const transport_parameters& of_server) {
  transport_parameters kept = of_server;
  const transport_parameters defaults;
  kept.original_destination_connection_id.reset();
  kept.stateless_reset_token.reset();
  kept.ack_delay_exponent = defaults.ack_delay_exponent;
  kept.max_ack_delay = defaults.max_ack_delay;
  kept.preferred_address.reset();
  kept.initial_source_connection_id.reset();
  kept.retry_source_connection_id.reset();
  // RFC 9368, section 5: the versions are negotiated anew.
  kept.version_information.reset();
  // RFC 9287, section 3.1: this may be remembered. It would let early data be told from other packets by strangers.
  kept.grease_quic_bit = false;
  return kept;
}

std::string_view reduced_limit(const transport_parameters& now, const transport_parameters& before) noexcept {
  using parameters = transport_parameters;
  static constexpr std::pair<std::uint64_t parameters::*, std::string_view> limits[] = {
      {&parameters::active_connection_id_limit, "active_connection_id_limit"},
      {&parameters::initial_max_data, "initial_max_data"},
      {&parameters::initial_max_stream_data_bidi_local, "initial_max_stream_data_bidi_local"},
      {&parameters::initial_max_stream_data_bidi_remote, "initial_max_stream_data_bidi_remote"},
      {&parameters::initial_max_stream_data_uni, "initial_max_stream_data_uni"},
      {&parameters::initial_max_streams_bidi, "initial_max_streams_bidi"},
      {&parameters::initial_max_streams_uni, "initial_max_streams_uni"},
      // RFC 9221, section 3.
      {&parameters::max_datagram_frame_size, "max_datagram_frame_size"},
  };
  for (const auto& [limit, name] : limits) {
    if (now.*limit < before.*limit) return name;
  }
  return {};
}

}  // namespace quasio::quic
