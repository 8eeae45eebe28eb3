#pragma once

#include <cstdint>
#include <vector>

#include "http3/breach.hpp"
#include "http3/prefixed_integer.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// The sending half of QPACK (RFC 9204): turns fields into encoded field sections, and follows the peer's decoder
/// stream. It uses no dynamic table, so that a section can always be decoded at once, and the peer has nothing to
/// acknowledge.
class qpack_encoder {
public:
  /// Appends the encoded field section for `fields` to `out`.
  void encode(const field_list& fields, std::vector<std::uint8_t>& out) const;

  /// Takes the next bytes of the peer's decoder stream, in any pieces. Every error ends the connection.
  result<void, breach> on_decoder_stream(byte_view bytes);

private:
  prefixed_integer_reader cancelled_stream_;
  bool in_cancellation_ = false;
};

}  // namespace quasio::http3
