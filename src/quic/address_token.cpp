#include "quic/address_token.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::quic {
namespace {

// Section 8.1.1: what the token is for, so that neither kind passes for the other.
enum class token_kind : std::uint8_t { retry = 1, new_token = 2 };

// Another machine's clock may be so far ahead.
constexpr std::chrono::seconds clock_skew{10};

struct token_head {
  std::uint8_t kind;
  quic_version version;
  wall_time made_at;
  std::chrono::seconds lifetime;
  std::array<std::uint8_t, 16> address;
  std::uint16_t port;  // 0 in a NEW_TOKEN token, whose client will have another one.
};

void write(byte_writer& out, token_kind kind, quic_version version, wall_time now, std::chrono::seconds lifetime,
           const ip_endpoint& client) {
  out.write_u8(static_cast<std::uint8_t>(kind));
  out.write_u32(static_cast<std::uint32_t>(version));
  out.write_u64(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  out.write_u32(static_cast<std::uint32_t>(lifetime.count()));
  out.write_bytes(client.address);
  out.write_u16(kind == token_kind::retry ? client.port : std::uint16_t{0});
}

std::optional<token_head> read_head(byte_reader& in) {
  const auto kind = in.read_u8();
  const auto version = in.read_u32();
  const auto made_at = in.read_u64();
  const auto lifetime = in.read_u32();
  const auto address = in.read_bytes(16);
  const auto port = in.read_u16();
  if (!kind || !version || !made_at || !lifetime || !address || !port) return std::nullopt;
  token_head head{.kind = *kind,
                  .version = static_cast<quic_version>(*version),
                  .made_at = wall_time(std::chrono::seconds(static_cast<std::int64_t>(*made_at))),
                  .lifetime = std::chrono::seconds(*lifetime),
                  .address = {},
                  .port = *port};
  std::ranges::copy(*address, head.address.begin());
  return head;
}

bool is_of_its_time(const token_head& head, wall_time now) noexcept {
  const auto age = now - head.made_at;
  return age >= -clock_skew && age <= head.lifetime;
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

// The end of a token is its authentication tag, which no two share.
std::uint64_t fingerprint_of(byte_view token) { return *byte_reader(token.last(8)).read_u64(); }

}  // namespace

std::vector<std::uint8_t> address_tokens::make_retry(const retry_claim& claim, const ip_endpoint& client,
                                                     quic_version version, random_source& random, time_point now) {
  std::array<std::uint8_t, 96> plaintext{};
  byte_writer out(plaintext);
  write(out, token_kind::retry, version, clock_(now), lifetimes_.retry, client);
  write_id(out, claim.original_destination);
  write_id(out, claim.retry_source);
  return sealer_.seal(out.written(), random, clock_(now));
}

std::vector<std::uint8_t> address_tokens::make_new_token(const ip_endpoint& client, quic_version version,
                                                         random_source& random, time_point now) {
  std::array<std::uint8_t, 64> plaintext{};
  byte_writer out(plaintext);
  write(out, token_kind::new_token, version, clock_(now), lifetimes_.new_token, client);
  return sealer_.seal(out.written(), random, clock_(now));
}

token_verdict address_tokens::judge(byte_view token, const ip_endpoint& client, quic_version version, time_point now) {
  const auto plaintext = sealer_.open(token, clock_(now));
  if (!plaintext) return no_proof{};
  byte_reader in(*plaintext);
  const auto head = read_head(in);
  if (!head) return no_proof{};
  const bool holds = is_of_its_time(*head, clock_(now)) && head->version == version && head->address == client.address;
  if (head->kind == static_cast<std::uint8_t>(token_kind::new_token)) {
    return holds ? token_verdict(known_address{fingerprint_of(token)}) : token_verdict(no_proof{});
  }
  if (head->kind != static_cast<std::uint8_t>(token_kind::retry)) return no_proof{};
  const auto original_destination = read_id(in);
  const auto retry_source = read_id(in);
  if (!holds || head->port != client.port || !original_destination || !retry_source) return spoilt_retry{};
  return retry_claim{*original_destination, *retry_source};
}

}  // namespace quasio::quic
