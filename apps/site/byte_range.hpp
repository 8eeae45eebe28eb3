#pragma once

#include <cstdint>
#include <string_view>

namespace quasio::apps {

/// What a Range header asks of a file of a known size (RFC 9110, section 14.2).
struct range_choice {
  enum class kind : std::uint8_t {
    whole,          ///< No single range of bytes: the header is to be ignored, and the whole file is the answer.
    part,           ///< `size` bytes from `first` on; at least one.
    unsatisfiable,  ///< Lies beyond the end: 416.
  };

  kind what = kind::whole;
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  friend bool operator==(const range_choice&, const range_choice&) = default;
};

/// Reads the value of a Range header for a file of `file_size` bytes.
///
/// Several ranges in one header are answered with the whole file, as RFC 9110, section 14.2, allows: few clients ask
/// for them, and many small or overlapping ones are a way to make a server work. So is a range of an empty file, which
/// clients send that put a range into every request.
range_choice choose_range(std::string_view header, std::uint64_t file_size) noexcept;

}  // namespace quasio::apps
