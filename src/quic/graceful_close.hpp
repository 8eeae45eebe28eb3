#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// The intention to close once everything is delivered, and the patience for it. The transport has no such state: to
/// the peer the connection is open until CONNECTION_CLOSE comes (RFC 9000, section 10.2).
class graceful_close {
public:
  bool is_under_way() const noexcept { return deadline_.has_value(); }
  std::optional<time_point> deadline() const noexcept { return deadline_; }
  std::uint64_t code() const noexcept { return code_; }
  const std::string& reason() const noexcept { return reason_; }

  /// Begins it; asked again, only the deadline may come earlier.
  void begin(std::uint64_t code, std::string_view reason, time_point deadline) {
    if (deadline_) {
      deadline_ = std::min(*deadline_, deadline);
      return;
    }
    code_ = code;
    reason_ = reason;
    deadline_ = deadline;
  }

private:
  std::uint64_t code_ = 0;
  std::string reason_;
  std::optional<time_point> deadline_;
};

}  // namespace quasio::quic
