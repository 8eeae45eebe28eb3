#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "http3/varint_reader.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::http3 {

/// Frame types (RFC 9114, section 7.2; RFC 9218, section 7.2). They are plain numbers because a peer may send any.
namespace frame_type {
inline constexpr std::uint64_t data = 0x00;
inline constexpr std::uint64_t headers = 0x01;
inline constexpr std::uint64_t cancel_push = 0x03;
inline constexpr std::uint64_t settings = 0x04;
inline constexpr std::uint64_t push_promise = 0x05;
inline constexpr std::uint64_t goaway = 0x07;
inline constexpr std::uint64_t max_push_id = 0x0d;
inline constexpr std::uint64_t priority_update_request = 0xf0700;
inline constexpr std::uint64_t priority_update_push = 0xf0701;

/// Types that HTTP/2 used and HTTP/3 has no frame for: never to be sent (RFC 9114, section 7.2.8).
constexpr bool is_from_http2(std::uint64_t type) noexcept {
  return type == 0x02 || type == 0x06 || type == 0x08 || type == 0x09;
}
}  // namespace frame_type

/// Types of unidirectional streams (RFC 9114, section 6.2; RFC 9204, section 4.2).
namespace stream_type {
inline constexpr std::uint64_t control = 0x00;
inline constexpr std::uint64_t push = 0x01;
inline constexpr std::uint64_t qpack_encoder = 0x02;
inline constexpr std::uint64_t qpack_decoder = 0x03;
}  // namespace stream_type

/// The n-th of the code points that are reserved so that peers learn to ignore what they do not know (RFC 9114,
/// section 7.2.8). `n` must be below 2^56.
constexpr std::uint64_t reserved_code_point(std::uint64_t n) noexcept { return 0x1f * n + 0x21; }

struct frame_header {
  std::uint64_t type = 0;
  std::uint64_t length = 0;  ///< Of the payload, in bytes.
};

/// Finds the frames in a stream whose bytes come in any pieces. It keeps no payload: the caller takes each payload
/// where it lies, in whatever pieces, and says how much it took.
class frame_reader {
public:
  /// Takes from the front of `bytes` what belongs to the next frame's header; the header once it is whole. Not to be
  /// called while a payload is being taken.
  std::optional<frame_header> read_header(byte_view& bytes) noexcept;

  /// Bytes of the current frame's payload that have not been taken.
  std::uint64_t payload_left() const noexcept { return payload_left_; }

  /// The type of the frame whose header was read last.
  std::uint64_t type() const noexcept { return type_; }

  /// `count` bytes of the payload, which must be left, were taken.
  void took(std::uint64_t count) noexcept { payload_left_ -= count; }

  /// Whether the stream may end here: not within a frame (RFC 9114, section 7.1).
  bool between_frames() const noexcept { return payload_left_ == 0 && !have_type_ && !varint_.in_progress(); }

private:
  varint_reader varint_;
  std::uint64_t type_ = 0;
  std::uint64_t payload_left_ = 0;
  bool have_type_ = false;
};

/// The longest header of a frame: two 8-byte integers.
inline constexpr std::size_t max_frame_header_size = 16;

void append_varint(std::vector<std::uint8_t>& out, std::uint64_t value);
void append_frame_header(std::vector<std::uint8_t>& out, std::uint64_t type, std::uint64_t length);

}  // namespace quasio::http3
