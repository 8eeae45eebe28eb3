#include "quic/packet_builder.hpp"

#include <algorithm>

#include "wire/outgoing_header.hpp"
#include "wire/packet_number.hpp"

namespace quasio::quic {
namespace {

// Less payload than this is not worth a header and a tag.
constexpr std::size_t min_payload_room = 16;

// RFC 9001, section 5.4.2: packet number and payload are at least so long, for the header protection sample to exist.
constexpr std::size_t min_number_and_payload = 4;

wire::packet_type type_of(space_id space) noexcept {
  switch (space) {
    case space_id::initial:
      return wire::packet_type::initial;
    case space_id::handshake:
      return wire::packet_type::handshake;
    default:
      return wire::packet_type::zero_rtt;
  }
}

direction_keys& long_header_keys(key_ring& keys, space_id space) noexcept {
  switch (space) {
    case space_id::initial:
      return *keys.initial_write;
    case space_id::handshake:
      return *keys.handshake_write;
    default:
      return *keys.early_write;
  }
}

// RFC 9287, section 3.1: only with the peer's consent. The packets of the handshake are spared: they are what devices
// on the path look at to tell that this is QUIC.
bool may_clear_quic_bit(const connection_state& state) noexcept {
  return state.config.grease_quic_bit && state.peer_parameters.grease_quic_bit && state.handshake_complete;
}

}  // namespace

packet_builder::packet_builder(connection_state& state, packet_space& space, const path& on, byte_span room)
    : space_(&space),
      room_(room),
      number_(state.next_packet_number(space)),
      number_length_(wire::packet_number_length(number_, space.loss.largest_acked())) {
  const connection_id* const destination = on.peer_id ? state.peer_ids.find(*on.peer_id) : nullptr;
  if (!destination) return;
  is_short_ = space.is_application() && state.keys.application_write;
  if (is_short_) {
    begin_short(state, *destination, room);
  } else {
    begin_long(state, *destination, room);
  }
}

void packet_builder::begin_short(connection_state& state, const connection_id& destination, byte_span room) {
  byte_writer header(room);
  wire::encode_short_header(header, destination, false, state.keys.application_write->key_phase(), number_,
                            number_length_);
  header_size_ = header.position();
  if (!header.overflowed()) open_payload();
}

void packet_builder::begin_long(connection_state& state, const connection_id& destination, byte_span room) {
  byte_writer header(room);
  length_position_ = wire::encode_long_header(
      header, {.type = type_of(space_->id),
               .version = space_->is_application() ? state.versions.chosen() : state.versions.current(),
               .destination = destination,
               .source = state.local_ids.first(),
               .token = state.token,
               .number = number_,
               .number_length = number_length_});
  header_size_ = header.position();
  if (!header.overflowed()) open_payload();
}

void packet_builder::open_payload() {
  if (room_.size() < header_size_ + min_payload_room + crypto::aead_tag_size) return;
  frames_ = byte_writer(room_.subspan(header_size_, room_.size() - header_size_ - crypto::aead_tag_size));
  ok_ = true;
}

void packet_builder::give_up() {
  open_payload();
  space_->sent.draft().clear();
}

std::size_t packet_builder::sealed_size() const noexcept {
  const std::size_t payload =
      std::max(frames_.position(), min_number_and_payload - std::min(number_length_, min_number_and_payload));
  return header_size_ + payload + crypto::aead_tag_size;
}

void packet_builder::pad_to(std::size_t size) noexcept {
  const std::size_t present = header_size_ + frames_.position() + crypto::aead_tag_size;
  if (size <= present) return;
  frames_.write_zeros(std::min(size - present, frames_.remaining()));
  padded_ = true;
}

byte_span packet_builder::seal(connection_state& state) {
  pad_to(sealed_size());
  const byte_span packet = room_.first(sealed_size());
  const std::size_t number_offset = header_size_ - number_length_;
  const byte_span header = packet.first(header_size_);
  const byte_span payload = packet.subspan(header_size_);
  if (is_short_) {
    application_write_keys& keys = *state.keys.application_write;
    if (may_clear_quic_bit(state) && state.quic_bit.clears_next(state.random))
      packet[0] &= ~wire::first_byte::fixed_bit;
    keys.seal(number_, header, payload);
    crypto::protect_header(packet, number_offset, number_length_, keys.header());
    return packet;
  }
  wire::set_length(packet, length_position_, packet.size() - number_offset);
  direction_keys& keys = long_header_keys(state.keys, space_->id);
  keys.packet.seal(number_, header, payload);
  crypto::protect_header(packet, number_offset, number_length_, keys.header);
  return packet;
}

}  // namespace quasio::quic
