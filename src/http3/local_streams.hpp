#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "http3/transport_streams.hpp"
#include "quasio/base/random.hpp"
#include "quasio/http3/settings.hpp"

namespace quasio::http3 {

/// Our unidirectional streams: control, QPACK encoder and decoder, and one that means nothing, where grease is wanted.
class local_streams {
public:
  local_streams(endpoint_role role, const settings& ours, random_source& random);

  /// Opens the streams, as far as the peer allows; to be called again when it allows more.
  void open(transport_streams& transport);

  /// Sends a frame on the control stream, or with it once it is open.
  void send_on_control(transport_streams& transport, byte_view frame);

  /// Whether the control stream is open: our settings have been written.
  bool has_sent_settings() const noexcept { return control_.id.has_value(); }

  /// How many bytes of instructions our encoder may send so that all of them go out at once (RFC 9204, section 2.1.3).
  std::size_t encoder_room(const transport_streams& transport) const;

  /// Sends the encoder's instructions, no more than there was room for, and takes them away.
  void send_encoder_instructions(transport_streams& transport, std::vector<std::uint8_t>& instructions);

  /// Sends as many of the decoder's instructions as the stream takes, and takes those away.
  void send_decoder_instructions(transport_streams& transport, std::vector<std::uint8_t>& instructions);

  bool is_decoder_stream(stream_id id) const noexcept { return decoder_.id == id; }

  /// Whether the connection lives on this stream.
  bool is_critical(stream_id id) const noexcept;

private:
  /// One of the streams, and the bytes that it begins with.
  struct local_stream {
    std::optional<stream_id> id;
    std::vector<std::uint8_t> beginning;
  };

  bool open(transport_streams& transport, local_stream& stream, bool and_end);

  local_stream control_;
  local_stream encoder_;
  local_stream decoder_;
  std::optional<local_stream> reserved_;  ///< Not yet sent.
};

}  // namespace quasio::http3
