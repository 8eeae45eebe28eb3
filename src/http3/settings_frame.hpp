#pragma once

#include <cstdint>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/http3/settings.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// Setting identifiers (RFC 9114, section 7.2.4.1; RFC 9204, section 5; RFC 9220, section 5; RFC 9297, section 5.1).
namespace setting_id {
inline constexpr std::uint64_t qpack_max_table_capacity = 0x01;
inline constexpr std::uint64_t max_field_section_size = 0x06;
inline constexpr std::uint64_t qpack_blocked_streams = 0x07;
inline constexpr std::uint64_t enable_connect_protocol = 0x08;
inline constexpr std::uint64_t h3_datagram = 0x33;

/// Those of HTTP/2 that have no meaning here (RFC 9114, section 11.2.2).
constexpr bool is_from_http2(std::uint64_t id) noexcept { return id == 0x00 || (id >= 0x02 && id <= 0x05); }
}  // namespace setting_id

/// A setting that means nothing (RFC 9114, section 7.2.4.1).
struct reserved_setting {
  std::uint64_t id = 0;
  std::uint64_t value = 0;
};

/// The SETTINGS frame that says `ours`, with `reserved` mixed in where grease is wanted.
void append_settings_frame(std::vector<std::uint8_t>& out, const settings& ours, endpoint_role role,
                           const reserved_setting& reserved);

/// The payload of a SETTINGS frame that says no more than `told`.
void append_settings(std::vector<std::uint8_t>& out, const peer_settings& told);

/// Reads the payload of a SETTINGS frame. Every error ends the connection.
result<peer_settings, error> parse_settings(byte_view payload);

}  // namespace quasio::http3
