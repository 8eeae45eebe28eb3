#include "quasio/quic/connection_id_generator.hpp"

namespace quasio::quic {

connection_id random_connection_ids::generate(random_source& random) {
  std::array<std::uint8_t, max_connection_id_size> bytes{};
  const byte_span used = byte_span(bytes).first(size_);
  random.fill(used);
  return connection_id(used);
}

connection_id sharded_connection_ids::generate(random_source& random) {
  std::array<std::uint8_t, 8> bytes{};
  random.fill(byte_span(bytes).subspan(1));
  bytes[0] = shard_;
  return connection_id(bytes);
}

}  // namespace quasio::quic
