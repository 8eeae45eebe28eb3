#include "http3/qpack_section_writer.hpp"

#include "http3/prefixed_integer.hpp"
#include "http3/qpack_string.hpp"

namespace quasio::http3 {
namespace {

/// A cookie shorter than this may be guessed whole, line by line.
constexpr std::size_t guessable_cookie_size = 20;

}  // namespace

bool must_not_be_indexed(const field& line) noexcept {
  if (line.never_indexed) return true;
  if (line.name == "authorization" || line.name == "proxy-authorization") return true;
  const bool cookie = line.name == "cookie" || line.name == "set-cookie";
  return cookie && line.value.size() < guessable_cookie_size;
}

void append_static_line(std::vector<std::uint8_t>& out, const field& line, bool never_indexed,
                        const std::optional<static_match>& match) {
  if (match && match->whole && !never_indexed) {
    append_prefixed_integer(out, 0xc0, 6, match->index);
    return;
  }
  if (match) {
    append_prefixed_integer(out, never_indexed ? 0x70 : 0x50, 4, match->index);
  } else {
    append_qpack_string(out, never_indexed ? 0x30 : 0x20, 4, line.name);
  }
  append_qpack_string(out, 0x00, 8, line.value);
}

void append_static_section(std::vector<std::uint8_t>& out, const field_list& fields) {
  out.push_back(0);  // Required Insert Count.
  out.push_back(0);  // Base.
  for (const field& line : fields) {
    append_static_line(out, line, must_not_be_indexed(line), find_qpack_static(line.name, line.value));
  }
}

}  // namespace quasio::http3
