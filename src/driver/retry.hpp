#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "quasio/base/random.hpp"
#include "quasio/driver/client_policies.hpp"

namespace quasio::http3 {

/// What is known of a request that got no response.
enum class request_fate {
  unprocessed,  ///< It never left, or the server says that it has done nothing about it.
  unconnected,  ///< No connection could be made.
  lost,         ///< The connection died under it.
  failed,       ///< Anything else: a repetition would fare no better, or do harm.
};

/// Whether it means the same however often it comes (RFC 9110, section 9.2.2).
bool is_idempotent(std::string_view method) noexcept;

/// The tries of one request: see retry_settings.
class retry_count {
public:
  explicit retry_count(const retry_settings& settings) noexcept : settings_(settings) {}

  /// How long to wait before the next try; nothing where there is to be none.
  std::optional<std::chrono::milliseconds> next(request_fate fate, bool is_idempotent, random_source& random);

  std::size_t tries() const noexcept { return tries_; }

private:
  bool may_repeat(request_fate fate, bool is_idempotent) const noexcept;
  std::chrono::milliseconds wait(random_source& random);

  const retry_settings& settings_;
  std::size_t tries_ = 1;
  std::size_t waits_ = 0;
};

}  // namespace quasio::http3
