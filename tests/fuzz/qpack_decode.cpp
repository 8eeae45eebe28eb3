// An encoded field section, and the instructions on the QPACK streams. What is decoded keeps the limits, and encodes to
// something that decodes to the same again.

#include <cstdlib>
#include <functional>
#include <vector>

#include "http3/huffman.hpp"
#include "http3/message_validation.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"

namespace {

using namespace quasio;
using namespace quasio::http3;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_section(byte_view input) {
  const section_limits limits{4096, 64};
  const auto fields = qpack_decoder().decode(0, input, limits);
  if (!fields) {
    require(fields.error().section_too_large || fields.error().what.code == error_code::qpack_decompression_failed);
    return;
  }
  require(section_size(*fields) <= limits.max_size && fields->size() <= limits.max_fields);
  std::vector<std::uint8_t> encoded;
  qpack_encoder().encode(0, *fields, 0, encoded);
  auto again = qpack_decoder().decode(0, encoded, limits);
  require(again && again->size() == fields->size());
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const field& before = (*fields)[i];
    const field& after = (*again)[i];
    require(before.name == after.name && before.value == after.value);
    require(after.never_indexed || !before.never_indexed);
  }
  (void)validate_request(*fields);
  (void)validate_response(*fields);
  (void)validate_trailers(*fields);
  join_repeated_fields(*again);
  require(again->size() <= fields->size());
}

void check_huffman(byte_view input) {
  std::string text;
  if (!decode_huffman(input, text)) return;
  std::vector<std::uint8_t> encoded;
  append_huffman(encoded, text);
  require(encoded == std::vector<std::uint8_t>(input.begin(), input.end()));
}

/// Instructions mean the same in one piece and in single bytes.
template <class Take>
void check_pieces(byte_view input, Take take_at_once, Take take_in_bytes) {
  const bool at_once = take_at_once(input);
  bool in_bytes = true;
  for (std::size_t i = 0; i < input.size() && in_bytes; ++i) in_bytes = take_in_bytes(input.subspan(i, 1));
  require(at_once == in_bytes);
}

void check_streams(byte_view input) {
  using take = std::function<bool(byte_view)>;
  qpack_decoder decoders[2];
  check_pieces<take>(
      input, [&](byte_view bytes) { return decoders[0].on_encoder_stream(bytes).has_value(); },
      [&](byte_view bytes) { return decoders[1].on_encoder_stream(bytes).has_value(); });
  qpack_encoder encoders[2];
  check_pieces<take>(
      input, [&](byte_view bytes) { return encoders[0].on_decoder_stream(bytes).has_value(); },
      [&](byte_view bytes) { return encoders[1].on_decoder_stream(bytes).has_value(); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input(data, size);
  check_section(input);
  check_huffman(input);
  check_streams(input);
  return 0;
}
