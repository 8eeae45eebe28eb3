// QPACK with a dynamic table, from both ends.
//
// The input is a list of commands, each a byte that says what and on which stream, a byte that says how many bytes
// follow, and those. They feed a decoder with pieces of an encoder stream and with sections, and an encoder with any
// decoder stream between sections of its own, which a second decoder must be able to read.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "quasio/base/byte_reader.hpp"

namespace {

using namespace quasio;
using namespace quasio::http3;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr qpack_decoder_limits limits{512, 4};
constexpr section_limits wide{4096, 64};

void check_code(const breach& refused, error_code code) {
  require(refused.section_too_large || (refused.what.code == code && refused.cost == breach::scope::connection));
}

/// Our decoder, and a peer that sends anything.
class attacked_decoder {
public:
  /// False once the connection has ended.
  bool instructions(byte_view bytes) {
    if (const auto taken = decoder_.on_encoder_stream(bytes); !taken) {
      check_code(taken.error(), error_code::qpack_encoder_stream_error);
      return false;
    }
    while (decoder_.take_unblocked()) {
    }
    decoder_.acknowledge_inserts();
    return stays_small();
  }

  bool section(stream_id id, byte_view bytes) {
    const auto ready = decoder_.is_decodable(id, bytes);
    if (!ready) {
      check_code(ready.error(), error_code::qpack_decompression_failed);
      return false;
    }
    if (*ready != true) return stays_small();
    const auto fields = decoder_.decode(id, bytes, wide);
    if (!fields) {
      check_code(fields.error(), error_code::qpack_decompression_failed);
      return fields.error().section_too_large;
    }
    std::size_t size = 0;
    for (const field& line : *fields) size += line.name.size() + line.value.size() + 32;
    require(size <= wide.max_size && fields->size() <= wide.max_fields);
    return stays_small();
  }

  void cancel(stream_id id) { decoder_.cancel(id); }

private:
  bool stays_small() {
    decoder_.instructions().clear();
    require(decoder_.blocked_streams() <= limits.max_blocked_streams);
    require(decoder_.table().size() <= limits.max_table_capacity);
    require(decoder_.memory() <= 32 * limits.max_table_capacity);
    return true;
  }

  qpack_decoder decoder_{limits};
};

/// Our encoder, a peer that answers anything, and one that only listens.
class attacked_encoder {
public:
  attacked_encoder() { encoder_.allow_dynamic_table({300, 512, 4, 8}); }

  bool answer(byte_view bytes) {
    const auto taken = encoder_.on_decoder_stream(bytes);
    if (!taken) check_code(taken.error(), error_code::qpack_decoder_stream_error);
    return taken.has_value();
  }

  void say(stream_id id, byte_view bytes) {
    static const char* const names[] = {":path", "x-a", "x-b", "cookie", "accept", "x-c", "server", "authorization"};
    field_list fields;
    for (const std::uint8_t byte : bytes) {
      fields.push_back({names[byte & 7], std::string(byte >> 3, static_cast<char>('a' + (byte & 3))), false});
    }
    std::vector<std::uint8_t> section;
    const std::size_t room = bytes.size() % 3 == 0 ? bytes.size() * 10 : SIZE_MAX;
    encoder_.encode(id, fields, room, section);
    require(encoder_.instructions().size() <= room);
    require(listener_.on_encoder_stream(encoder_.instructions()).has_value());
    encoder_.instructions().clear();
    const auto decoded = listener_.decode(id, section, {1 << 20, 1000});
    require(decoded && decoded->size() == fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      require((*decoded)[i].name == fields[i].name && (*decoded)[i].value == fields[i].value);
    }
    listener_.instructions().clear();
    const auto& dynamic = *encoder_.dynamic();
    require(dynamic.unacknowledged().size() <= 8);
    require(dynamic.unacknowledged().streams_at_risk(dynamic.table().known_received_count()) <= 4);
    require(dynamic.table().lines().oldest() <= dynamic.table().known_received_count());
    require(dynamic.memory() <= 32 * 1024);
  }

private:
  qpack_encoder encoder_;
  qpack_decoder listener_{{512, 1000}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  byte_reader input(byte_view(data, size));
  attacked_decoder decoder;
  attacked_encoder encoder;
  bool decoder_lives = decoder.instructions(std::vector<std::uint8_t>{0x3f, 0xe1, 0x03});
  bool encoder_lives = true;
  while (decoder_lives || encoder_lives) {
    const auto what = input.read_u8();
    const auto length = input.read_u8();
    if (!length) break;
    const byte_view bytes = input.read_bytes(std::min<std::size_t>(*length, input.remaining())).value_or(byte_view{});
    const stream_id id = 4 * (*what >> 3);
    switch (*what & 7) {
      case 0:
      case 1:
        decoder_lives = decoder_lives && decoder.instructions(bytes);
        break;
      case 2:
      case 3:
        decoder_lives = decoder_lives && decoder.section(id, bytes);
        break;
      case 4:
        decoder.cancel(id);
        break;
      case 5:
        encoder_lives = encoder_lives && encoder.answer(bytes);
        break;
      default:
        if (encoder_lives) encoder.say(id, bytes);
    }
  }
  return 0;
}
