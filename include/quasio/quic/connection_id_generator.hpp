#pragma once

#include "quasio/base/random.hpp"
#include "quasio/wire/connection_id.hpp"

namespace quasio::quic {

/// Makes the connection IDs by which an endpoint's own packets are told apart (RFC 9000, section 5.1). All IDs of one
/// endpoint have one length, since short headers do not carry it.
class connection_id_generator {
public:
  virtual ~connection_id_generator() = default;

  virtual std::size_t size() const noexcept = 0;
  virtual connection_id generate(random_source& random) = 0;
};

/// IDs of `size` random bytes: 1 to 20, default 8.
class random_connection_ids final : public connection_id_generator {
public:
  explicit random_connection_ids(std::size_t size = 8) noexcept : size_(size) {}
  std::size_t size() const noexcept override { return size_; }
  connection_id generate(random_source& random) override;

private:
  std::size_t size_;
};

/// IDs of 8 bytes whose first names the shard that owns the connection, so that a packet which reached another shard's
/// socket can be passed on. The rest is random.
class sharded_connection_ids final : public connection_id_generator {
public:
  explicit sharded_connection_ids(std::uint8_t shard) noexcept : shard_(shard) {}
  std::size_t size() const noexcept override { return 8; }
  connection_id generate(random_source& random) override;

  static std::uint8_t shard_of(byte_view id) noexcept { return id.empty() ? 0 : id.front(); }

private:
  std::uint8_t shard_;
};

}  // namespace quasio::quic
