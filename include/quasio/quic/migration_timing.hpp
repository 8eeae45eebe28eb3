#pragma once

#include <cstdint>

namespace quasio::quic {

/// When connection::migrate() begins to send data on a path that is not validated yet.
enum class migration_timing : std::uint8_t {
  at_once,         ///< While it is being validated (RFC 9000, section 9.2): where the old path is gone or going.
  when_validated,  ///< The old path is used until then, and kept if the new one does not work.
};

}  // namespace quasio::quic
