#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/wire/connection_id.hpp"

namespace quasio::quic {

/// Makes the connection IDs by which an endpoint's own packets are told apart (RFC 9000, section 5.1). All IDs of one
/// endpoint have one length, since short headers do not carry it.
///
/// Threads: one at a time.
class connection_id_generator {
public:
  virtual ~connection_id_generator() = default;

  /// 1 to 20 bytes; 0 only for a client whose socket serves one connection.
  virtual std::size_t size() const noexcept = 0;

  /// An ID that was not generated before, or with a chance that nobody need care about. IDs may not tell an observer
  /// that they belong together (section 5.1).
  virtual connection_id generate(random_source& random) = 0;

  /// Whether an ID of this length, that came in a packet, can be one of this endpoint's; false where a packet for
  /// another server has gone astray, to which no Stateless Reset may be the answer (section 21.11).
  virtual bool may_be_ours(byte_view id) noexcept;

  // Where several shards serve one address, each has a generator whose IDs name it, so that a packet which reached
  // another shard's socket can be passed on.

  /// The generator for one of the shards. Null: IDs of this kind cannot name a shard.
  virtual std::shared_ptr<connection_id_generator> for_shard(std::uint8_t shard) const;

  /// The shard that an ID names; for IDs that were never made it may be any, or none.
  virtual std::optional<std::uint8_t> shard_of(byte_view id) noexcept;
};

/// IDs of `size` random bytes: 1 to 20, default 8. A client's may have none: its packets then save those bytes, but it
/// cannot change its address unseen, and every connection needs a socket of its own. Below 8 bytes no Stateless Resets
/// are sent (see stateless_reset_settings).
class random_connection_ids final : public connection_id_generator {
public:
  /// See above.
  explicit random_connection_ids(std::size_t size = 8) noexcept;
  std::size_t size() const noexcept override { return size_; }
  connection_id generate(random_source& random) override;

private:
  std::size_t size_;
};

/// Random IDs whose first byte is the shard's number, for all to see: observers learn how many shards there are, and
/// can tell IDs of different ones apart. routable_connection_ids hide it.
class sharded_connection_ids final : public connection_id_generator {
public:
  /// `size` is 5 to 20 bytes.
  explicit sharded_connection_ids(std::uint8_t shard = 0, std::size_t size = 8) noexcept;
  std::size_t size() const noexcept override { return size_; }
  connection_id generate(random_source& random) override;
  std::shared_ptr<connection_id_generator> for_shard(std::uint8_t shard) const override;
  std::optional<std::uint8_t> shard_of(byte_view id) noexcept override;

private:
  std::uint8_t shard_;
  std::size_t size_;
};

}  // namespace quasio::quic
