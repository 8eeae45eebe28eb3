#include "http3/qpack_field_history.hpp"

#include <algorithm>
#include <bit>

namespace quasio::http3 {
namespace {

/// What is believed of a name that is new: that this share of its lines comes again.
constexpr float first_belief = 0.5f;
constexpr float weight_of_first_belief = 0.25f;

/// A name's past weighs no more than this many lines, so that it can change.
constexpr float longest_memory_of_names = 64;

/// A line's past weighs no more than this many sections.
constexpr float longest_memory_of_lines = 256;

/// A line that is new is believed to have been watched for this many sections.
constexpr float first_watch = 8;

/// A line that has not come for this many times as long as it should have is believed to come that much less often.
constexpr float patience = 2;

/// Within how many sections a line must come again to have been worth a place.
constexpr float before_long = 16;

constexpr std::size_t names_remembered = 64;
constexpr std::size_t bytes_per_line = 8;

}  // namespace

qpack_field_history::qpack_field_history(std::size_t capacity)
    : lines_(std::bit_ceil(std::clamp<std::size_t>(capacity / bytes_per_line, 64, 8192))), names_(names_remembered) {}

line_uses qpack_field_history::observe(const line_hashes& hashes, bool seldom_repeats) noexcept {
  seen_line& one = find_line(hashes.line);
  seen_name& kind = name(hashes);
  if (kind.lines == 0 && seldom_repeats) kind.lines = longest_memory_of_names;
  line_uses& uses = one.uses;
  if (one.hash != hashes.line || uses.count == 0) {
    one = {hashes.line, {now_, now_, 1}};
    kind.lines += 1;
    if (kind.lines > longest_memory_of_names) {
      kind.lines /= 2;
      kind.returned /= 2;
    }
    return uses;
  }
  if (uses.count == 1 && static_cast<float>(now_ - uses.last) <= before_long) kind.returned += 1;
  uses.count += 1;
  uses.last = now_;
  if (static_cast<float>(now_ - uses.first) > longest_memory_of_lines) {
    uses.count /= 2;
    uses.first += (now_ - uses.first) / 2;
  }
  return uses;
}

/// The place of a line, or the one of its two possible places that holds what matters less.
qpack_field_history::seen_line& qpack_field_history::find_line(std::uint32_t hash) noexcept {
  const std::size_t mask = lines_.size() - 1;
  seen_line& first = lines_[hash & mask];
  seen_line& second = lines_[(hash & mask) ^ 1];
  if (first.hash == hash) return first;
  if (second.hash == hash) return second;
  const auto matters = [this](const seen_line& one) {
    return one.uses.count / static_cast<float>(now_ - one.uses.last + 1);
  };
  return matters(first) <= matters(second) ? first : second;
}

float qpack_field_history::expected_rate(const line_hashes& hashes, const line_uses& uses) const noexcept {
  const float share = share_that_returns(name(hashes));
  const float age = static_cast<float>(now_ - uses.first);
  const float gap = static_cast<float>(now_ - uses.last);
  const float average = (uses.count - 1 + share) / (age + first_watch);
  return std::min(average, patience * (uses.count > 1 ? 1 : share) / (gap + first_watch));
}

float qpack_field_history::share_that_returns(const seen_name& of) const noexcept {
  return (of.returned + first_belief * weight_of_first_belief) / (of.lines + weight_of_first_belief);
}

std::size_t qpack_field_history::memory() const noexcept {
  return lines_.capacity() * sizeof(seen_line) + names_.capacity() * sizeof(seen_name);
}

}  // namespace quasio::http3
