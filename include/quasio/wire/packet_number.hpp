#pragma once

#include <cstdint>

namespace quasio {

/// A packet number, in full: 0 to 2^62-1 within its packet number space (RFC 9000, section 12.3).
using packet_number = std::uint64_t;

}  // namespace quasio
