#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quasio/base/result.hpp"
#include "quasio/quic/connection_id_generator.hpp"

namespace quasio::quic {

/// One configuration of QUIC-LB (draft-ietf-quic-load-balancers): what load balancers and servers have agreed on.
struct routable_id_configuration {
  /// The "config rotation" bits, 0 to 6: they stand in every ID, so that two configurations can be in use while one
  /// replaces the other.
  std::uint8_t rotation = 0;

  /// What load balancers route by. Empty where there are none.
  std::vector<std::uint8_t> server_id;

  /// 4 to 17 bytes. Together with the server ID at most 18. A nonce is used once: with random starting points,
  /// 6 bytes are good for a great many restarts of a server.
  std::size_t nonce_size = 6;

  /// Encrypts the server ID, shard and nonce, so that only who has the key can read them or tell that two IDs are of
  /// one server. Without one everybody can.
  std::optional<std::array<std::uint8_t, 16>> key;

  /// Whether the first byte tells how many others follow, for hardware that wants that.
  bool tells_length = false;
};

/// IDs that name a server and one of its shards, encrypted under a key: nobody else can read them, or learn from two
/// IDs that they have anything in common. With neither load balancers nor a server ID they are what listen() uses for
/// several shards.
///
/// An ID has 1 + server_id + 1 + nonce_size bytes, 8 by default: the first byte, then the server ID, the shard, and the
/// nonce. To a load balancer the shard is part of the nonce: its configuration says nonce_size + 1.
class routable_connection_ids final : public connection_id_generator {
public:
  /// `current` makes the IDs; those of `others`, which must be as long, are still understood, or are already. Fails
  /// with a sentence where the numbers are not within their bounds or two configurations have the same rotation bits.
  static result<std::shared_ptr<routable_connection_ids>, std::string> make(
      const routable_id_configuration& current, random_source& random,
      const std::vector<routable_id_configuration>& others = {});

  /// With a fresh key and no server ID: IDs of 8 bytes.
  static std::shared_ptr<routable_connection_ids> make(random_source& random);

  ~routable_connection_ids() override;

  std::size_t size() const noexcept override;
  connection_id generate(random_source& random) override;

  /// Whether it carries our server ID.
  bool may_be_ours(byte_view id) noexcept override;

  std::shared_ptr<connection_id_generator> for_shard(std::uint8_t shard) const override;
  std::optional<std::uint8_t> shard_of(byte_view id) noexcept override;

private:
  class parts;
  explicit routable_connection_ids(std::unique_ptr<parts> made) noexcept;

  std::unique_ptr<parts> parts_;
};

}  // namespace quasio::quic
