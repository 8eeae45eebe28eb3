#include "quic/address_token.hpp"

#include <array>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::quic {
namespace {

// Says what the token is for, so that no other kind of token passes for it.
constexpr std::uint8_t retry_token_kind = 1;

using bound_address = std::array<std::uint8_t, 18>;

bound_address binding(const ip_endpoint& client) {
  bound_address bound{};
  byte_writer out(bound);
  out.write_bytes(client.address);
  out.write_u16(client.port);
  return bound;
}

std::int64_t seconds_of(time_point now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

void write_id(byte_writer& out, const connection_id& id) {
  out.write_u8(static_cast<std::uint8_t>(id.size()));
  out.write_bytes(id.bytes());
}

std::optional<connection_id> read_id(byte_reader& in) {
  const auto size = in.read_u8();
  if (!size || *size > max_connection_id_size) return std::nullopt;
  const auto bytes = in.read_bytes(*size);
  return bytes ? std::optional(connection_id(*bytes)) : std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> address_tokens::make(const retry_claim& claim, const ip_endpoint& client,
                                               random_source& random, time_point now) {
  std::array<std::uint8_t, 64> plaintext{};
  byte_writer out(plaintext);
  out.write_u8(retry_token_kind);
  out.write_u64(static_cast<std::uint64_t>(seconds_of(now)));
  write_id(out, claim.original_destination);
  write_id(out, claim.retry_source);
  return sealer_.seal(out.written(), binding(client), random);
}

std::optional<retry_claim> address_tokens::open(byte_view token, const ip_endpoint& client, time_point now) {
  const auto plaintext = sealer_.open(token, binding(client));
  if (!plaintext) return std::nullopt;
  byte_reader in(*plaintext);
  const auto kind = in.read_u8();
  const auto made_at = in.read_u64();
  const auto original_destination = read_id(in);
  const auto retry_source = read_id(in);
  if (kind != retry_token_kind || !made_at || !original_destination || !retry_source) return std::nullopt;
  const std::int64_t age = seconds_of(now) - static_cast<std::int64_t>(*made_at);
  if (age < 0 || age > lifetime_.count()) return std::nullopt;
  return retry_claim{*original_destination, *retry_source};
}

}  // namespace quasio::quic
