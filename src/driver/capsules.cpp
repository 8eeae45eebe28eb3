#include "quasio/driver/capsules.hpp"

#include <algorithm>

namespace quasio::driver {

capsule_assembler::capsule_assembler(capsule_source_settings settings)
    : settings_(std::move(settings)), buffer_(std::max<std::size_t>(settings_.read_size, 1)) {}

std::optional<http3::capsule_piece> capsule_assembler::next() {
  while (!failure_) {
    auto piece = reader_.next(unread_);
    if (!piece) return std::nullopt;
    if (!is_wanted(piece->type)) {
      skipped_ += piece->is_last ? 1 : 0;
      continue;
    }
    if (piece->length > settings_.max_value) {
      if (const auto part = take_large(*piece)) return part;
      continue;
    }
    if (piece->is_first && piece->is_last) return piece;
    if (piece->is_first) value_.clear();
    value_.insert(value_.end(), piece->value.begin(), piece->value.end());
    if (piece->is_last) return http3::capsule_piece{piece->type, piece->length, 0, value_, true, true};
  }
  return std::nullopt;
}

std::optional<http3::capsule_piece> capsule_assembler::take_large(const http3::capsule_piece& piece) {
  switch (settings_.large) {
    case large_capsule::stream:
      return piece;
    case large_capsule::skip:
      too_large_ += piece.is_last ? 1 : 0;
      break;
    case large_capsule::refuse:
      failure_ = capsule_error::too_large;
      break;
  }
  return std::nullopt;
}

bool capsule_assembler::is_wanted(std::uint64_t type) const noexcept {
  const auto& wanted = settings_.wanted_types;
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), type) != wanted.end();
}

error_code capsule_assembler::end() const noexcept {
  if (reader_.between_capsules()) return asio::error::eof;
  return capsule_error::truncated;
}

}  // namespace quasio::driver
