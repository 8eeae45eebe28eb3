#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http3/line_hashes.hpp"
#include "http3/qpack_dynamic_table.hpp"
#include "http3/qpack_field_history.hpp"

namespace quasio::http3 {

/// The encoder's copy of the dynamic table: finds lines and names in it, and knows what must not be evicted yet
/// (RFC 9204, section 2.1.1).
class qpack_encoder_table {
public:
  /// What the encoder knows of an entry.
  struct record {
    line_hashes hashes;
    std::uint32_t pins = 0;    ///< Sections without acknowledgment whose oldest reference this is.
    std::uint16_t saving = 0;  ///< Bytes that a reference saves.
    bool superseded = false;   ///< A duplicate of it has been made.
    line_uses uses;
    std::uint64_t older_line = 0;
    std::uint64_t older_name = 0;
  };

  const qpack_dynamic_table& lines() const noexcept { return lines_; }
  record& at(std::uint64_t index) noexcept { return records_[index & (records_.size() - 1)]; }
  const record& at(std::uint64_t index) const noexcept { return records_[index & (records_.size() - 1)]; }

  void set_capacity(std::size_t capacity) { lines_.set_capacity(capacity); }

  /// The newest entry with this name and value whose index is below `limit`.
  std::optional<std::uint64_t> find(const line_hashes& hashes, std::string_view name, std::string_view value,
                                    std::uint64_t limit) const noexcept;

  /// The newest entry with this name whose index is below `limit`.
  std::optional<std::uint64_t> find_name(const line_hashes& hashes, std::string_view name,
                                         std::uint64_t limit) const noexcept;

  /// As those of qpack_dynamic_table; they say the new index.
  std::uint64_t insert(const line_hashes& hashes, std::string_view name, std::string_view value);
  std::uint64_t duplicate(std::uint64_t index);

  // --- What the decoder knows ----------------------------------------------------------------------------------------

  std::uint64_t known_received_count() const noexcept { return known_received_; }
  void set_known_received_count(std::uint64_t count) noexcept { known_received_ = count; }

  void pin(std::uint64_t index) noexcept { ++at(index).pins; }
  void unpin(std::uint64_t index) noexcept { --at(index).pins; }

  /// Whether the entry may go once all older ones have gone.
  bool is_evictable(std::uint64_t index) const noexcept { return index < known_received_ && at(index).pins == 0; }

  std::size_t memory() const noexcept;

private:
  std::uint64_t& head(std::vector<std::uint64_t>& heads, std::uint32_t hash) noexcept {
    return heads[hash & (heads.size() - 1)];
  }
  std::uint64_t head(const std::vector<std::uint64_t>& heads, std::uint32_t hash) const noexcept {
    return heads.empty() ? 0 : heads[hash & (heads.size() - 1)];
  }
  bool holds(std::uint64_t link) const noexcept { return link > lines_.oldest(); }
  std::uint64_t add(record added);
  void link(std::uint64_t index) noexcept;
  void grow();

  qpack_dynamic_table lines_;
  std::vector<record> records_;  ///< A ring; its size is a power of two.

  // Chains from newer to older entries, as 1 + index; 0 ends one, and so does an entry that is gone.
  std::vector<std::uint64_t> line_heads_;
  std::vector<std::uint64_t> name_heads_;
  std::uint64_t known_received_ = 0;
};

}  // namespace quasio::http3
