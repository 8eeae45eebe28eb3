#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http3/frame.hpp"
#include "http3/qpack_encoder.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::http3::testing {

using bytes = std::vector<std::uint8_t>;

inline unsigned hex_digit(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

/// "0a ff" as bytes; blanks are skipped.
inline bytes from_hex(std::string_view text) {
  bytes out;
  std::string_view digits = text;
  unsigned high = 0;
  bool have_high = false;
  for (const char c : digits) {
    if (c == ' ' || c == '\n') continue;
    if (have_high) out.push_back(static_cast<std::uint8_t>(high << 4 | hex_digit(c)));
    high = hex_digit(c);
    have_high = !have_high;
  }
  return out;
}

inline bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

inline bytes operator+(bytes left, const bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline bytes varint(std::uint64_t value) {
  bytes out;
  append_varint(out, value);
  return out;
}

inline bytes frame(std::uint64_t type, const bytes& payload) {
  bytes out;
  append_frame_header(out, type, payload.size());
  return out + payload;
}

inline bytes section(const field_list& fields) {
  bytes out;
  qpack_encoder().encode(0, fields, 0, out);
  return out;
}

inline bytes headers(const field_list& fields) { return frame(frame_type::headers, section(fields)); }
inline bytes data(std::string_view text) { return frame(frame_type::data, bytes_of(text)); }

inline field_list get_request(std::string path = "/") {
  return {{":method", "GET", false},
          {":scheme", "https", false},
          {":authority", "a.example", false},
          {":path", path, false}};
}

inline field_list post_request() {
  return {{":method", "POST", false},
          {":scheme", "https", false},
          {":authority", "a.example", false},
          {":path", "/in", false}};
}

inline field_list response(std::string status = "200") { return {{":status", status, false}}; }

inline field_list with(field_list fields, std::string name, std::string value) {
  fields.push_back({name, value, false});
  return fields;
}

}  // namespace quasio::http3::testing
