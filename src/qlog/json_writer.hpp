#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/time.hpp"

namespace quasio::qlog {

/// Appends one JSON text (RFC 8259) to a string, member by member. It sees to commas and escapes; what is opened must
/// be closed by the caller.
class json_writer {
public:
  explicit json_writer(std::string& out) noexcept : out_(out) {}

  void begin_object() { open('{'); }
  void begin_object(std::string_view key) { name(key), open('{'); }
  void end_object() { close('}'); }
  void begin_array(std::string_view key) { name(key), open('['); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void text(std::string_view key, std::string_view value);
  void text_item(std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  void number(std::uint64_t value);

  /// Up to six decimals. For what is finite, and less than a billion.
  void real(std::string_view key, double value);
  void boolean(std::string_view key, bool value);
  void hex(std::string_view key, byte_view value);
  void hex_text(byte_view value);

  /// Milliseconds with three decimals.
  void milliseconds(std::string_view key, duration value);

private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void name(std::string_view key);
  void quote(std::string_view value);

  std::string& out_;
  bool needs_comma_ = false;
};

/// Two lower-case digits a byte.
void append_hex(std::string& out, byte_view bytes);

/// Whether these bytes may stand in a JSON text as they are.
bool is_utf8(std::string_view text) noexcept;

}  // namespace quasio::qlog
