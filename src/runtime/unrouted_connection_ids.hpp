#pragma once

#include <functional>
#include <memory>

#include "quasio/quic/connection_id_generator.hpp"

namespace quasio::runtime {

/// Another generator's IDs but for those that packets are routed by already: short IDs do come twice, and must not take
/// a connection's packets away from it.
class unrouted_connection_ids final : public quic::connection_id_generator {
public:
  using is_routed_function = std::function<bool(const connection_id&)>;

  explicit unrouted_connection_ids(std::shared_ptr<quic::connection_id_generator> inner) : inner_(std::move(inner)) {}

  /// Whom to ask. The router outlives the calls to generate(), which its own workers make.
  void ask(is_routed_function is_routed) { is_routed_ = std::move(is_routed); }

  std::size_t size() const noexcept override { return inner_->size(); }

  connection_id generate(random_source& random) override {
    connection_id id = inner_->generate(random);
    for (int tries = 1; tries < max_tries && is_routed_ && is_routed_(id); ++tries) id = inner_->generate(random);
    return id;
  }

  bool may_be_ours(byte_view id) noexcept override { return inner_->may_be_ours(id); }
  std::shared_ptr<quic::connection_id_generator> for_shard(std::uint8_t shard) const override {
    return inner_->for_shard(shard);
  }
  std::optional<std::uint8_t> shard_of(byte_view id) noexcept override { return inner_->shard_of(id); }

private:
  // Enough to find a free one while a quarter of all are free; a table that is fuller is no good anyway.
  static constexpr int max_tries = 64;

  std::shared_ptr<quic::connection_id_generator> inner_;
  is_routed_function is_routed_;
};

}  // namespace quasio::runtime
