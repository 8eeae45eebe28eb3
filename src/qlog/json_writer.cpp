#include "qlog/json_writer.hpp"

#include <array>
#include <charconv>

namespace quasio::qlog {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

/// How many bytes follow the first one of a UTF-8 sequence (RFC 3629, section 4); 4 stands for none.
int continuation_bytes(unsigned char first) noexcept {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first <= 0xdf) return 1;
  if (first >= 0xe0 && first <= 0xef) return 2;
  if (first >= 0xf0 && first <= 0xf4) return 3;
  return 4;
}

/// Overlong forms, surrogates and what lies beyond U+10FFFF are told by the second byte.
bool is_allowed_second(unsigned char first, unsigned char second) noexcept {
  switch (first) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second <= 0x9f;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}

}  // namespace

void append_hex(std::string& out, byte_view bytes) {
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 0x0f];
  }
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i++]);
    const int following = continuation_bytes(first);
    if (following > 3) return false;
    for (int n = 0; n < following; ++n, ++i) {
      if (i >= text.size()) return false;
      const auto byte = static_cast<unsigned char>(text[i]);
      if ((byte & 0xc0) != 0x80 || (n == 0 && !is_allowed_second(first, byte))) return false;
    }
  }
  return true;
}

void json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
}

void json_writer::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
}

void json_writer::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

void json_writer::name(std::string_view key) {
  separate();
  quote(key);
  out_ += ':';
  needs_comma_ = false;
}

void json_writer::quote(std::string_view value) {
  out_ += '"';
  for (const char each : value) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out_ += '\\';
      out_ += each;
    } else if (byte < 0x20) {
      out_ += "\\u00";
      out_ += digits[byte >> 4];
      out_ += digits[byte & 0x0f];
    } else {
      out_ += each;
    }
  }
  out_ += '"';
}

void json_writer::text(std::string_view key, std::string_view value) {
  name(key);
  text_item(value);
}

void json_writer::text_item(std::string_view value) {
  separate();
  quote(value);
}

void json_writer::number(std::string_view key, std::uint64_t value) {
  name(key);
  number(value);
}

void json_writer::number(std::uint64_t value) {
  separate();
  append_number(out_, value);
}

void json_writer::real(std::string_view key, double value) {
  name(key);
  separate();
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6).ptr;
  out_.append(text.data(), end);
}

void json_writer::boolean(std::string_view key, bool value) {
  name(key);
  separate();
  out_ += value ? "true" : "false";
}

void json_writer::hex(std::string_view key, byte_view value) {
  name(key);
  hex_text(value);
}

void json_writer::hex_text(byte_view value) {
  separate();
  out_ += '"';
  append_hex(out_, value);
  out_ += '"';
}

void json_writer::milliseconds(std::string_view key, duration value) {
  name(key);
  separate();
  auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  if (microseconds < 0) {
    out_ += '-';
    microseconds = -microseconds;
  }
  append_number(out_, static_cast<std::uint64_t>(microseconds / 1000));
  const auto fraction = static_cast<unsigned>(microseconds % 1000);
  if (fraction == 0) return;
  out_ += '.';
  out_ += digits[fraction / 100];
  out_ += digits[fraction / 10 % 10];
  out_ += digits[fraction % 10];
}

}  // namespace quasio::qlog
