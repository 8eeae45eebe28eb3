#pragma once

#include <cstdint>
#include <vector>

#include "http3/line_hashes.hpp"

namespace quasio::http3 {

/// When and how often a field line has come; times are numbers of sections.
struct line_uses {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  float count = 0;
};

/// How often field lines have come, so that the encoder can tell what is worth a place in the dynamic table. It keeps
/// neither names nor values, but a few bytes for each of the lines that came last, found by their hashes; one that
/// collides with another replaces it.
class qpack_field_history {
public:
  /// Remembers about as many lines as `capacity` bytes of a table could hold several times over.
  explicit qpack_field_history(std::size_t capacity);

  /// A section begins.
  void advance() noexcept { ++now_; }
  std::uint32_t now() const noexcept { return now_; }

  /// A line comes, for the first time or again. Says of its uses what is known by now.
  line_uses observe(const line_hashes& hashes, bool seldom_repeats) noexcept;

  /// How often in a section a line with these uses can be expected, from 0 to about 1.
  float expected_rate(const line_hashes& hashes, const line_uses& uses) const noexcept;

  std::size_t memory() const noexcept;

private:
  struct seen_line {
    std::uint32_t hash = 0;
    line_uses uses;
  };

  /// Of the different lines with one name, how many have come again before long.
  struct seen_name {
    float lines = 0;
    float returned = 0;
  };

  seen_line& find_line(std::uint32_t hash) noexcept;
  seen_name& name(const line_hashes& hashes) noexcept { return names_[hashes.name & (names_.size() - 1)]; }
  const seen_name& name(const line_hashes& hashes) const noexcept { return names_[hashes.name & (names_.size() - 1)]; }
  float share_that_returns(const seen_name& of) const noexcept;

  std::vector<seen_line> lines_;  ///< Its size is a power of two.
  std::vector<seen_name> names_;  ///< So is this.
  std::uint32_t now_ = 0;
};

}  // namespace quasio::http3
