#include "http3/settings_frame.hpp"

#include <algorithm>

#include "http3/frame.hpp"
#include "http3/remembered_limits.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/base/varint.hpp"

namespace quasio::http3 {
namespace {

void append_setting(std::vector<std::uint8_t>& out, std::uint64_t id, std::uint64_t value) {
  append_varint(out, id);
  append_varint(out, value);
}

unexpected<error> settings_error(std::string_view reason) {
  return unexpected<error>(error{error_code::settings_error, std::string(reason)});
}

result<void, error> set_switch(bool& setting, std::uint64_t value, std::string_view complaint) {
  if (value > 1) return settings_error(complaint);
  setting = value == 1;
  return {};
}

result<void, error> apply(peer_settings& told, std::uint64_t id, std::uint64_t value) {
  switch (id) {
    case setting_id::qpack_max_table_capacity:
      told.qpack_max_table_capacity = value;
      return {};
    case setting_id::max_field_section_size:
      told.max_field_section_size = value;
      return {};
    case setting_id::qpack_blocked_streams:
      told.qpack_blocked_streams = value;
      return {};
    case setting_id::enable_connect_protocol:
      return set_switch(told.enable_connect_protocol, value, "ENABLE_CONNECT_PROTOCOL is neither 0 nor 1");
    case setting_id::h3_datagram:
      return set_switch(told.h3_datagram, value, "H3_DATAGRAM is neither 0 nor 1");
    default:
      return {};
  }
}

}  // namespace

void append_settings_frame(std::vector<std::uint8_t>& out, const settings& ours, endpoint_role role,
                           const reserved_setting& reserved) {
  peer_settings told = as_told(ours);
  if (role == endpoint_role::client) told.enable_connect_protocol = false;
  std::vector<std::uint8_t> payload;
  append_settings(payload, told);
  if (ours.grease) append_setting(payload, reserved.id, reserved.value);
  append_frame_header(out, frame_type::settings, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

void append_settings(std::vector<std::uint8_t>& out, const peer_settings& told) {
  const peer_settings defaults;
  const auto append_unless_default = [&](std::uint64_t id, std::uint64_t value, std::uint64_t default_value) {
    if (value != default_value) append_setting(out, id, value);
  };
  append_unless_default(setting_id::max_field_section_size, told.max_field_section_size,
                        defaults.max_field_section_size);
  append_unless_default(setting_id::qpack_max_table_capacity, told.qpack_max_table_capacity, 0);
  append_unless_default(setting_id::qpack_blocked_streams, told.qpack_blocked_streams, 0);
  append_unless_default(setting_id::enable_connect_protocol, told.enable_connect_protocol ? 1 : 0, 0);
  append_unless_default(setting_id::h3_datagram, told.h3_datagram ? 1 : 0, 0);
}

result<peer_settings, error> parse_settings(byte_view payload) {
  peer_settings told;
  std::vector<std::uint64_t> seen;
  byte_reader reader(payload);
  while (!reader.empty()) {
    const auto id = reader.read_varint();
    const auto value = id ? reader.read_varint() : std::nullopt;
    if (!value) return unexpected<error>(error{error_code::frame_error, "a SETTINGS frame ends within a setting"});
    if (setting_id::is_from_http2(*id)) return settings_error("a setting of HTTP/2");
    if (const auto applied = apply(told, *id, *value); !applied) return unexpected<error>(applied.error());
    seen.push_back(*id);
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) return settings_error("a setting was given twice");
  return told;
}

}  // namespace quasio::http3
