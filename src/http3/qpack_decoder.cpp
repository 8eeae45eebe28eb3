#include "http3/qpack_decoder.hpp"

#include <algorithm>
#include <utility>

#include "http3/prefixed_integer.hpp"
#include "http3/qpack_static_table.hpp"

namespace quasio::http3 {
namespace {

unexpected<breach> encoder_stream_error(std::string_view reason) {
  return connection_breach(error_code::qpack_encoder_stream_error, reason);
}

unexpected<breach> decompression_failed(std::string_view reason) {
  return connection_breach(error_code::qpack_decompression_failed, reason);
}

}  // namespace

qpack_decoder::qpack_decoder(const qpack_decoder_limits& limits) noexcept
    : limits_(limits), encoder_stream_(limits.max_table_capacity) {}

// --- Sections ------------------------------------------------------------------------------------------------------

result<std::optional<bool>, breach> qpack_decoder::is_decodable(stream_id id, byte_view beginning) {
  if (beginning.empty()) return std::optional<bool>{};
  if (beginning.front() == 0) return std::optional(true);
  prefixed_integer_reader integer;
  auto now = integer.begin(beginning.front(), 8);
  for (std::size_t i = 1; now == prefixed_integer_reader::progress::unfinished; ++i) {
    if (i == beginning.size()) return std::optional<bool>{};
    now = integer.take(beginning[i]);
  }
  if (now == prefixed_integer_reader::progress::too_large) return decompression_failed("an integer that is too large");
  const auto required = unwrap_insert_count(integer.value(), table_.insert_count(), limits_.max_table_capacity);
  if (!required) return decompression_failed("a Required Insert Count that cannot be");
  if (*required <= table_.insert_count()) return std::optional(true);
  if (auto blocked = block(id, *required); !blocked) return unexpected<breach>(std::move(blocked.error()));
  return std::optional(false);
}

/// RFC 9204, section 2.1.2.
result<void, breach> qpack_decoder::block(stream_id id, std::uint64_t required_insert_count) {
  const auto known =
      std::find_if(blocked_.begin(), blocked_.end(), [&](const blocked_stream& one) { return one.id == id; });
  if (known != blocked_.end()) {
    known->required_insert_count = required_insert_count;
    return {};
  }
  if (blocked_.size() == limits_.max_blocked_streams) return decompression_failed("more blocked streams than allowed");
  blocked_.push_back({id, required_insert_count});
  return {};
}

result<field_list, breach> qpack_decoder::decode(stream_id id, byte_view section, const section_limits& limits) {
  section_reader reader(section, table_, limits);
  const auto prefix = reader.read_prefix(limits_.max_table_capacity);
  if (!prefix) return unexpected<breach>(prefix.error());
  const std::uint64_t required = prefix->required_insert_count;
  // It was decodable when it began: what it needed then has been evicted since.
  if (required > table_.insert_count()) return decompression_failed("a section that needs entries yet to come");
  field_list fields;
  while (!reader.empty()) {
    if (auto read = reader.read_line(fields.emplace_back()); !read) return unexpected<breach>(std::move(read.error()));
  }
  // RFC 9204, section 2.2.1: a larger one only makes streams wait for nothing.
  if (reader.needed_insert_count() != required) {
    return decompression_failed("a Required Insert Count beyond what the section needs");
  }
  if (required == 0) return fields;
  append_prefixed_integer(instructions_, 0x80, 7, id);  // Section 4.4.1.
  acknowledged_inserts_ = std::max(acknowledged_inserts_, required);
  return fields;
}

void qpack_decoder::cancel(stream_id id) {
  std::erase_if(blocked_, [&](const blocked_stream& one) { return one.id == id; });
  if (limits_.max_table_capacity == 0) return;          // Section 2.2.2.2.
  append_prefixed_integer(instructions_, 0x40, 6, id);  // Section 4.4.2.
}

std::optional<stream_id> qpack_decoder::take_unblocked() {
  const auto found = std::find_if(blocked_.begin(), blocked_.end(), [&](const blocked_stream& one) {
    return one.required_insert_count <= table_.insert_count();
  });
  if (found == blocked_.end()) return std::nullopt;
  const stream_id id = found->id;
  blocked_.erase(found);
  return id;
}

// --- Streams of instructions ---------------------------------------------------------------------------------------

result<void, breach> qpack_decoder::on_encoder_stream(byte_view bytes) {
  return encoder_stream_.take(bytes, [this](const encoder_instruction& next) { return follow(next); });
}

void qpack_decoder::acknowledge_inserts() {
  const std::uint64_t increment = table_.insert_count() - acknowledged_inserts_;
  if (increment == 0) return;
  append_prefixed_integer(instructions_, 0x00, 6, increment);  // RFC 9204, section 4.4.3.
  acknowledged_inserts_ += increment;
}

result<void, breach> qpack_decoder::follow(const encoder_instruction& next) {
  switch (next.what) {
    case encoder_instruction::kind::set_capacity:
      return set_capacity(next.number);
    case encoder_instruction::kind::insert_with_static_name:
      return insert_with_static_name(next);
    case encoder_instruction::kind::insert_with_dynamic_name:
      return insert_with_dynamic_name(next);
    case encoder_instruction::kind::insert:
      return insert(next);
    case encoder_instruction::kind::duplicate:
      break;
  }
  return duplicate(next);
}

result<void, breach> qpack_decoder::set_capacity(std::uint64_t capacity) {
  if (capacity > limits_.max_table_capacity) {
    return encoder_stream_error("a dynamic table capacity beyond what was allowed");
  }
  table_.set_capacity(static_cast<std::size_t>(capacity));
  return {};
}

result<void, breach> qpack_decoder::insert(const encoder_instruction& next) {
  if (auto fits = check_fits(next.name.size(), next.value.size()); !fits) return fits;
  table_.insert(next.name, next.value);
  return {};
}

result<void, breach> qpack_decoder::insert_with_static_name(const encoder_instruction& next) {
  const std::string_view name = qpack_static_entry(next.number)->name;
  if (auto fits = check_fits(name.size(), next.value.size()); !fits) return fits;
  table_.insert(name, next.value);
  return {};
}

result<void, breach> qpack_decoder::insert_with_dynamic_name(const encoder_instruction& next) {
  const auto index = absolute(next.number);
  if (!index) return unexpected<breach>(index.error());
  if (auto fits = check_fits(table_.at(*index).name.size(), next.value.size()); !fits) return fits;
  table_.insert_with_name_of(*index, next.value);
  return {};
}

result<void, breach> qpack_decoder::duplicate(const encoder_instruction& next) {
  const auto index = absolute(next.number);
  if (!index) return unexpected<breach>(index.error());
  table_.duplicate(*index);
  return {};
}

/// RFC 9204, section 3.2.5: on the encoder stream relative indices count back from the newest entry.
result<std::uint64_t, breach> qpack_decoder::absolute(std::uint64_t relative) const {
  const std::uint64_t count = table_.insert_count();
  if (relative >= count || !table_.holds(count - relative - 1)) {
    return encoder_stream_error("a reference to an entry that is not there");
  }
  return count - relative - 1;
}

/// RFC 9204, section 3.2.2.
result<void, breach> qpack_decoder::check_fits(std::size_t name_size, std::size_t value_size) const {
  if (table_.can_hold(name_size + value_size + qpack_dynamic_table::entry_overhead)) return {};
  return encoder_stream_error("an entry larger than the dynamic table");
}

qpack_table_statistics qpack_decoder::statistics() const noexcept {
  return {.capacity = table_.capacity(),
          .size = table_.size(),
          .entries = table_.insert_count() - table_.oldest(),
          .inserted = table_.insert_count(),
          .memory = memory(),
          .outstanding = blocked_.size(),
          .unacknowledged = static_cast<std::size_t>(table_.insert_count() - acknowledged_inserts_)};
}

std::size_t qpack_decoder::memory() const noexcept {
  return table_.memory() + encoder_stream_.memory() + instructions_.capacity() +
         blocked_.capacity() * sizeof(blocked_stream);
}

}  // namespace quasio::http3
