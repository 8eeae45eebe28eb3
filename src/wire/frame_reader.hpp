#pragma once

#include "quasio/base/byte_reader.hpp"
#include "quasio/wire/transport_error.hpp"
#include "wire/frame.hpp"

namespace quasio::wire {

/// Reads the frames of one decrypted packet, one after the other, and copies nothing: the payload must outlive them.
/// Everything is checked that needs no state of the connection.
///
///     frame_reader frames(payload);
///     do {
///       const auto next = frames.next();
///       ...
///     } while (!frames.done());
///
/// As a packet without frames is an error too (RFC 9000, section 12.4), next() on an empty payload returns that error.
class frame_reader {
public:
  explicit frame_reader(byte_view payload) noexcept : in_(payload) {}

  bool done() const noexcept { return in_.empty(); }

  /// The next frame, or why the connection must end: FRAME_ENCODING_ERROR or PROTOCOL_VIOLATION, with the frame's type.
  /// After an error the reader is done.
  transport_result<frame> next();

  /// The type of the frame that next() read last, exactly as it was on the wire.
  std::uint64_t last_type() const noexcept { return last_type_; }

  /// How many bytes of the payload have been read.
  std::size_t position() const noexcept { return in_.position(); }

private:
  transport_result<frame> read_frame();

  byte_reader in_;
  std::uint64_t last_type_ = 0;
};

}  // namespace quasio::wire
