#pragma once

#include <cstdint>

#include "http3/breach.hpp"
#include "http3/prefixed_integer.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// What one field section may weigh, counted while it is decoded, so that a small encoding cannot unfold into much.
struct section_limits {
  std::uint64_t max_size = 0;  ///< Name, value and 32 a field (RFC 9114, section 4.2.2).
  std::size_t max_fields = 0;
};

/// The receiving half of QPACK (RFC 9204): turns encoded field sections into fields, and follows the peer's encoder
/// stream. Our settings give the peer a dynamic table of capacity zero, so that whatever refers to one is an error.
class qpack_decoder {
public:
  /// Decodes one encoded field section. A section that is too large costs its exchange, any other fault the connection.
  result<field_list, breach> decode(byte_view section, const section_limits& limits) const;

  /// Takes the next bytes of the peer's encoder stream, in any pieces.
  result<void, breach> on_encoder_stream(byte_view bytes);

private:
  prefixed_integer_reader capacity_;
  bool in_capacity_ = false;
};

}  // namespace quasio::http3
