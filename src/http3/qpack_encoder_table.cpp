#include "http3/qpack_encoder_table.hpp"

#include <algorithm>

namespace quasio::http3 {
namespace {

constexpr std::size_t smallest_ring = 16;

}  // namespace

std::optional<std::uint64_t> qpack_encoder_table::find(const line_hashes& hashes, std::string_view name,
                                                       std::string_view value, std::uint64_t limit) const noexcept {
  for (std::uint64_t link = head(line_heads_, hashes.line); holds(link);) {
    const std::uint64_t index = link - 1;
    const record& one = at(index);
    link = one.older_line;
    if (index >= limit || one.hashes.line != hashes.line) continue;
    const auto line = lines_.at(index);
    if (line.name == name && line.value == value) return index;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> qpack_encoder_table::find_name(const line_hashes& hashes, std::string_view name,
                                                            std::uint64_t limit) const noexcept {
  for (std::uint64_t link = head(name_heads_, hashes.name); holds(link);) {
    const std::uint64_t index = link - 1;
    const record& one = at(index);
    link = one.older_name;
    if (index < limit && one.hashes.name == hashes.name && lines_.at(index).name == name) return index;
  }
  return std::nullopt;
}

std::uint64_t qpack_encoder_table::insert(const line_hashes& hashes, std::string_view name, std::string_view value) {
  lines_.insert(name, value);
  record added;
  added.hashes = hashes;
  return add(added);
}

std::uint64_t qpack_encoder_table::duplicate(std::uint64_t index) {
  record& old = at(index);
  record added = old;
  old.superseded = true;
  added.pins = 0;
  added.superseded = false;
  lines_.duplicate(index);
  return add(added);
}

std::uint64_t qpack_encoder_table::add(record added) {
  const std::uint64_t index = lines_.insert_count() - 1;
  if (lines_.insert_count() - lines_.oldest() > records_.size()) grow();
  at(index) = added;
  link(index);
  return index;
}

void qpack_encoder_table::link(std::uint64_t index) noexcept {
  record& one = at(index);
  std::uint64_t& line_head = head(line_heads_, one.hashes.line);
  std::uint64_t& name_head = head(name_heads_, one.hashes.name);
  one.older_line = line_head;
  one.older_name = name_head;
  line_head = name_head = index + 1;
}

/// Called when the newest entry, which has no record yet, does not fit.
void qpack_encoder_table::grow() {
  std::vector<record> larger(std::max(smallest_ring, 2 * records_.size()));
  const std::uint64_t newest = lines_.insert_count() - 1;
  for (std::uint64_t index = lines_.oldest(); index < newest; ++index) larger[index & (larger.size() - 1)] = at(index);
  records_.swap(larger);
  line_heads_.assign(records_.size(), 0);
  name_heads_.assign(records_.size(), 0);
  for (std::uint64_t index = lines_.oldest(); index < newest; ++index) link(index);
}

std::size_t qpack_encoder_table::memory() const noexcept {
  return lines_.memory() + records_.capacity() * sizeof(record) +
         (line_heads_.capacity() + name_heads_.capacity()) * sizeof(std::uint64_t);
}

}  // namespace quasio::http3
