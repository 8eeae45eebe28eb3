#include "quic/preferred_address.hpp"

#include "quic/address_kind.hpp"

namespace quasio::quic {

std::optional<ip_endpoint> usable_preferred_address(const preferred_address& offered,
                                                    const ip_endpoint& current) noexcept {
  const auto& candidate = current.is_v4() ? offered.v4 : offered.v6;
  const bool usable = candidate && is_single_host(*candidate) && candidate->is_v4() == current.is_v4() &&
                      *candidate != current && !leads_to_loopback(current, *candidate);
  return usable ? candidate : std::nullopt;
}

}  // namespace quasio::quic
