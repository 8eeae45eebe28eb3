#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/http3/field.hpp"

/// The Capsule Protocol (RFC 9297, section 3) over the body of an exchange: reading and writing, without any I/O. What
/// a capsule means is left to the protocol above.
namespace quasio::http3 {

namespace capsule_type {
inline constexpr std::uint64_t datagram = 0x00;  ///< An HTTP Datagram on the stream (section 3.5).
}  // namespace capsule_type

/// A piece of a capsule's value, where it lies in the bytes that were given. A capsule comes in one piece or in
/// several, the last of which says so; one without a value, in one empty piece.
struct capsule_piece {
  std::uint64_t type = 0;    ///< As capsule_type has them, or the protocol above.
  std::uint64_t length = 0;  ///< Of the whole value.
  std::uint64_t offset = 0;  ///< Of this piece in the value.
  byte_view value;           ///< The piece itself.
  bool is_first = false;     ///< Of its capsule.
  bool is_last = false;      ///< Of its capsule.
};

/// Finds the capsules in a stream whose bytes come in any pieces. Keeps no value, so that a capsule of any size costs
/// no memory: capsules of unknown types are skipped by taking no notice of their pieces, as must be done (section 3.2).
class capsule_reader {
public:
  /// Takes from the front of `bytes` up to the end of the next piece; empty when all of `bytes` was taken and nothing
  /// more can be said.
  std::optional<capsule_piece> next(byte_view& bytes) noexcept;

  /// Whether the stream may end here. A stream that ends elsewhere is a malformed message (section 3.3): cancel it with
  /// H3_MESSAGE_ERROR.
  bool between_capsules() const noexcept { return stage_ == stage::type && header_size_ == 0; }

private:
  enum class stage : std::uint8_t { type, length, value };

  std::optional<std::uint64_t> read_varint(byte_view& bytes) noexcept;
  capsule_piece take_value(byte_view& bytes, bool is_first) noexcept;

  stage stage_ = stage::type;
  std::uint64_t number_ = 0;      ///< The integer that is being read, as far as it came.
  std::uint8_t header_size_ = 0;  ///< Its bytes taken so far.
  std::uint8_t wanted_ = 0;       ///< Its size.
  std::uint64_t type_ = 0;
  std::uint64_t length_ = 0;
  std::uint64_t taken_ = 0;  ///< Of the value.
};

/// A capsule with its value. The value is valid until the next call on the collector.
struct capsule {
  std::uint64_t type = 0;  ///< One of the wanted ones.
  byte_view value;         ///< The whole of it.
};

/// Makes whole capsules of those types that are wanted and of values that are not too large. All others are skipped
/// without being kept.
class capsule_collector {
public:
  /// `max_value` is in bytes, for each capsule. An HTTP Datagram fits a UDP payload where it is to be forwarded in one.
  explicit capsule_collector(std::vector<std::uint64_t> wanted_types, std::size_t max_value = 65535)
      : wanted_(std::move(wanted_types)), max_value_(max_value) {}

  /// Takes from the front of `bytes` up to the end of the next capsule that is wanted; empty when all was taken.
  std::optional<capsule> next(byte_view& bytes);

  /// As capsule_reader::between_capsules().
  bool between_capsules() const noexcept { return reader_.between_capsules(); }

  std::uint64_t skipped() const noexcept { return skipped_; }      ///< Capsules of other types.
  std::uint64_t too_large() const noexcept { return too_large_; }  ///< Wanted, and longer than `max_value`.

private:
  bool is_wanted(const capsule_piece& piece) const noexcept;

  capsule_reader reader_;
  std::vector<std::uint64_t> wanted_;
  std::size_t max_value_;
  std::vector<std::uint8_t> value_;
  std::uint64_t skipped_ = 0;
  std::uint64_t too_large_ = 0;
};

/// Appends type and length; `length` bytes of value must follow. Neither may exceed varint_max.
void append_capsule_header(std::vector<std::uint8_t>& out, std::uint64_t type, std::uint64_t length);

/// Appends a whole capsule.
void append_capsule(std::vector<std::uint8_t>& out, std::uint64_t type, byte_view value);

/// Whether a header section says that the data stream carries capsules: "capsule-protocol: ?1", once (section 3.4).
/// Anything else that this field may say counts as if it was not there.
bool says_capsule_protocol(const field_list& fields);

}  // namespace quasio::http3
