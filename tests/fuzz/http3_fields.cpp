// Priorities, whose values are structured fields, and capsules. Whatever the pieces in which capsules come, the same
// must come of them.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "http3/field_syntax.hpp"
#include "http3/structured_field.hpp"
#include "quasio/http3/capsule.hpp"
#include "quasio/http3/priority.hpp"

namespace {

using namespace quasio;
using namespace quasio::http3;

void require(bool holds) {
  if (!holds) std::abort();
}

struct found_capsule {
  std::uint64_t type = 0;
  std::vector<std::uint8_t> value;

  friend bool operator==(const found_capsule&, const found_capsule&) = default;
};

struct outcome {
  std::vector<found_capsule> capsules;
  std::uint64_t skipped = 0;
  std::uint64_t too_large = 0;
  bool may_end = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome capsules_of(byte_view input, std::size_t piece) {
  capsule_collector collector({0, 1, 0x40}, 20);
  outcome came;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    byte_view rest = input.subspan(at, std::min(piece, input.size() - at));
    while (const auto next = collector.next(rest)) {
      require(next->value.size() <= 20);
      came.capsules.push_back({next->type, {next->value.begin(), next->value.end()}});
    }
    require(rest.empty());
  }
  came.skipped = collector.skipped();
  came.too_large = collector.too_large();
  came.may_end = collector.between_capsules();
  return came;
}

/// What is understood can be said, and is understood in the same way again.
void try_priority(std::string_view text) {
  const auto named = parse_priority(text);
  if (!named) return;
  require(named->urgency.value_or(0) <= 7);
  const priority wanted = merge({}, *named);
  const auto again = parse_priority(to_field_value(wanted));
  require(again && merge({}, *again) == wanted);
}

/// An authority has no characters that end it in a URL, and one with a port is one.
void try_authority(std::string_view text) {
  if (is_authority_with_port(text)) require(is_authority(text));
  if (is_authority(text)) require(text.find_first_of("/?#@ \\\r\n") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const byte_view input(data, size);
  try_priority(as_text(input));
  try_authority(as_text(input));
  (void)structured::parse_item(as_text(input));
  const outcome whole = capsules_of(input, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1u, 2u, 3u, 7u}) require(capsules_of(input, piece) == whole);
  return 0;
}
