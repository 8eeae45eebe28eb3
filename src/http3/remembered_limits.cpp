#include "http3/remembered_limits.hpp"

#include <algorithm>

#include "http3/qpack_dynamic_table.hpp"
#include "quasio/base/varint.hpp"

namespace quasio::http3 {

peer_settings as_told(const settings& ours) noexcept {
  return {.max_field_section_size = std::min(ours.max_field_section_size, varint_max),
          .qpack_max_table_capacity = std::min(ours.qpack_max_table_capacity, max_qpack_table_capacity),
          .qpack_blocked_streams = std::min<std::uint64_t>(ours.qpack_blocked_streams, varint_max),
          .enable_connect_protocol = ours.enable_connect_protocol,
          .h3_datagram = ours.datagrams.enable};
}

std::string_view reduction(const peer_settings& now, const peer_settings& before) noexcept {
  // Left out where it was said before, even though that means more than any number.
  const bool no_longer_said = now.max_field_section_size == peer_settings{}.max_field_section_size &&
                              now.max_field_section_size != before.max_field_section_size;
  if (no_longer_said || now.max_field_section_size < before.max_field_section_size) return "MAX_FIELD_SECTION_SIZE";
  // Not even a larger one will do: the encoder's arithmetic goes by it.
  const bool other_table =
      before.qpack_max_table_capacity != 0 && now.qpack_max_table_capacity != before.qpack_max_table_capacity;
  if (other_table) return "QPACK_MAX_TABLE_CAPACITY";
  if (now.qpack_blocked_streams < before.qpack_blocked_streams) return "QPACK_BLOCKED_STREAMS";
  if (before.enable_connect_protocol && !now.enable_connect_protocol) return "ENABLE_CONNECT_PROTOCOL";
  if (before.h3_datagram && !now.h3_datagram) return "H3_DATAGRAM";
  return {};
}

}  // namespace quasio::http3
