// The contents of the quic_transport_parameters extension; the first byte says whose they are. What is accepted must be
// within the limits of the RFC, and mean the same when it is written and read again.

#include <cstdlib>

#include "quasio/wire/transport_parameters.hpp"

namespace {

using namespace quasio;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_limits(const transport_parameters& parameters) {
  using namespace std::chrono_literals;
  require(parameters.max_idle_timeout >= 0ms && parameters.max_idle_timeout <= max_idle_timeout_cap);
  require(parameters.max_ack_delay >= 0ms && parameters.max_ack_delay < 16384ms);
  require(parameters.max_udp_payload_size >= 1200);
  require(!parameters.min_ack_delay || *parameters.min_ack_delay <= parameters.max_ack_delay);
  require(parameters.ack_delay_exponent <= 20);
  require(parameters.active_connection_id_limit >= 2);
  require(parameters.initial_max_streams_bidi <= std::uint64_t{1} << 60);
  require(parameters.initial_max_streams_uni <= std::uint64_t{1} << 60);
  if (parameters.preferred_address) require(!parameters.preferred_address->id.empty());
  if (parameters.version_information) {
    require(parameters.version_information->available.size() <= max_available_versions);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const endpoint_role sender = (data[0] & 1) != 0 ? endpoint_role::server : endpoint_role::client;
  const auto decoded = decode_transport_parameters(byte_view(data + 1, size - 1), sender);
  if (!decoded) {
    require(decoded.error().code == transport_error_code::transport_parameter_error);
    return 0;
  }
  check_limits(*decoded);
  const auto again = decode_transport_parameters(encode_transport_parameters(*decoded, sender), sender);
  require(again.has_value() && *again == *decoded);
  return 0;
}
