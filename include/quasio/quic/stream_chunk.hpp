#pragma once

#include "quasio/base/bytes.hpp"

namespace quasio::quic {

/// The next bytes of a stream, where they lie in the connection's memory: valid until the next call on the connection.
struct stream_chunk {
  byte_view bytes;   ///< What can be read.
  bool fin = false;  ///< These are the last ones (they may be none).
};

}  // namespace quasio::quic
