#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http3/breach.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/base/result.hpp"

namespace quasio::http3 {

/// One instruction from an encoder to a decoder (RFC 9204, section 4.3). An index of the static table is a valid one.
struct encoder_instruction {
  enum class kind : std::uint8_t { set_capacity, insert_with_static_name, insert_with_dynamic_name, insert, duplicate };

  kind what = kind::set_capacity;
  std::uint64_t number = 0;  ///< The capacity or the index.
  std::string_view name;
  std::string_view value;
};

/// Finds the instructions on an encoder stream whose bytes come in any pieces. Of one that has not come whole it keeps
/// what has come, which is no more than an entry of the largest table can need.
class encoder_stream_reader {
public:
  explicit encoder_stream_reader(std::size_t max_capacity) noexcept : max_string_(max_capacity) {}

  /// Passes each whole instruction to `follow`, which returns result<void, breach>, until one fails. The texts of an
  /// instruction are valid during that call.
  template <class Follow>
  result<void, breach> take(byte_view bytes, Follow follow) {
    if (!unfinished_.empty()) {
      unfinished_.insert(unfinished_.end(), bytes.begin(), bytes.end());
      bytes = unfinished_;
    }
    byte_reader reader(bytes);
    auto followed = follow_all(reader, follow);
    if (followed) keep(reader.rest());
    return followed;
  }

  std::size_t memory() const noexcept { return unfinished_.capacity() + name_.capacity() + value_.capacity(); }

private:
  template <class Follow>
  result<void, breach> follow_all(byte_reader& reader, Follow& follow) {
    while (!reader.empty()) {
      byte_reader ahead = reader;
      encoder_instruction next;
      const auto whole = read(ahead, next);
      if (!whole) return unexpected<breach>(whole.error());
      if (!*whole) return {};
      if (auto followed = follow(next); !followed) return followed;
      reader = ahead;
    }
    return {};
  }

  /// Whether the instruction is whole.
  result<bool, breach> read(byte_reader& reader, encoder_instruction& next);
  struct coded_text {
    byte_view bytes;
    bool is_huffman = false;
  };
  result<bool, breach> find_text(byte_reader& reader, unsigned prefix_bits, coded_text& found) const;
  static result<bool, breach> decode(const coded_text& coded, std::string& decoded, std::string_view& text);
  void keep(byte_view rest);

  std::size_t max_string_;
  std::vector<std::uint8_t> unfinished_;
  std::string name_;
  std::string value_;
};

}  // namespace quasio::http3
