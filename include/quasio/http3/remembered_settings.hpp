#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/http3/settings.hpp"

/// SETTINGS over two connections, for early data (RFC 9114, section 7.2.4.2): a client goes by those of the former
/// connection until the server's have come, and a server takes early data only if it still keeps to them. Both keep
/// them as the application context of QUIC sessions (quic::saved_session, quic::early_data_options).
namespace quasio::http3 {

/// What a server keeps in its tickets: the settings that it tells its clients.
std::vector<std::uint8_t> encode_server_context(const settings& ours);

/// Whether what a client did under the settings of `former`, which is of encode_server_context(), keeps to `ours`.
bool accepts_server_context(byte_view former, const settings& ours);

/// What a client keeps of the settings that it was told.
std::vector<std::uint8_t> encode_client_context(const peer_settings& told);

/// Empty for what encode_client_context() did not make.
std::optional<peer_settings> decode_client_context(byte_view context);

}  // namespace quasio::http3
