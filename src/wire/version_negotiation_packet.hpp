#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::wire {

/// Versions that are still in their encoded form, four bytes each; read one by one as they are looked at.
class version_list {
public:
  class iterator {
  public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = quic_version;
    using difference_type = std::ptrdiff_t;
    using reference = quic_version;
    using pointer = void;

    iterator() = default;
    explicit iterator(const std::uint8_t* position) noexcept : position_(position) {}

    quic_version operator*() const noexcept {
      return static_cast<quic_version>(std::uint32_t{position_[0]} << 24 | std::uint32_t{position_[1]} << 16 |
                                       std::uint32_t{position_[2]} << 8 | std::uint32_t{position_[3]});
    }
    iterator& operator++() noexcept {
      position_ += 4;
      return *this;
    }
    iterator operator++(int) noexcept {
      const iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

  private:
    const std::uint8_t* position_ = nullptr;
  };

  version_list() = default;

  /// The size of `encoded` is a multiple of four.
  explicit version_list(byte_view encoded) noexcept : encoded_(encoded) {}

  iterator begin() const noexcept { return iterator(encoded_.data()); }
  iterator end() const noexcept { return iterator(encoded_.data() + encoded_.size()); }
  std::size_t size() const noexcept { return encoded_.size() / 4; }
  bool empty() const noexcept { return encoded_.empty(); }
  bool contains(quic_version version) const noexcept;

private:
  byte_view encoded_;
};

/// A Version Negotiation packet (RFC 8999, section 6). Its connection IDs may be of any length up to 255 bytes, as they
/// may belong to another version. The views point into the datagram.
struct version_negotiation_packet {
  byte_view destination;
  byte_view source;
  version_list versions;  ///< Never empty.
};

/// Empty when `datagram` is not a Version Negotiation packet, or one that must be ignored: it names no version, or its
/// last one is cut short.
std::optional<version_negotiation_packet> parse_version_negotiation(byte_view datagram) noexcept;

/// Writes a Version Negotiation packet. `destination` and `source` are the Source and the Destination Connection ID of
/// the packet it answers, at most 255 bytes each. `random_first_byte` fills the unused bits; the one that looks like
/// the fixed bit is set, so that multiplexing with other protocols works (RFC 9000, section 17.2.1).
void encode_version_negotiation(byte_writer& out, std::uint8_t random_first_byte, byte_view destination,
                                byte_view source, std::span<const quic_version> versions) noexcept;

constexpr std::size_t version_negotiation_size(std::size_t destination_size, std::size_t source_size,
                                               std::size_t version_count) noexcept {
  return 1 + 4 + 1 + destination_size + 1 + source_size + 4 * version_count;
}

}  // namespace quasio::wire
