#pragma once

#include "quasio/base/bytes.hpp"

namespace quasio {

/// Where the core takes its random bytes from: the system's generator in production, a seeded one in a simulation,
/// so that the simulation replays. Calls come from whoever drives the connection, never from a thread of the core.
class random_source {
public:
  virtual ~random_source() = default;

  /// Fills `out` with bytes that a peer cannot predict.
  virtual void fill(byte_span out) = 0;
};

}  // namespace quasio
