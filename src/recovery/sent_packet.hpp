#pragma once

#include <concepts>
#include <cstdint>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"

namespace quasio::recovery {

enum class packet_state : std::uint8_t {
  outstanding,  ///< Sent, and nothing is known of it.
  acked,
  lost,
  skipped,  ///< A number that was left out on purpose: no packet.
};

/// What delivery_rate knew when it saw a packet leave ("Per-packet (P) state" of draft-ietf-ccwg-bbr).
struct delivery_snapshot {
  std::uint64_t delivered = 0;
  time_point delivered_time{};
  time_point first_sent_time{};
  std::uint32_t lost = 0;  ///< Modulo 2^32: only differences over a round trip are looked at.
  std::uint32_t tx_in_flight : 31 = 0;
  std::uint32_t app_limited : 1 = 0;
};

/// The record that RFC 9002, appendix A.1.1 asks for.
struct sent_packet_info {
  std::uint64_t packet_number = 0;
  time_point time_sent{};
  std::uint32_t bytes = 0;  ///< The QUIC packet: header and authentication tag included, UDP and IP not.
  std::uint16_t path = 0;   ///< The caller's small number of the path it was sent on.
  ecn_codepoint ecn = ecn_codepoint::not_ect;
  bool ack_eliciting = false;
  bool in_flight = false;  ///< Ack-eliciting, or with PADDING: counts as bytes in flight.
  bool mtu_probe = false;  ///< Its loss says something about its size, and nothing about congestion.
  delivery_snapshot delivery{};
};

/// What a packet carried, kept to act upon its acknowledgment or loss. clear() must keep the capacity: packets that
/// come later get the same object again.
template <class Content>
concept packet_content =
    std::default_initializable<Content> && std::movable<Content> && requires(Content content) { content.clear(); };

template <packet_content Content>
struct sent_packet : sent_packet_info {
  packet_state state = packet_state::outstanding;
  Content content;
};

}  // namespace quasio::recovery
