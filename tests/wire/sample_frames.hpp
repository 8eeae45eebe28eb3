#pragma once

#include <string>
#include <vector>

#include "wire/frame.hpp"
#include "wire/hex.hpp"

namespace quasio::wire {

struct sample_frame {
  std::string hex;  ///< How write() writes it.
  frame value;
};

inline path_data sample_path_data() { return {1, 2, 3, 4, 5, 6, 7, 8}; }

inline new_connection_id_frame sample_new_connection_id() {
  new_connection_id_frame value{5, 3, connection_id(from_hex("aabbccdd")), {}};
  for (std::size_t i = 0; i < value.reset_token.size(); ++i) value.reset_token[i] = static_cast<std::uint8_t>(i);
  return value;
}

/// At least one of each frame but ACK, whose ranges exist only in encoded form.
inline const std::vector<sample_frame>& sample_frames() {
  static const byte_view hello = as_bytes("hello");
  static const std::vector<sample_frame> samples{
      {"00", padding_frame{1}},
      {"000000", padding_frame{3}},
      {"01", ping_frame{}},
      {"04 04 4123 8000f000", reset_stream_frame{4, 0x123, 0xf000}},
      {"05 08 4123", stop_sending_frame{8, 0x123}},
      {"06 00 05 68656c6c6f", crypto_frame{0, hello}},
      {"06 4400 05 68656c6c6f", crypto_frame{0x400, hello}},
      {"07 05 68656c6c6f", new_token_frame{hello}},
      {"0a 04 05 68656c6c6f", stream_frame{4, 0, hello, false}},
      {"0b 04 00", stream_frame{4, 0, {}, true}},
      {"0e 04 4400 05 68656c6c6f", stream_frame{4, 0x400, hello, false}},
      {"0f 4444 80004400 05 68656c6c6f", stream_frame{0x444, 0x4400, hello, true}},
      {"10 80100000", max_data_frame{0x100000}},
      {"11 03 80100000", max_stream_data_frame{3, 0x100000}},
      {"12 4064", max_streams_frame{stream_direction::bidirectional, 100}},
      {"13 d000000000000000", max_streams_frame{stream_direction::unidirectional, max_stream_count}},
      {"14 4400", data_blocked_frame{0x400}},
      {"15 07 4400", stream_data_blocked_frame{7, 0x400}},
      {"16 d000000000000000", streams_blocked_frame{stream_direction::bidirectional, max_stream_count}},
      {"17 00", streams_blocked_frame{stream_direction::unidirectional, 0}},
      {"18 05 03 04 aabbccdd 000102030405060708090a0b0c0d0e0f", sample_new_connection_id()},
      {"19 4400", retire_connection_id_frame{0x400}},
      {"1a 0102030405060708", path_challenge_frame{sample_path_data()}},
      {"1b 0102030405060708", path_response_frame{sample_path_data()}},
      {"1c 0a 08 05 68656c6c6f", connection_close_frame{0x0a, 0x08, hello, false}},
      {"1d 4100 00", connection_close_frame{0x100, 0, {}, true}},
      {"1e", handshake_done_frame{}},
      {"31 05 68656c6c6f", datagram_frame{hello}},
      {"31 00", datagram_frame{}},
      {"1f", immediate_ack_frame{}},
      {"40af 07 09 8000c350 03", ack_frequency_frame{7, 9, 50'000, 3}},
      {"40af 00 00 43e8 00", ack_frequency_frame{0, 0, 1'000, 0}},
  };
  return samples;
}

}  // namespace quasio::wire
