#include "crypto/key_schedule.hpp"

#include <array>

#include <openssl/crypto.h>

#include "crypto/hkdf.hpp"

namespace quasio::crypto {

namespace {

struct label_set {
  std::string_view key;
  std::string_view iv;
  std::string_view header_protection;
  std::string_view key_update;
};

constexpr label_set v1_labels{"quic key", "quic iv", "quic hp", "quic ku"};
constexpr label_set v2_labels{"quicv2 key", "quicv2 iv", "quicv2 hp", "quicv2 ku"};

const label_set& set_of(key_labels labels) { return labels == key_labels::v2 ? v2_labels : v1_labels; }

using initial_salt = std::array<std::uint8_t, 20>;

// RFC 9001, section 5.2.
constexpr initial_salt v1_salt{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                               0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};

// RFC 9369, section 3.3.1.
constexpr initial_salt v2_salt{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                               0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};

traffic_secret expand(const traffic_secret& secret, hash_algorithm hash, std::string_view label) {
  traffic_secret expanded(hash_size(hash));
  if (!hkdf_expand_label(hash, secret.bytes(), label, expanded.writable())) return {};
  return expanded;
}

// Key material that is wiped once the cipher has taken it.
template <std::size_t Size>
class derived_bytes {
public:
  derived_bytes(const traffic_secret& secret, aead_algorithm aead, std::string_view label, std::size_t size) {
    if (hkdf_expand_label(hash_of(aead), secret.bytes(), label, byte_span(bytes_).first(size))) size_ = size;
  }
  derived_bytes(const derived_bytes&) = delete;
  derived_bytes& operator=(const derived_bytes&) = delete;
  ~derived_bytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  // Nothing when the derivation failed, and nothing makes a key that opens and seals nothing.
  byte_view view() const { return byte_view(bytes_).first(size_); }

private:
  std::array<std::uint8_t, Size> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace

initial_secrets derive_initial_secrets(key_labels labels, byte_view destination_connection_id) {
  const hash_algorithm hash = hash_of(initial_aead);
  traffic_secret common(hash_size(hash));
  const initial_salt& salt = labels == key_labels::v2 ? v2_salt : v1_salt;
  if (!hkdf_extract(hash, salt, destination_connection_id, common.writable())) return {};
  return {expand(common, hash, "client in"), expand(common, hash, "server in")};
}

packet_key make_packet_key(const traffic_secret& secret, aead_algorithm aead, key_labels labels) {
  const derived_bytes<max_aead_key_size> key(secret, aead, set_of(labels).key, key_size(aead));
  const derived_bytes<aead_nonce_size> iv(secret, aead, set_of(labels).iv, aead_nonce_size);
  return {aead, iv.view().empty() ? byte_view{} : key.view(), iv.view()};
}

header_key make_header_key(const traffic_secret& secret, aead_algorithm aead, key_labels labels) {
  const derived_bytes<max_aead_key_size> key(secret, aead, set_of(labels).header_protection, key_size(aead));
  return {aead, key.view()};
}

traffic_secret next_generation(const traffic_secret& secret, aead_algorithm aead, key_labels labels) {
  return expand(secret, hash_of(aead), set_of(labels).key_update);
}

}  // namespace quasio::crypto
