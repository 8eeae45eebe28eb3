#include "quasio/wire/transport_parameters.hpp"

#include <array>
#include <cassert>

#include "quasio/base/byte_writer.hpp"
#include "wire/transport_parameter_id.hpp"

namespace quasio {
namespace {

using wire::transport_parameter_id;

class parameter_writer {
public:
  explicit parameter_writer(std::vector<std::uint8_t>& out) noexcept : out_(out) {}

  void bytes(std::uint64_t id, byte_view value) {
    append_varint(id);
    append_varint(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
  }
  void bytes(transport_parameter_id id, byte_view value) { bytes(static_cast<std::uint64_t>(id), value); }

  void flag(transport_parameter_id id, bool set) {
    if (set) bytes(id, {});
  }

  /// Nothing where the value is what an absent parameter stands for.
  void integer(transport_parameter_id id, std::uint64_t value, std::uint64_t default_value) {
    if (value == default_value) return;
    std::array<std::uint8_t, 8> buffer;
    byte_writer writer(buffer);
    writer.write_varint(value);
    bytes(id, writer.written());
  }

  void id(transport_parameter_id parameter, const std::optional<connection_id>& value) {
    if (value) bytes(parameter, value->bytes());
  }

private:
  void append_varint(std::uint64_t value) {
    std::array<std::uint8_t, 8> buffer;
    byte_writer writer(buffer);
    writer.write_varint(value);
    out_.insert(out_.end(), writer.written().begin(), writer.written().end());
  }

  std::vector<std::uint8_t>& out_;
};

void write_preferred_address(parameter_writer& out, const preferred_address& preferred) {
  assert(!preferred.id.empty());
  std::array<std::uint8_t, 4 + 2 + 16 + 2 + 1 + max_connection_id_size + 16> buffer;
  byte_writer writer(buffer);
  const ip_endpoint v4 = preferred.v4.value_or(ip_endpoint{});
  const ip_endpoint v6 = preferred.v6.value_or(ip_endpoint{});
  writer.write_bytes(byte_view(v4.address).last(4));
  writer.write_u16(v4.port);
  writer.write_bytes(v6.address);
  writer.write_u16(v6.port);
  writer.write_u8(static_cast<std::uint8_t>(preferred.id.size()));
  writer.write_bytes(preferred.id.bytes());
  writer.write_bytes(preferred.reset_token);
  out.bytes(transport_parameter_id::preferred_address, writer.written());
}

void write_version_information(parameter_writer& out, const version_information& versions) {
  std::vector<std::uint8_t> buffer(4 + 4 * versions.available.size());
  byte_writer writer(buffer);
  writer.write_u32(static_cast<std::uint32_t>(versions.chosen));
  for (const quic_version version : versions.available) writer.write_u32(static_cast<std::uint32_t>(version));
  out.bytes(transport_parameter_id::version_information, buffer);
}

void write_server_only(parameter_writer& out, const transport_parameters& from) {
  out.id(transport_parameter_id::original_destination_connection_id, from.original_destination_connection_id);
  if (from.stateless_reset_token) out.bytes(transport_parameter_id::stateless_reset_token, *from.stateless_reset_token);
  if (from.preferred_address) write_preferred_address(out, *from.preferred_address);
  out.id(transport_parameter_id::retry_source_connection_id, from.retry_source_connection_id);
}

// RFC 9000, section 18.1. N is folded into what keeps the identifier within 62 bits.
std::uint64_t reserved_id(std::uint64_t n) noexcept { return 31 * (n % ((varint_max - 27) / 31 + 1)) + 27; }

}  // namespace

std::vector<std::uint8_t> encode_transport_parameters(const transport_parameters& parameters, endpoint_role sender,
                                                      const std::optional<reserved_transport_parameter>& reserved) {
  using enum transport_parameter_id;
  const transport_parameters defaults;
  std::vector<std::uint8_t> encoded;
  encoded.reserve(256);
  parameter_writer out(encoded);
  const auto integer = [&](transport_parameter_id id, std::uint64_t transport_parameters::*member) {
    out.integer(id, parameters.*member, defaults.*member);
  };
  const auto milliseconds = [&](transport_parameter_id id, std::chrono::milliseconds transport_parameters::*member) {
    out.integer(id, static_cast<std::uint64_t>((parameters.*member).count()),
                static_cast<std::uint64_t>((defaults.*member).count()));
  };

  milliseconds(max_idle_timeout, &transport_parameters::max_idle_timeout);
  integer(max_udp_payload_size, &transport_parameters::max_udp_payload_size);
  integer(initial_max_data, &transport_parameters::initial_max_data);
  integer(initial_max_stream_data_bidi_local, &transport_parameters::initial_max_stream_data_bidi_local);
  integer(initial_max_stream_data_bidi_remote, &transport_parameters::initial_max_stream_data_bidi_remote);
  integer(initial_max_stream_data_uni, &transport_parameters::initial_max_stream_data_uni);
  integer(initial_max_streams_bidi, &transport_parameters::initial_max_streams_bidi);
  integer(initial_max_streams_uni, &transport_parameters::initial_max_streams_uni);
  integer(ack_delay_exponent, &transport_parameters::ack_delay_exponent);
  milliseconds(max_ack_delay, &transport_parameters::max_ack_delay);
  out.flag(disable_active_migration, parameters.disable_active_migration);
  integer(active_connection_id_limit, &transport_parameters::active_connection_id_limit);
  out.id(initial_source_connection_id, parameters.initial_source_connection_id);
  integer(max_datagram_frame_size, &transport_parameters::max_datagram_frame_size);
  out.flag(grease_quic_bit, parameters.grease_quic_bit);
  if (parameters.min_ack_delay) {
    // Its absence says something too, so that no value stands for it.
    out.integer(min_ack_delay, static_cast<std::uint64_t>(parameters.min_ack_delay->count()), varint_max);
  }
  if (sender == endpoint_role::server) write_server_only(out, parameters);
  if (parameters.version_information) write_version_information(out, *parameters.version_information);
  if (reserved) out.bytes(reserved_id(reserved->n), reserved->value);
  return encoded;
}

}  // namespace quasio
