#include "http3/qpack_encoder.hpp"

#include "http3/qpack_section_writer.hpp"

namespace quasio::http3 {
namespace {

unexpected<breach> decoder_stream_error(std::string_view reason) {
  return connection_breach(error_code::qpack_decoder_stream_error, reason);
}

/// How many bits of the value are in the first byte (RFC 9204, section 4.4): it is a Section Acknowledgment, or else a
/// Stream Cancellation or an Insert Count Increment.
constexpr unsigned prefix_bits(std::uint8_t first) noexcept { return (first & 0x80) != 0 ? 7 : 6; }

}  // namespace

void qpack_encoder::allow_dynamic_table(const qpack_encoder_limits& limits) {
  if (limits.capacity < qpack_dynamic_table::entry_overhead) return;
  dynamic_ = std::make_unique<qpack_dynamic_encoder>(limits);
}

void qpack_encoder::encode(stream_id id, const field_list& fields, std::size_t room, std::vector<std::uint8_t>& out) {
  if (!dynamic_) return append_static_section(out, fields);
  dynamic_->encode(id, fields, room, instructions_, out);
}

void qpack_encoder::forget(stream_id id) {
  if (dynamic_) dynamic_->on_stream_cancelled(id);
}

result<void, breach> qpack_encoder::on_decoder_stream(byte_view bytes) {
  using progress = prefixed_integer_reader::progress;
  for (const std::uint8_t byte : bytes) {
    if (!in_instruction_) first_byte_ = byte;
    const progress now = in_instruction_ ? integer_.take(byte) : integer_.begin(byte, prefix_bits(byte));
    in_instruction_ = now == progress::unfinished;
    if (now == progress::too_large) return decoder_stream_error("an integer that is too large");
    if (in_instruction_) continue;
    if (auto followed = follow(integer_.value()); !followed) return followed;
  }
  return {};
}

qpack_table_statistics qpack_encoder::statistics() const noexcept {
  if (!dynamic_) return {};
  const qpack_dynamic_table& lines = dynamic_->table().lines();
  const std::uint64_t known = dynamic_->table().known_received_count();
  return {.capacity = lines.capacity(),
          .size = lines.size(),
          .entries = lines.insert_count() - lines.oldest(),
          .inserted = lines.insert_count(),
          .memory = dynamic_->memory(),
          .outstanding = dynamic_->unacknowledged().size(),
          .unacknowledged = static_cast<std::size_t>(lines.insert_count() - known)};
}

result<void, breach> qpack_encoder::follow(std::uint64_t value) {
  if ((first_byte_ & 0x80) != 0) {
    if (dynamic_ && dynamic_->on_section_acknowledged(value)) return {};
    return decoder_stream_error("acknowledges a section that was not sent");
  }
  if ((first_byte_ & 0x40) != 0) {
    // May be sent for any stream (section 4.4.2).
    if (dynamic_) dynamic_->on_stream_cancelled(value);
    return {};
  }
  if (dynamic_ && dynamic_->on_inserts_received(value)) return {};
  return decoder_stream_error("acknowledges entries that were not sent");
}

}  // namespace quasio::http3
