#include "quasio/http3/capsule.hpp"

#include <algorithm>

#include "http3/frame.hpp"
#include "http3/structured_field.hpp"

namespace quasio::http3 {

std::optional<capsule_piece> capsule_reader::next(byte_view& bytes) noexcept {
  if (stage_ == stage::type) {
    const auto type = read_varint(bytes);
    if (!type) return std::nullopt;
    type_ = *type;
    stage_ = stage::length;
  }
  if (stage_ == stage::length) {
    const auto length = read_varint(bytes);
    if (!length) return std::nullopt;
    length_ = *length;
    taken_ = 0;
    stage_ = stage::value;
    return take_value(bytes, true);
  }
  if (bytes.empty()) return std::nullopt;
  return take_value(bytes, false);
}

capsule_piece capsule_reader::take_value(byte_view& bytes, bool is_first) noexcept {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length_ - taken_, bytes.size()));
  const capsule_piece piece{type_, length_, taken_, bytes.first(size), is_first, taken_ + size == length_};
  bytes = bytes.subspan(size);
  taken_ += size;
  if (piece.is_last) stage_ = stage::type;
  return piece;
}

std::optional<std::uint64_t> capsule_reader::read_varint(byte_view& bytes) noexcept {
  while (!bytes.empty()) {
    const std::uint8_t next = bytes.front();
    bytes = bytes.subspan(1);
    if (header_size_ == 0) {
      wanted_ = static_cast<std::uint8_t>(1u << (next >> 6));
      number_ = next & 0x3f;
    } else {
      number_ = number_ << 8 | next;
    }
    if (++header_size_ < wanted_) continue;
    header_size_ = 0;
    return number_;
  }
  return std::nullopt;
}

std::optional<capsule> capsule_collector::next(byte_view& bytes) {
  while (const auto piece = reader_.next(bytes)) {
    if (!is_wanted(*piece)) {
      if (piece->is_last) ++skipped_;
      continue;
    }
    if (piece->length > max_value_) {
      if (piece->is_last) ++too_large_;
      continue;
    }
    if (piece->is_first) value_.clear();
    if (piece->is_first && piece->is_last) return capsule{piece->type, piece->value};  // The usual case: no copy.
    value_.insert(value_.end(), piece->value.begin(), piece->value.end());
    if (piece->is_last) return capsule{piece->type, value_};
  }
  return std::nullopt;
}

bool capsule_collector::is_wanted(const capsule_piece& piece) const noexcept {
  return std::find(wanted_.begin(), wanted_.end(), piece.type) != wanted_.end();
}

void append_capsule_header(std::vector<std::uint8_t>& out, std::uint64_t type, std::uint64_t length) {
  append_varint(out, type);
  append_varint(out, length);
}

void append_capsule(std::vector<std::uint8_t>& out, std::uint64_t type, byte_view value) {
  append_capsule_header(out, type, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

bool says_capsule_protocol(const field_list& fields) {
  const auto is_it = [](const field& line) { return line.name == "capsule-protocol"; };
  const auto first = std::find_if(fields.begin(), fields.end(), is_it);
  if (first == fields.end() || std::any_of(first + 1, fields.end(), is_it)) return false;
  const auto value = structured::parse_item(first->value);
  return value && value->type == structured::item::kind::boolean && value->value == 1;
}

}  // namespace quasio::http3
