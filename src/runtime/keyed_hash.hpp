#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/wire/connection_id.hpp"

namespace quasio::runtime {

/// SipHash-1-3 (Aumasson and Bernstein, 2012) with a random key: clients choose the first connection ID of a
/// connection, and must not be able to choose ones that fall into one place of the route table.
class keyed_hash {
public:
  explicit keyed_hash(random_source& random);
  explicit keyed_hash(std::array<std::uint64_t, 2> key) noexcept : key_(key) {}

  std::uint64_t operator()(byte_view bytes) const noexcept;
  std::size_t operator()(const connection_id& id) const noexcept {
    return static_cast<std::size_t>((*this)(id.bytes()));
  }

private:
  std::array<std::uint64_t, 2> key_{};
};

}  // namespace quasio::runtime
