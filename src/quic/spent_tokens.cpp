#include "quasio/quic/spent_tokens.hpp"

#include <algorithm>

namespace quasio::quic {

spent_tokens::spent_tokens(std::size_t capacity) : half_(std::max<std::size_t>(capacity / 2, 1)) {}

bool spent_tokens::spend(std::uint64_t fingerprint) {
  const std::lock_guard guard(mutex_);
  if (older_.contains(fingerprint) || !newer_.insert(fingerprint).second) return false;
  if (newer_.size() >= half_) {
    older_.swap(newer_);
    newer_.clear();
  }
  return true;
}

std::size_t spent_tokens::size() const {
  const std::lock_guard guard(mutex_);
  return newer_.size() + older_.size();
}

}  // namespace quasio::quic
