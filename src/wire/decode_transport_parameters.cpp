#include "quasio/wire/transport_parameters.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/varint.hpp"
#include "wire/transport_parameter_id.hpp"

namespace quasio {
namespace {

using wire::transport_parameter_id;

// Each of these returns false for a value that the RFC forbids.

bool read_integer(byte_view value, std::uint64_t lowest, std::uint64_t highest, std::uint64_t& out) noexcept {
  byte_reader in(value);
  const auto number = in.read_varint();
  if (!number || !in.empty() || *number < lowest || *number > highest) return false;
  out = *number;
  return true;
}

bool read_integer(byte_view value, std::uint64_t& out) noexcept { return read_integer(value, 0, varint_max, out); }

bool read_milliseconds(byte_view value, std::uint64_t highest, std::chrono::milliseconds cap,
                       std::chrono::milliseconds& out) noexcept {
  std::uint64_t count = 0;
  if (!read_integer(value, 0, highest, count)) return false;
  out = std::min(std::chrono::milliseconds(static_cast<std::int64_t>(count)), cap);
  return true;
}

bool read_flag(byte_view value, bool& out) noexcept {
  out = true;
  return value.empty();
}

bool read_id(byte_view value, std::optional<connection_id>& out) noexcept {
  if (value.size() > max_connection_id_size) return false;
  out = connection_id(value);
  return true;
}

bool read_token(byte_view value, std::optional<stateless_reset_token>& out) noexcept {
  if (value.size() != std::tuple_size_v<stateless_reset_token>) return false;
  std::copy(value.begin(), value.end(), out.emplace().begin());
  return true;
}

// An all-zero address and port say that the server does not offer this family.
std::optional<ip_endpoint> offered(const ip_endpoint& endpoint, byte_view address) noexcept {
  const bool zero =
      endpoint.port == 0 && std::all_of(address.begin(), address.end(), [](auto byte) { return byte == 0; });
  if (zero) return std::nullopt;
  return endpoint;
}

bool read_preferred_address(byte_view value, std::optional<preferred_address>& out) noexcept {
  byte_reader in(value);
  const auto v4_address = in.read_bytes(4);
  const auto v4_port = in.read_u16();
  const auto v6_address = in.read_bytes(16);
  const auto v6_port = in.read_u16();
  const auto id_size = in.read_u8();
  if (!v4_address || !v4_port || !v6_address || !v6_port || !id_size) return false;
  // "A server MUST NOT include a zero-length connection ID in this transport parameter."
  if (*id_size < 1 || *id_size > max_connection_id_size) return false;
  const auto id = in.read_bytes(*id_size);
  preferred_address& preferred = out.emplace();
  const auto token = in.read_bytes(preferred.reset_token.size());
  if (!id || !token || !in.empty()) return false;
  std::array<std::uint8_t, 4> v4{};
  std::copy(v4_address->begin(), v4_address->end(), v4.begin());
  preferred.v4 = offered(ip_endpoint::v4(v4, *v4_port), *v4_address);
  ip_endpoint v6;
  std::copy(v6_address->begin(), v6_address->end(), v6.address.begin());
  v6.port = *v6_port;
  preferred.v6 = offered(v6, *v6_address);
  preferred.id = connection_id(*id);
  std::copy(token->begin(), token->end(), preferred.reset_token.begin());
  return true;
}

// RFC 9368, section 4, says what counts as a parsing failure.
bool read_version_information(byte_view value, endpoint_role sender, std::optional<version_information>& out) {
  if (value.empty() || value.size() % 4 != 0 || value.size() / 4 - 1 > max_available_versions) return false;
  byte_reader in(value);
  version_information& versions = out.emplace();
  versions.chosen = static_cast<quic_version>(*in.read_u32());
  if (versions.chosen == quic_version::negotiation) return false;
  versions.available.reserve(in.remaining() / 4);
  while (!in.empty()) {
    const auto version = static_cast<quic_version>(*in.read_u32());
    if (version == quic_version::negotiation) return false;
    versions.available.push_back(version);
  }
  if (sender == endpoint_role::server) return true;
  return std::find(versions.available.begin(), versions.available.end(), versions.chosen) != versions.available.end();
}

bool read_min_ack_delay(byte_view value, std::optional<std::chrono::microseconds>& out) noexcept {
  std::uint64_t count = 0;
  // No max_ack_delay is longer than this; which one it may not exceed is known when all parameters are read.
  constexpr std::uint64_t most = ((1u << 14) - 1) * 1000;
  if (!read_integer(value, 0, most, count)) return false;
  out = std::chrono::microseconds(static_cast<std::int64_t>(count));
  return true;
}

bool read_value(transport_parameters& to, transport_parameter_id id, byte_view value, endpoint_role sender) {
  using enum transport_parameter_id;
  constexpr std::uint64_t max_streams = std::uint64_t{1} << 60;
  constexpr std::uint64_t max_ack_delay_ms = (1u << 14) - 1;
  switch (id) {
    case original_destination_connection_id:
      return read_id(value, to.original_destination_connection_id);
    case max_idle_timeout:
      return read_milliseconds(value, varint_max, max_idle_timeout_cap, to.max_idle_timeout);
    case stateless_reset_token:
      return read_token(value, to.stateless_reset_token);
    case max_udp_payload_size:
      return read_integer(value, 1200, varint_max, to.max_udp_payload_size);
    case initial_max_data:
      return read_integer(value, to.initial_max_data);
    case initial_max_stream_data_bidi_local:
      return read_integer(value, to.initial_max_stream_data_bidi_local);
    case initial_max_stream_data_bidi_remote:
      return read_integer(value, to.initial_max_stream_data_bidi_remote);
    case initial_max_stream_data_uni:
      return read_integer(value, to.initial_max_stream_data_uni);
    case initial_max_streams_bidi:
      return read_integer(value, 0, max_streams, to.initial_max_streams_bidi);
    case initial_max_streams_uni:
      return read_integer(value, 0, max_streams, to.initial_max_streams_uni);
    case ack_delay_exponent:
      return read_integer(value, 0, 20, to.ack_delay_exponent);
    case max_ack_delay:
      return read_milliseconds(value, max_ack_delay_ms, std::chrono::milliseconds::max(), to.max_ack_delay);
    case disable_active_migration:
      return read_flag(value, to.disable_active_migration);
    case preferred_address:
      return read_preferred_address(value, to.preferred_address);
    case active_connection_id_limit:
      return read_integer(value, 2, varint_max, to.active_connection_id_limit);
    case initial_source_connection_id:
      return read_id(value, to.initial_source_connection_id);
    case retry_source_connection_id:
      return read_id(value, to.retry_source_connection_id);
    case version_information:
      return read_version_information(value, sender, to.version_information);
    case max_datagram_frame_size:
      return read_integer(value, to.max_datagram_frame_size);
    case grease_quic_bit:
      return read_flag(value, to.grease_quic_bit);
    case min_ack_delay:
      return read_min_ack_delay(value, to.min_ack_delay);
  }
  return true;  // Unknown, and so skipped.
}

// Finds parameters that are sent twice (RFC 9000, section 7.4): always among those that have a meaning here, and of
// the others among the first few, so that a peer that sends thousands costs no more than reading them.
class seen_parameters {
public:
  bool insert(std::uint64_t id) noexcept {
    if (id < 62) return insert_bit(id);
    if (id == static_cast<std::uint64_t>(transport_parameter_id::min_ack_delay)) return insert_bit(62);
    if (id == static_cast<std::uint64_t>(transport_parameter_id::grease_quic_bit)) return insert_bit(63);
    if (other_count_ == others_.size()) return true;
    const auto end = others_.begin() + other_count_;
    if (std::find(others_.begin(), end, id) != end) return false;
    others_[other_count_++] = id;
    return true;
  }

private:
  static constexpr std::size_t max_others = 32;

  bool insert_bit(std::uint64_t bit) noexcept {
    const std::uint64_t mask = std::uint64_t{1} << bit;
    if ((bits_ & mask) != 0) return false;
    bits_ |= mask;
    return true;
  }

  std::uint64_t bits_ = 0;
  std::array<std::uint64_t, max_others> others_{};
  std::uint8_t other_count_ = 0;
};

unexpected<transport_error> refused(std::string reason) {
  return unexpected<transport_error>(
      transport_error{transport_error_code::transport_parameter_error, 0, std::move(reason)});
}

unexpected<transport_error> refused(std::uint64_t id, const char* why) {
  return refused("transport parameter " + std::to_string(id) + " " + why);
}

}  // namespace

transport_result<transport_parameters> decode_transport_parameters(byte_view encoded, endpoint_role sender) {
  transport_parameters parameters;
  seen_parameters seen;
  byte_reader in(encoded);
  while (!in.empty()) {
    const auto id = in.read_varint();
    const auto value = in.read_varint_prefixed();
    if (!id || !value) return refused("transport parameters are cut short");
    if (!seen.insert(*id)) return refused(*id, "is sent twice");
    const auto known = static_cast<transport_parameter_id>(*id);
    if (sender == endpoint_role::client && wire::is_server_only(known))
      return refused(*id, "is not for clients to send");
    if (!read_value(parameters, known, *value, sender)) return refused(*id, "has an invalid value");
  }
  // Draft-ietf-quic-ack-frequency, section 3.
  if (parameters.min_ack_delay > parameters.max_ack_delay)
    return refused(static_cast<std::uint64_t>(transport_parameter_id::min_ack_delay), "is greater than max_ack_delay");
  return parameters;
}

}  // namespace quasio
