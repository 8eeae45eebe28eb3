#include "quasio/wire/transport_error.hpp"

#include <cstdio>

namespace quasio {
namespace {

const char* name_of(transport_error_code code) noexcept {
  switch (code) {
    case transport_error_code::no_error:
      return "NO_ERROR";
    case transport_error_code::internal_error:
      return "INTERNAL_ERROR";
    case transport_error_code::connection_refused:
      return "CONNECTION_REFUSED";
    case transport_error_code::flow_control_error:
      return "FLOW_CONTROL_ERROR";
    case transport_error_code::stream_limit_error:
      return "STREAM_LIMIT_ERROR";
    case transport_error_code::stream_state_error:
      return "STREAM_STATE_ERROR";
    case transport_error_code::final_size_error:
      return "FINAL_SIZE_ERROR";
    case transport_error_code::frame_encoding_error:
      return "FRAME_ENCODING_ERROR";
    case transport_error_code::transport_parameter_error:
      return "TRANSPORT_PARAMETER_ERROR";
    case transport_error_code::connection_id_limit_error:
      return "CONNECTION_ID_LIMIT_ERROR";
    case transport_error_code::protocol_violation:
      return "PROTOCOL_VIOLATION";
    case transport_error_code::invalid_token:
      return "INVALID_TOKEN";
    case transport_error_code::application_error:
      return "APPLICATION_ERROR";
    case transport_error_code::crypto_buffer_exceeded:
      return "CRYPTO_BUFFER_EXCEEDED";
    case transport_error_code::key_update_error:
      return "KEY_UPDATE_ERROR";
    case transport_error_code::aead_limit_reached:
      return "AEAD_LIMIT_REACHED";
    case transport_error_code::no_viable_path:
      return "NO_VIABLE_PATH";
    case transport_error_code::version_negotiation_error:
      return "VERSION_NEGOTIATION_ERROR";
    case transport_error_code::crypto_error:
      break;
  }
  return nullptr;
}

constexpr std::uint64_t first_crypto_error = static_cast<std::uint64_t>(transport_error_code::crypto_error);
constexpr std::uint64_t last_crypto_error = first_crypto_error + 0xff;

}  // namespace

std::string to_string(transport_error_code code) {
  if (const char* name = name_of(code)) return name;
  const auto value = static_cast<std::uint64_t>(code);
  if (value >= first_crypto_error && value <= last_crypto_error) {
    return "CRYPTO_ERROR (alert " + std::to_string(value - first_crypto_error) + ")";
  }
  char text[32];
  std::snprintf(text, sizeof text, "UNKNOWN (0x%llx)", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace quasio
