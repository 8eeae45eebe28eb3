#include "http3/qpack_encoder.hpp"

#include "http3/huffman.hpp"
#include "http3/qpack_static_table.hpp"

namespace quasio::http3 {
namespace {

/// A cookie shorter than this may be guessed whole, line by line.
constexpr std::size_t guessable_cookie_size = 20;

/// Whether the line must stay out of every compression table on its way (RFC 9204, section 7.1.3): credentials always,
/// cookies when they are short enough to be guessed.
bool must_not_be_indexed(const field& line) {
  if (line.never_indexed) return true;
  if (line.name == "authorization" || line.name == "proxy-authorization") return true;
  const bool cookie = line.name == "cookie" || line.name == "set-cookie";
  return cookie && line.value.size() < guessable_cookie_size;
}

/// A string literal in the shorter of its two forms (RFC 9204, section 4.1.2).
void append_string(std::vector<std::uint8_t>& out, std::uint8_t high_bits, unsigned prefix_bits,
                   std::string_view text) {
  const std::size_t coded_size = huffman_size(text);
  if (coded_size < text.size()) {
    const auto huffman_flag = static_cast<std::uint8_t>(1u << (prefix_bits - 1));
    append_prefixed_integer(out, high_bits | huffman_flag, prefix_bits - 1, coded_size);
    append_huffman(out, text);
    return;
  }
  append_prefixed_integer(out, high_bits, prefix_bits - 1, text.size());
  const byte_view bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_line(std::vector<std::uint8_t>& out, const field& line) {
  const bool never_indexed = must_not_be_indexed(line);
  const auto match = find_qpack_static(line.name, line.value);
  if (match && match->whole && !never_indexed) {
    append_prefixed_integer(out, 0xc0, 6, match->index);  // Section 4.5.2.
    return;
  }
  if (match) {
    append_prefixed_integer(out, never_indexed ? 0x70 : 0x50, 4, match->index);  // Section 4.5.4.
  } else {
    append_string(out, never_indexed ? 0x30 : 0x20, 4, line.name);  // Section 4.5.6.
  }
  append_string(out, 0x00, 8, line.value);
}

}  // namespace

void qpack_encoder::encode(const field_list& fields, std::vector<std::uint8_t>& out) const {
  out.push_back(0);  // Required Insert Count.
  out.push_back(0);  // Base.
  for (const field& line : fields) append_line(out, line);
}

result<void, breach> qpack_encoder::on_decoder_stream(byte_view bytes) {
  using progress = prefixed_integer_reader::progress;
  for (const std::uint8_t byte : bytes) {
    // Stream Cancellation is 01xxxxxx (RFC 9204, section 4.4.2). It may be sent for any stream; a Section
    // Acknowledgment or an Insert Count Increment acknowledges what was never sent.
    const bool cancels = (byte & 0xc0) == 0x40;
    if (!in_cancellation_ && !cancels) {
      return connection_breach(error_code::qpack_decoder_stream_error,
                               "acknowledges a dynamic table that is not in use");
    }
    const progress now = in_cancellation_ ? cancelled_stream_.take(byte) : cancelled_stream_.begin(byte, 6);
    in_cancellation_ = now == progress::unfinished;
    if (now == progress::too_large) {
      return connection_breach(error_code::qpack_decoder_stream_error, "a stream ID that is too large");
    }
  }
  return {};
}

}  // namespace quasio::http3
