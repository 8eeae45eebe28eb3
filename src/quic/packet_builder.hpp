#pragma once

#include <cstdint>

#include "quasio/base/byte_writer.hpp"
#include "quic/connection_state.hpp"
#include "wire/packet_type.hpp"

namespace quasio::quic {

/// One packet under construction at the end of a datagram: header first, then frames, then padding, then the seal.
/// Until it is sealed it can be given up without a trace, or padded because it turned out to be the last of its
/// datagram.
class packet_builder {
public:
  /// Begins a packet in `room` for that path. Not ok() when there is not even room for a header and a little more, or
  /// no connection ID to address the peer by there.
  packet_builder(connection_state& state, packet_space& space, const path& on, byte_span room);

  bool ok() const noexcept { return ok_; }
  packet_space& space() const noexcept { return *space_; }
  std::uint64_t number() const noexcept { return number_; }

  /// Where frames go.
  byte_writer& frames() noexcept { return frames_; }

  /// A 1-RTT packet.
  bool is_short() const noexcept { return is_short_; }

  bool is_empty() const noexcept { return frames_.position() == 0; }

  /// Whether it has PADDING, which makes it count as in flight (RFC 9002, section 2).
  bool is_padded() const noexcept { return padded_; }

  /// Takes back what was written.
  void give_up();

  /// How large the packet would be if it were sealed now.
  std::size_t sealed_size() const noexcept;

  /// Adds PADDING until the sealed packet has `size` bytes, as far as there is room.
  void pad_to(std::size_t size) noexcept;

  /// Protects the packet and returns its bytes. Nothing can be added after it.
  byte_span seal(connection_state& state);

private:
  void begin_long(connection_state& state, const connection_id& destination, byte_span room);
  void begin_short(connection_state& state, const connection_id& destination, byte_span room);
  void open_payload();

  packet_space* space_;
  byte_span room_;
  std::uint64_t number_;
  std::size_t number_length_;
  std::size_t header_size_ = 0;
  std::size_t length_position_ = 0;  // Of a long header's Length field.
  byte_writer frames_{{}};
  bool padded_ = false;
  bool is_short_ = false;
  bool ok_ = false;
};

}  // namespace quasio::quic
