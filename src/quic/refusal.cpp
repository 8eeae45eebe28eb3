#include "quic/refusal.hpp"

#include "quic/packet_protection.hpp"
#include "wire/frame_writer.hpp"
#include "wire/outgoing_header.hpp"

namespace quasio::quic {

std::size_t write_refusal(byte_span reply, const wire::packet_header& initial, transport_error_code code) {
  constexpr std::size_t number_length = 1;
  byte_writer out(reply);
  const std::size_t length_position = wire::encode_long_header(out, {.type = wire::packet_type::initial,
                                                                     .version = initial.version,
                                                                     .destination = initial.source,
                                                                     .source = initial.destination,
                                                                     .number = 0,
                                                                     .number_length = number_length});
  const std::size_t header_size = out.position();
  wire::write(out, wire::connection_close_frame{.error_code = static_cast<std::uint64_t>(code)});
  out.write_zeros(crypto::aead_tag_size);
  if (out.overflowed()) return 0;

  const byte_span packet = out.written();
  const std::size_t number_offset = header_size - number_length;
  wire::set_length(packet, length_position, packet.size() - number_offset);
  const auto labels = labels_of(initial.version);
  const auto secrets = crypto::derive_initial_secrets(labels, initial.destination.bytes());
  direction_keys keys = direction_keys::derive(secrets.server, crypto::initial_aead, labels);
  keys.packet.seal(0, packet.first(header_size), packet.subspan(header_size));
  crypto::protect_header(packet, number_offset, number_length, keys.header);
  return packet.size();
}

}  // namespace quasio::quic
