#pragma once

#include <algorithm>
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

/// The keys that open 1-RTT packets, over all key updates (RFC 9001, section 6). The next generation is at hand before
/// it can be needed, and every packet costs one opening, so that time does not tell the key phase (section 9.5).
class application_read_keys {
public:
  application_read_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                        crypto::key_labels labels);

  crypto::header_key& header() noexcept { return header_; }
  crypto::aead_algorithm algorithm() const noexcept { return algorithm_; }

  enum class outcome : std::uint8_t {
    opened,
    opened_with_next_keys,      ///< The peer has updated: call advance().
    opened_with_keys_given_up,  ///< Old keys, although newer ones had sealed a lower number (section 6.4).
    failed,
  };

  /// Opens a packet in place.
  outcome open(std::uint64_t packet_number, bool key_phase, byte_view header, byte_span payload);

  /// The next generation becomes the current one from `packet_number` on. The old one is kept for packets that were
  /// reordered, until drop_previous(). Call prepare_next() soon, but not while packets are being opened.
  void advance(std::uint64_t packet_number);

  /// Derives the generation after the current one, if that has not been done (section 6.3).
  void prepare_next();

  /// How often advance() was called, and how often it had been when the keys of the last packet came into use.
  std::uint64_t generation() const noexcept { return generation_; }
  std::uint64_t opened_generation() const noexcept { return opened_generation_; }

  /// The lowest packet number of the current key phase that was seen.
  std::uint64_t lowest() const noexcept { return lowest_; }

  void drop_previous() noexcept { previous_.reset(); }

  bool key_phase() const noexcept { return key_phase_; }

private:
  outcome open_with_current(std::uint64_t packet_number, byte_view header, byte_span payload);
  outcome open_with_previous(std::uint64_t packet_number, byte_view header, byte_span payload);

  crypto::aead_algorithm algorithm_;
  crypto::key_labels labels_;
  crypto::header_key header_;
  std::optional<crypto::packet_key> previous_;
  crypto::packet_key current_;
  crypto::traffic_secret next_secret_;
  std::optional<crypto::packet_key> next_;
  std::uint64_t lowest_ = 0;  // Of the packets opened with the current keys; 0 where there was no update yet.
  std::optional<std::uint64_t> highest_;
  std::uint64_t generation_ = 0;
  std::uint64_t opened_generation_ = 0;
  bool key_phase_ = false;
};

/// The keys that seal 1-RTT packets.
class application_write_keys {
public:
  application_write_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                         crypto::key_labels labels);

  crypto::header_key& header() noexcept { return header_; }
  bool key_phase() const noexcept { return key_phase_; }

  /// How often advance() was called.
  std::uint64_t generation() const noexcept { return generation_; }

  void seal(std::uint64_t packet_number, byte_view header, byte_span payload) {
    if (sealed_ == 0) first_packet_ = packet_number;
    ++sealed_;
    packet_.seal(packet_number, header, payload);
  }

  /// So many packets were sealed with these keys that new ones are due: `at_most`, or half of what section 6.6 allows.
  bool wear_out(std::uint64_t at_most = 0) const noexcept {
    const std::uint64_t half = crypto::confidentiality_limit(packet_.algorithm()) / 2;
    return sealed_ >= (at_most == 0 ? half : std::min(at_most, half));
  }

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
  std::uint64_t generation_ = 0;
  bool key_phase_ = false;
};

}  // namespace quasio::quic
