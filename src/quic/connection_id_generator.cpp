#include "quasio/quic/connection_id_generator.hpp"

#include <algorithm>
#include <array>

namespace quasio::quic {

bool connection_id_generator::may_be_ours(byte_view id) noexcept { return id.size() == size(); }

std::shared_ptr<connection_id_generator> connection_id_generator::for_shard(std::uint8_t) const { return nullptr; }

std::optional<std::uint8_t> connection_id_generator::shard_of(byte_view) noexcept { return std::nullopt; }

random_connection_ids::random_connection_ids(std::size_t size) noexcept
    : size_(std::min(size, max_connection_id_size)) {}

connection_id random_connection_ids::generate(random_source& random) {
  std::array<std::uint8_t, max_connection_id_size> bytes{};
  const byte_span used = byte_span(bytes).first(size_);
  random.fill(used);
  return connection_id(used);
}

sharded_connection_ids::sharded_connection_ids(std::uint8_t shard, std::size_t size) noexcept
    : shard_(shard), size_(std::clamp<std::size_t>(size, 5, max_connection_id_size)) {}

connection_id sharded_connection_ids::generate(random_source& random) {
  std::array<std::uint8_t, max_connection_id_size> bytes{};
  const byte_span used = byte_span(bytes).first(size_);
  random.fill(used.subspan(1));
  used.front() = shard_;
  return connection_id(used);
}

std::shared_ptr<connection_id_generator> sharded_connection_ids::for_shard(std::uint8_t shard) const {
  return std::make_shared<sharded_connection_ids>(shard, size_);
}

std::optional<std::uint8_t> sharded_connection_ids::shard_of(byte_view id) noexcept {
  return id.size() == size_ ? std::optional(id.front()) : std::nullopt;
}

}  // namespace quasio::quic
