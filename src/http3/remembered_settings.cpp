#include "quasio/http3/remembered_settings.hpp"

#include "http3/remembered_limits.hpp"
#include "http3/settings_frame.hpp"

namespace quasio::http3 {

std::vector<std::uint8_t> encode_server_context(const settings& ours) { return encode_client_context(as_told(ours)); }

bool accepts_server_context(byte_view former, const settings& ours) {
  const auto before = decode_client_context(former);
  return before && reduction(as_told(ours), *before).empty();
}

std::vector<std::uint8_t> encode_client_context(const peer_settings& told) {
  std::vector<std::uint8_t> context;
  append_settings(context, told);
  return context;
}

std::optional<peer_settings> decode_client_context(byte_view context) {
  const auto settings = parse_settings(context);
  return settings ? std::optional(*settings) : std::nullopt;
}

}  // namespace quasio::http3
