#pragma once

#include <array>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// The stateless reset token of a connection ID, derived from it and a key that outlives the connection's state
/// (RFC 9000, section 10.3.2).
std::array<std::uint8_t, 16> derive_stateless_reset_token(const std::array<std::uint8_t, 32>& key,
                                                          byte_view connection_id);

/// Compares without telling by its duration where the first difference lies (section 10.3.1).
bool equal_in_constant_time(byte_view a, byte_view b) noexcept;

}  // namespace quasio::crypto
