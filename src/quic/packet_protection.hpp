#pragma once

#include <cstdint>
#include <optional>

#include "crypto/aead.hpp"
#include "crypto/header_protection.hpp"
#include "crypto/key_schedule.hpp"
#include "quasio/base/time.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

constexpr crypto::key_labels labels_of(quic_version version) noexcept {
  return version == quic_version::v2 ? crypto::key_labels::v2 : crypto::key_labels::v1;
}

/// The keys of one direction at a level whose keys never change: Initial, 0-RTT and Handshake packets.
struct direction_keys {
  crypto::packet_key packet;
  crypto::header_key header;

  static direction_keys derive(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                               crypto::key_labels labels) {
    return {crypto::make_packet_key(secret, algorithm, labels), crypto::make_header_key(secret, algorithm, labels)};
  }
};

/// The keys that open 1-RTT packets, over all key updates (RFC 9001, section 6). The next generation is always at hand,
/// so that a packet with the other key phase costs no more time than any (section 9.5).
class application_read_keys {
public:
  application_read_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                        crypto::key_labels labels);

  crypto::header_key& header() noexcept { return header_; }
  crypto::aead_algorithm algorithm() const noexcept { return algorithm_; }

  enum class outcome : std::uint8_t { opened, opened_with_next_keys, failed };

  /// Opens a packet in place. After opened_with_next_keys the peer has updated: call advance().
  outcome open(std::uint64_t packet_number, bool key_phase, byte_view header, byte_span payload);

  /// The next generation becomes the current one from `packet_number` on. The old one is kept for packets that were
  /// reordered, until drop_previous().
  void advance(std::uint64_t packet_number);

  void drop_previous() noexcept { previous_.reset(); }

  bool key_phase() const noexcept { return key_phase_; }

private:
  crypto::aead_algorithm algorithm_;
  crypto::key_labels labels_;
  crypto::header_key header_;
  std::optional<crypto::packet_key> previous_;
  crypto::packet_key current_;
  crypto::traffic_secret next_secret_;
  crypto::packet_key next_;
  std::uint64_t current_begins_at_ = 0;
  bool key_phase_ = false;
};

/// The keys that seal 1-RTT packets.
class application_write_keys {
public:
  application_write_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                         crypto::key_labels labels);

  crypto::header_key& header() noexcept { return header_; }
  bool key_phase() const noexcept { return key_phase_; }

  void seal(std::uint64_t packet_number, byte_view header, byte_span payload) {
    if (sealed_ == 0) first_packet_ = packet_number;
    ++sealed_;
    packet_.seal(packet_number, header, payload);
  }

  /// So many packets were sealed with these keys that new ones are due (section 6.6).
  bool wear_out() const noexcept { return sealed_ >= crypto::confidentiality_limit(packet_.algorithm()) / 2; }

  /// The keys may seal nothing more but a few packets that say so: the connection must end (section 6.6).
  bool worn_out() const noexcept {
    return sealed_ + closing_reserve >= crypto::confidentiality_limit(packet_.algorithm());
  }

  /// Whether a packet sealed with these keys has been acknowledged: only then may the next update begin (section 6.1).
  bool is_acknowledged(std::uint64_t packet_number) const noexcept {
    return sealed_ > 0 && packet_number >= first_packet_;
  }

  void advance();

private:
  static constexpr std::uint64_t closing_reserve = 1024;

  crypto::aead_algorithm algorithm_;
  crypto::key_labels labels_;
  crypto::header_key header_;
  crypto::packet_key packet_;
  crypto::traffic_secret next_secret_;
  std::uint64_t sealed_ = 0;
  std::uint64_t first_packet_ = 0;
  bool key_phase_ = false;
};

}  // namespace quasio::quic
