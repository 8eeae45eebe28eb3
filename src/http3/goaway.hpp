#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quasio/base/varint.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// Our own going away (RFC 9114, section 5.2): which ID to announce next, and which requests are refused since.
class local_goaway {
public:
  explicit local_goaway(endpoint_role role) noexcept : role_(role) {}

  /// The peer has begun a request on this stream.
  void on_request(stream_id id) noexcept { next_request_ = std::max(next_request_, id + request_id_step); }

  /// The ID for the next GOAWAY frame; nothing when the last has been said.
  std::optional<std::uint64_t> announce() noexcept {
    if (role_ == endpoint_role::client) return announce_as_client();
    if (!announced_) return announced_ = largest_request_id;
    if (*announced_ != largest_request_id) return std::nullopt;
    return announced_ = next_request_;
  }

  /// Whether a request on this stream is beyond what was promised to be answered.
  bool refuses(stream_id id) const noexcept {
    return role_ == endpoint_role::server && announced_ && id >= *announced_;
  }

private:
  static constexpr std::uint64_t request_id_step = 4;
  static constexpr std::uint64_t largest_request_id = varint_max - 3;

  /// No push was ever allowed, so that the smallest push ID says all.
  std::optional<std::uint64_t> announce_as_client() noexcept {
    if (announced_) return std::nullopt;
    return announced_ = 0;
  }

  endpoint_role role_;
  stream_id next_request_ = 0;
  std::optional<std::uint64_t> announced_;
};

}  // namespace quasio::http3
