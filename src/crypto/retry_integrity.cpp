#include "crypto/retry_integrity.hpp"

#include <algorithm>

#include "crypto/aead.hpp"

namespace quasio::crypto {

namespace {

struct retry_secrets {
  std::array<std::uint8_t, 16> key;
  aead_nonce nonce;
};

// RFC 9001, section 5.8.
constexpr retry_secrets v1_secrets{
    {0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e},
    {0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb}};

// RFC 9369, section 3.3.3.
constexpr retry_secrets v2_secrets{
    {0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c, 0xcc, 0x92},
    {0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a}};

constexpr std::size_t max_connection_id_size = 20;

const retry_secrets& secrets_of(key_labels labels) { return labels == key_labels::v2 ? v2_secrets : v1_secrets; }

// What the Retry Pseudo-Packet has in front of the packet itself: the original ID and its length.
class pseudo_packet_prefix {
public:
  explicit pseudo_packet_prefix(byte_view id) : size_(1 + std::min(id.size(), max_connection_id_size)) {
    bytes_[0] = static_cast<std::uint8_t>(size_ - 1);
    std::copy_n(id.begin(), size_ - 1, bytes_.begin() + 1);
  }

  byte_view view() const { return byte_view(bytes_).first(size_); }

private:
  std::array<std::uint8_t, 1 + max_connection_id_size> bytes_{};
  std::size_t size_;
};

}  // namespace

retry_tag make_retry_tag(key_labels labels, byte_view original_destination_connection_id,
                         byte_view packet_without_tag) {
  const retry_secrets& secrets = secrets_of(labels);
  const pseudo_packet_prefix prefix(original_destination_connection_id);
  aead_key key(aead_algorithm::aes_128_gcm, secrets.key);
  retry_tag tag{};
  key.seal(secrets.nonce, prefix.view(), packet_without_tag, tag);
  return tag;
}

bool verify_retry_tag(key_labels labels, byte_view original_destination_connection_id, byte_view packet) {
  if (packet.size() < aead_tag_size) return false;
  const retry_secrets& secrets = secrets_of(labels);
  const pseudo_packet_prefix prefix(original_destination_connection_id);
  aead_key key(aead_algorithm::aes_128_gcm, secrets.key);
  retry_tag tag{};
  std::copy_n(packet.last(aead_tag_size).begin(), tag.size(), tag.begin());
  return key.open(secrets.nonce, prefix.view(), packet.first(packet.size() - aead_tag_size), tag);
}

}  // namespace quasio::crypto
