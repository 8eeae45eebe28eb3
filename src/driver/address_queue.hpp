#pragma once

#include <deque>
#include <optional>

#include "quasio/base/endpoint.hpp"

namespace quasio::http3 {

/// The addresses of a host that were not tried yet, the families taking turns (RFC 8305, section 4). Those that become
/// known later take their places among the others.
class address_queue {
public:
  /// Which family begins. By default that of the first address.
  void prefer(bool v6) noexcept { next_is_v6_ = v6; }

  /// Within a family the order stays.
  void add(const ip_endpoint& address) {
    if (!next_is_v6_) next_is_v6_ = !address.is_v4();
    (address.is_v4() ? v4_ : v6_).push_back(address);
  }

  bool empty() const noexcept { return v4_.empty() && v6_.empty(); }

  ip_endpoint take() {
    const bool is_v6 = v4_.empty() || (next_is_v6_.value_or(true) && !v6_.empty());
    std::deque<ip_endpoint>& from = is_v6 ? v6_ : v4_;
    const ip_endpoint taken = from.front();
    from.pop_front();
    next_is_v6_ = !is_v6;
    return taken;
  }

private:
  std::deque<ip_endpoint> v4_;
  std::deque<ip_endpoint> v6_;
  std::optional<bool> next_is_v6_;
};

}  // namespace quasio::http3
