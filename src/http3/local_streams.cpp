#include "http3/local_streams.hpp"

#include <algorithm>

#include "http3/frame.hpp"
#include "http3/settings_frame.hpp"

namespace quasio::http3 {
namespace {

/// What these streams carry is short, and others wait for it: a field section that refers to an insertion which has not
/// come is blocked, and where what is more urgent uses up the connection's flow control meanwhile it is so for ever
/// (RFC 9204, section 2.1.3). Being incremental, they have their turn beside responses of the same urgency.
constexpr std::uint8_t most_urgent = 0;

/// Numbers that are reserved, of lengths that vary (RFC 9114, section 7.2.8).
std::uint64_t take_reserved(random_source& random) {
  std::array<std::uint8_t, 4> bytes;
  random.fill(bytes);
  std::uint64_t n = 0;
  for (const std::uint8_t byte : bytes) n = n << 8 | byte;
  return reserved_code_point(n >> (n & 0x0f));
}

void append_random(std::vector<std::uint8_t>& out, random_source& random) {
  std::array<std::uint8_t, 8> bytes;
  random.fill(bytes);
  out.insert(out.end(), bytes.begin(), bytes.begin() + (bytes[0] & 7));
}

}  // namespace

local_streams::local_streams(endpoint_role role, const settings& ours, random_source& random) {
  append_varint(control_.beginning, stream_type::control);
  append_varint(encoder_.beginning, stream_type::qpack_encoder);
  append_varint(decoder_.beginning, stream_type::qpack_decoder);
  if (!ours.grease) {
    append_settings_frame(control_.beginning, ours, role, {});
    return;
  }
  append_settings_frame(control_.beginning, ours, role, {take_reserved(random), take_reserved(random)});
  std::vector<std::uint8_t> payload;
  append_random(payload, random);
  append_frame_header(control_.beginning, take_reserved(random), payload.size());
  control_.beginning.insert(control_.beginning.end(), payload.begin(), payload.end());
  reserved_.emplace();
  append_varint(reserved_->beginning, take_reserved(random));
  append_random(reserved_->beginning, random);
}

void local_streams::open(transport_streams& transport) {
  for (local_stream* stream : {&control_, &encoder_, &decoder_}) {
    if (!stream->id && !open(transport, *stream, false)) return;
  }
  // Once, and not at the cost of waiting: nobody misses it.
  if (reserved_) (void)open(transport, *reserved_, true);
  reserved_.reset();
}

bool local_streams::open(transport_streams& transport, local_stream& stream, bool and_end) {
  const auto opened = transport.open_stream(stream_direction::unidirectional);
  if (!opened) return false;
  stream.id = *opened;
  transport.set_stream_priority(*opened, most_urgent, true);
  (void)transport.stream_write_whole(*opened, stream.beginning, and_end);
  stream.beginning = {};
  return true;
}

void local_streams::send_on_control(transport_streams& transport, byte_view frame) {
  if (control_.id) {
    (void)transport.stream_write_whole(*control_.id, frame, false);
  } else {
    control_.beginning.insert(control_.beginning.end(), frame.begin(), frame.end());
  }
}

std::size_t local_streams::encoder_room(const transport_streams& transport) const {
  if (!encoder_.id) return 0;
  const auto room = transport.stream_capacity(*encoder_.id);
  const auto credit = transport.stream_credit(*encoder_.id);
  if (!room || !credit) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(*room, *credit));
}

void local_streams::send_encoder_instructions(transport_streams& transport, std::vector<std::uint8_t>& instructions) {
  if (instructions.empty()) return;
  (void)transport.stream_write_whole(*encoder_.id, instructions, false);
  instructions.clear();
}

void local_streams::send_decoder_instructions(transport_streams& transport, std::vector<std::uint8_t>& instructions) {
  if (instructions.empty() || !decoder_.id) return;
  // No more than there is credit for, lest as much again as a stream's send buffer piles up behind it.
  const auto credit = transport.stream_credit(*decoder_.id);
  if (!credit || *credit == 0) return;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(*credit, instructions.size()));
  const auto taken = transport.stream_write(*decoder_.id, byte_view(instructions).first(count), false);
  if (!taken) return;
  instructions.erase(instructions.begin(), instructions.begin() + static_cast<std::ptrdiff_t>(*taken));
}

bool local_streams::is_critical(stream_id id) const noexcept {
  return control_.id == id || encoder_.id == id || decoder_.id == id;
}

}  // namespace quasio::http3
