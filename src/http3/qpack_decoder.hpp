#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "http3/breach.hpp"
#include "http3/qpack_dynamic_table.hpp"
#include "http3/qpack_encoder_stream.hpp"
#include "http3/qpack_section_reader.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/qpack_statistics.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// What our settings allow the peer's encoder.
struct qpack_decoder_limits {
  std::size_t max_table_capacity = 0;
  std::size_t max_blocked_streams = 0;
};

/// The receiving half of QPACK (RFC 9204): turns encoded field sections into fields, follows the peer's encoder stream,
/// and says on ours what has been done.
///
/// A section that needs entries which are still on their way blocks its stream. It is not kept here: whoever reads the
/// stream leaves it where flow control holds it (section 2.2.1), and comes again when take_unblocked() names the
/// stream. So all that a peer can make this hold is one table, the IDs of the blocked streams, one unfinished
/// instruction, and what the peer does not let us send.
class qpack_decoder {
public:
  /// Allows no dynamic table.
  qpack_decoder() noexcept : qpack_decoder(qpack_decoder_limits{}) {}
  explicit qpack_decoder(const qpack_decoder_limits& limits) noexcept;

  // --- Sections ----------------------------------------------------------------------------------------------------

  /// Whether the section that begins with these bytes can be decoded now; nothing while they are too few to know. If it
  /// cannot, the stream is blocked.
  result<std::optional<bool>, breach> is_decodable(stream_id id, byte_view beginning);

  /// Decodes one encoded field section, which must be decodable. A section that is too large costs its exchange, any
  /// other fault the connection.
  result<field_list, breach> decode(stream_id id, byte_view section, const section_limits& limits);

  /// Reading this stream was given up before its end: no acknowledgment will come of what was sent there.
  void cancel(stream_id id);

  /// Names one of the streams that are blocked no more; nothing when there is none.
  std::optional<stream_id> take_unblocked();

  std::size_t blocked_streams() const noexcept { return blocked_.size(); }

  // --- Streams of instructions -------------------------------------------------------------------------------------

  /// Takes the next bytes of the peer's encoder stream, in any pieces. Every error ends the connection.
  result<void, breach> on_encoder_stream(byte_view bytes);

  /// Acknowledges the entries that no section has acknowledged.
  void acknowledge_inserts();

  /// What is to go on our decoder stream. Whoever sends from its front takes that away.
  std::vector<std::uint8_t>& instructions() noexcept { return instructions_; }

  const qpack_dynamic_table& table() const noexcept { return table_; }
  qpack_table_statistics statistics() const noexcept;

  /// What the peer's encoder makes this hold beyond itself, in bytes.
  std::size_t memory() const noexcept;

private:
  struct blocked_stream {
    stream_id id = 0;
    std::uint64_t required_insert_count = 0;
  };

  result<void, breach> follow(const encoder_instruction& next);
  result<void, breach> set_capacity(std::uint64_t capacity);
  result<void, breach> insert(const encoder_instruction& next);
  result<void, breach> insert_with_static_name(const encoder_instruction& next);
  result<void, breach> insert_with_dynamic_name(const encoder_instruction& next);
  result<void, breach> duplicate(const encoder_instruction& next);
  result<std::uint64_t, breach> absolute(std::uint64_t relative) const;
  result<void, breach> check_fits(std::size_t name_size, std::size_t value_size) const;
  result<void, breach> block(stream_id id, std::uint64_t required_insert_count);

  qpack_decoder_limits limits_;
  qpack_dynamic_table table_;
  encoder_stream_reader encoder_stream_;
  std::vector<blocked_stream> blocked_;
  std::vector<std::uint8_t> instructions_;
  std::uint64_t acknowledged_inserts_ = 0;  ///< The Known Received Count (section 2.1.4).
};

}  // namespace quasio::http3
