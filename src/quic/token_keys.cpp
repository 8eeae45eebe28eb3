#include "quasio/quic/token_keys.hpp"

#include <algorithm>
#include <array>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::quic {
namespace {

// "qtk", and the version of the format.
constexpr std::uint32_t format = 0x71746b01;

std::chrono::seconds usable(std::chrono::seconds period) noexcept { return std::max(period, std::chrono::seconds(0)); }

std::optional<crypto::token_key> read_key(byte_reader& in) {
  const auto bytes = in.read_bytes(crypto::token_key::size);
  if (!bytes) return std::nullopt;
  std::array<std::uint8_t, crypto::token_key::size> content;
  std::ranges::copy(*bytes, content.begin());
  return crypto::token_key(content);
}

}  // namespace

token_keys::token_keys(const crypto::token_key& current, std::chrono::seconds period)
    : current_(current), period_(usable(period)) {}

std::shared_ptr<token_keys> token_keys::generate(random_source& random, std::chrono::seconds period) {
  return std::make_shared<token_keys>(crypto::token_key::generate(random), period);
}

void token_keys::rotate(const crypto::token_key& next) {
  const std::lock_guard guard(mutex_);
  previous_ = current_;
  current_ = next;
  version_.fetch_add(1, std::memory_order_release);
}

token_keys::contents token_keys::read() const {
  const std::lock_guard guard(mutex_);
  return {current_, previous_, period_, version_.load(std::memory_order_relaxed)};
}

std::vector<std::uint8_t> token_keys::export_bytes() const {
  const contents all = read();
  std::vector<std::uint8_t> bytes(4 + 8 + 1 + 2 * crypto::token_key::size);
  byte_writer out(bytes);
  out.write_u32(format);
  out.write_u64(static_cast<std::uint64_t>(all.period.count()));
  out.write_u8(all.previous ? 2 : 1);
  out.write_bytes(all.current.bytes());
  if (all.previous) out.write_bytes(all.previous->bytes());
  bytes.resize(out.position());
  return bytes;
}

std::shared_ptr<token_keys> token_keys::import_bytes(byte_view bytes) {
  byte_reader in(bytes);
  const auto found_format = in.read_u32();
  const auto period = in.read_u64();
  const auto count = in.read_u8();
  if (found_format != format || !period || *period > (std::uint64_t{1} << 32) || !count) return nullptr;
  if (*count != 1 && *count != 2) return nullptr;
  const auto current = read_key(in);
  const auto previous = *count == 2 ? read_key(in) : std::nullopt;
  if (!current || (*count == 2) != previous.has_value() || in.remaining() != 0) return nullptr;

  auto made = std::make_shared<token_keys>(previous.value_or(*current),
                                           std::chrono::seconds(static_cast<std::int64_t>(*period)));
  if (previous) made->rotate(*current);
  return made;
}

}  // namespace quasio::quic
