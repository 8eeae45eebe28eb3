#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http3/breach.hpp"
#include "http3/prefixed_integer.hpp"
#include "http3/qpack_dynamic_encoder.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/qpack_statistics.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// The sending half of QPACK (RFC 9204): turns fields into encoded field sections, and follows the peer's decoder
/// stream. Until the peer has allowed a dynamic table it uses none, and then a section can always be decoded at once,
/// and the peer has nothing to acknowledge.
class qpack_encoder {
public:
  /// The peer's settings have come. To be called once, and with no capacity above what the peer allows.
  void allow_dynamic_table(const qpack_encoder_limits& limits);

  /// Appends the encoded field section for `fields` on this stream to `out`, and what the peer's decoder needs first to
  /// instructions(): at most `room` bytes, which are what flow control lets through (section 2.1.3).
  void encode(stream_id id, const field_list& fields, std::size_t room, std::vector<std::uint8_t>& out);

  /// What was encoded for this stream is not going to be sent.
  void forget(stream_id id);

  /// Takes the next bytes of the peer's decoder stream, in any pieces. Every error ends the connection.
  result<void, breach> on_decoder_stream(byte_view bytes);

  /// What is to go on our encoder stream, before the section. Whoever sends it takes it away.
  std::vector<std::uint8_t>& instructions() noexcept { return instructions_; }

  qpack_table_statistics statistics() const noexcept;

  /// Empty when no dynamic table is in use.
  const qpack_dynamic_encoder* dynamic() const noexcept { return dynamic_.get(); }

private:
  result<void, breach> follow(std::uint64_t value);

  std::unique_ptr<qpack_dynamic_encoder> dynamic_;
  std::vector<std::uint8_t> instructions_;
  prefixed_integer_reader integer_;
  std::uint8_t first_byte_ = 0;  ///< Of the instruction that is being read.
  bool in_instruction_ = false;
};

}  // namespace quasio::http3
