// A received packet is what a stranger makes it. The input is an AEAD, a packet number offset, and the packet: it must
// be refused; and the same bytes, taken as a payload to send, must come back from what was sealed.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "crypto/header_protection.hpp"
#include "crypto/key_schedule.hpp"
#include "crypto/retry_integrity.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using bytes = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

struct keys {
  explicit keys(aead_algorithm aead)
      : secret(bytes(hash_size(hash_of(aead)), 0x42)),
        packet(make_packet_key(secret, aead, key_labels::v1)),
        header(make_header_key(secret, aead, key_labels::v1)) {}

  traffic_secret secret;
  packet_key packet;
  header_key header;
};

keys& keys_of(std::uint8_t choice) {
  static std::array<keys, 3> all{keys(aead_algorithm::aes_128_gcm), keys(aead_algorithm::aes_256_gcm),
                                 keys(aead_algorithm::chacha20_poly1305)};
  return all[choice % all.size()];
}

void open_stray(keys& with, std::size_t offset, byte_view input) {
  bytes packet(input.begin(), input.end());
  if (packet.empty()) return;
  const auto header = unprotect_header(packet, offset, with.header);
  if (!header) return;
  require(header->packet_number_length >= 1 && header->packet_number_length <= 4);
  const std::size_t size = offset + header->packet_number_length;
  require(!with.packet.open(header->truncated_packet_number, byte_view(packet).first(size),
                            byte_span(packet).subspan(size)));
}

void round_trip(keys& with, byte_view payload) {
  bytes packet{0x43, 0, 0, 0, 1};
  packet.insert(packet.end(), payload.begin(), payload.end());
  packet.resize(packet.size() + aead_tag_size);
  with.packet.seal(1, byte_view(packet).first(5), byte_span(packet).subspan(5));
  protect_header(packet, 1, 4, with.header);
  const auto header = unprotect_header(packet, 1, with.header);
  require(header && header->truncated_packet_number == 1 && header->packet_number_length == 4);
  require(with.packet.open(1, byte_view(packet).first(5), byte_span(packet).subspan(5)));
  require(std::equal(payload.begin(), payload.end(), packet.begin() + 5));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const byte_view rest(data + 2, size - 2);
  open_stray(keys_of(data[0]), data[1], rest);
  round_trip(keys_of(data[0]), rest);
  require(!verify_retry_tag(key_labels::v1, rest.first(std::min<std::size_t>(rest.size(), 20)), rest));
  return 0;
}
