#pragma once

#include <cstdint>

#include "crypto/aead.hpp"
#include "crypto/aead_algorithm.hpp"
#include "crypto/header_protection.hpp"
#include "crypto/traffic_secret.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// Which QUIC version's salts, labels and retry keys are used: all that differs between the two in cryptography
/// (RFC 9369, section 3.3).
enum class key_labels : std::uint8_t { v1, v2 };

/// Initial packets are always protected by this one (RFC 9001, section 5.2).
inline constexpr aead_algorithm initial_aead = aead_algorithm::aes_128_gcm;

struct initial_secrets {
  traffic_secret client;
  traffic_secret server;
};

/// The secrets of Initial packets, which anyone can derive who saw the client's first packet (RFC 9001, section 5.2).
/// `destination_connection_id` is the one of that packet; after a Retry, the one of the first packet that answers it.
initial_secrets derive_initial_secrets(key_labels labels, byte_view destination_connection_id);

/// The key that protects the payloads (RFC 9001, section 5.1).
packet_key make_packet_key(const traffic_secret& secret, aead_algorithm aead, key_labels labels);

/// The key that protects the headers (RFC 9001, section 5.4). Made once of the first generation's secret.
header_key make_header_key(const traffic_secret& secret, aead_algorithm aead, key_labels labels);

/// The secret that follows this one at a key update (RFC 9001, section 6.1).
traffic_secret next_generation(const traffic_secret& secret, aead_algorithm aead, key_labels labels);

}  // namespace quasio::crypto
