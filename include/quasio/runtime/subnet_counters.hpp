#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/runtime/counter.hpp"

namespace quasio::runtime {

/// First packets of clients by their network: the first 20 bits of IPv4 addresses, the first 32 of IPv6 ones. Who
/// floods a server comes from few networks, or from so many that the address says nothing.
///
/// Clients choose their addresses, so the table does not grow: when `capacity` networks are known, the others are
/// counted together. One thread counts, any may read; there is neither a lock nor an allocation.
class subnet_counters {
public:
  static constexpr std::size_t capacity = 256;  ///< Networks that are told apart.

  /// One network with its numbers.
  struct row {
    std::string subnet;          ///< "192.0.0.0/20", "2001:db8::/32"; "other" for all that found no place.
    std::uint64_t accepted = 0;  ///< First packets that began a connection.
    std::uint64_t rejected = 0;  ///< First packets that did not.
  };

  /// Counts a client's first packet. Only on the shard's thread.
  void count_accepted(const ip_endpoint& client) noexcept { entry_for(client).accepted.add(); }
  void count_rejected(const ip_endpoint& client) noexcept { entry_for(client).rejected.add(); }

  /// The networks that were seen, in no order; "other" last, if anything fell there.
  std::vector<row> rows() const;

private:
  struct entry {
    std::atomic<std::uint64_t> key{0};  // 0: free.
    counter accepted;
    counter rejected;
  };

  entry& entry_for(const ip_endpoint& client) noexcept;

  std::array<entry, capacity> entries_;
  entry other_;
};

}  // namespace quasio::runtime
