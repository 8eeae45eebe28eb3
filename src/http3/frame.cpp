#include "http3/frame.hpp"

#include <array>

#include "quasio/base/byte_writer.hpp"

namespace quasio::http3 {

std::optional<frame_header> frame_reader::read_header(byte_view& bytes) noexcept {
  if (!have_type_) {
    const auto type = varint_.read(bytes);
    if (!type) return std::nullopt;
    type_ = *type;
    have_type_ = true;
  }
  const auto length = varint_.read(bytes);
  if (!length) return std::nullopt;
  have_type_ = false;
  payload_left_ = *length;
  return frame_header{type_, *length};
}

void append_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes;
  byte_writer writer(bytes);
  writer.write_varint(value);
  out.insert(out.end(), writer.written().begin(), writer.written().end());
}

void append_frame_header(std::vector<std::uint8_t>& out, std::uint64_t type, std::uint64_t length) {
  append_varint(out, type);
  append_varint(out, length);
}

}  // namespace quasio::http3
