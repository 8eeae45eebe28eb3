#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "quasio/http3/priority.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// The last PRIORITY_UPDATE for each request that has not come yet (RFC 9218, section 7). Beyond the limit they are
/// forgotten: a priority is a wish.
class early_priorities {
public:
  explicit early_priorities(std::size_t limit) noexcept : limit_(limit) {}

  /// Whether there was room for it.
  bool keep(stream_id id, const priority& wanted) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end() && waiting_.size() >= limit_) return false;
    waiting_.insert_or_assign(id, wanted);
    return true;
  }

  /// What was wanted for a request that comes now.
  std::optional<priority> take(stream_id id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return std::nullopt;
    const priority wanted = found->second;
    waiting_.erase(found);
    return wanted;
  }

  std::size_t size() const noexcept { return waiting_.size(); }

private:
  std::size_t limit_;
  std::map<stream_id, priority> waiting_;
};

}  // namespace quasio::http3
