#pragma once

#include <cstdint>

#include "crypto/encryption_level.hpp"
#include "quasio/quic/settings.hpp"
#include "quic/ack_tracker.hpp"
#include "quic/crypto_stream.hpp"
#include "quic/ecn_validation.hpp"
#include "quic/sent_frame.hpp"
#include "recovery/loss_detection.hpp"
#include "recovery/probe_timeout.hpp"
#include "recovery/sent_packets.hpp"

namespace quasio::quic {

using space_id = recovery::packet_number_space;

/// Everything that is counted apart in one packet number space (RFC 9000, section 12.3).
struct packet_space {
  packet_space(space_id which, const settings& settings)
      : id(which),
        acks(settings.max_ack_ranges,
             which == space_id::application_data ? duration(settings.max_ack_delay) : duration::zero(),
             settings.acknowledgments),
        loss(settings.loss_detection),
        crypto(settings.crypto_buffer_size) {}

  bool is_application() const noexcept { return id == space_id::application_data; }

  space_id id;
  ack_tracker acks;
  recovery::sent_packets<sent_frames> sent;
  recovery::loss_detection loss;
  crypto_stream crypto;
  ecn_ledger ecn;

  /// Ack-eliciting packets to send whatever the congestion window says (RFC 9002, section 6.2.4).
  unsigned probes = 0;

  /// Packets in a row that carried nothing but acknowledgments.
  std::uint32_t ack_only_packets = 0;

  /// The keys are gone: nothing is sent or taken any more (RFC 9001, section 4.9).
  bool discarded = false;
};

constexpr std::size_t index_of(space_id id) noexcept { return static_cast<std::size_t>(id); }

constexpr space_id space_of(crypto::encryption_level level) noexcept {
  switch (level) {
    case crypto::encryption_level::initial:
      return space_id::initial;
    case crypto::encryption_level::handshake:
      return space_id::handshake;
    default:
      return space_id::application_data;
  }
}

constexpr crypto::encryption_level level_of(space_id id) noexcept {
  switch (id) {
    case space_id::initial:
      return crypto::encryption_level::initial;
    case space_id::handshake:
      return crypto::encryption_level::handshake;
    default:
      return crypto::encryption_level::application;
  }
}

}  // namespace quasio::quic
