#pragma once

#include "quic/connection_state.hpp"
#include "quic/first_flight.hpp"
#include "quic/frame_receiver.hpp"
#include "quic/loss_recovery.hpp"
#include "quic/migration.hpp"
#include "wire/packet_header.hpp"

namespace quasio::quic {

/// The inbound walk: a datagram is split into packets, each is opened, and its frames go to the parts.
class packet_receiver {
public:
  packet_receiver(connection_state& state, loss_recovery& recovery, migration& moves) noexcept
      : state_(state), recovery_(recovery), moves_(moves), frames_(state, recovery, moves), answers_(state, recovery) {}

  void receive(byte_span datagram, const network_path& from, ecn_codepoint ecn);

  /// TLS has gone on though nothing was received.
  void on_handshake_went_on();

private:
  /// One datagram's circumstances, which its packets share.
  struct arrival_info {
    const network_path& from;
    ecn_codepoint ecn;
    std::size_t datagram_size;
    bool had_waited = false;  ///< For its keys.
  };

  struct opened_packet {
    std::uint64_t number;
    std::size_t size;  ///< Of the whole packet.
    bool key_phase = false;
    byte_view payload;
    application_read_keys::outcome keys = application_read_keys::outcome::opened;
  };

  void tell_of_datagram(std::size_t size, const network_path& from, ecn_codepoint ecn) const;
  void tell_of(const wire::packet_header& header, const opened_packet& packet, const path& from, bool newest,
               bool had_waited);
  void receive_packet(byte_span packet, const wire::packet_header& header, const arrival_info& arrival);
  bool learn_peer_id(const wire::packet_header& header);

  std::optional<opened_packet> open(byte_span packet, const wire::packet_header& header, packet_space& space);
  std::optional<opened_packet> open_one_rtt(byte_span packet, std::uint64_t number, std::size_t header_size);
  void process(packet_space& space, const wire::packet_header& header, const opened_packet& packet,
               const arrival_info& arrival);

  direction_keys& initial_keys(quic_version version);
  direction_keys& long_header_keys(const wire::packet_header& header);
  bool can_open(wire::packet_type type) const noexcept;
  void learn_version(quic_version version);

  /// RFC 9287, section 3: who has said so takes packets whatever their QUIC bit.
  wire::fixed_bit_rule quic_bit_rule() const noexcept {
    return state_.config.grease_quic_bit ? wire::fixed_bit_rule::may_be_greased : wire::fixed_bit_rule::must_be_set;
  }

  std::optional<drop_cause> objection(const wire::packet_header& header, std::size_t datagram_size) const;
  void wait_for_keys(byte_view packet, wire::packet_type type, const arrival_info& arrival);
  void receive_waiting();
  void on_unopened(byte_view packet, wire::packet_type type, bool had_keys);
  bool ends_by_stateless_reset(byte_view datagram);
  transport_result<void> follow_keys(const opened_packet& packet);
  void advance_handshake();
  transport_result<void> check_peer_parameters(const transport_parameters& peer) const;
  transport_result<void> take_preferred_id(const transport_parameters& peer);
  void tell_of_handshake();
  void complete_handshake();

  connection_state& state_;
  loss_recovery& recovery_;
  migration& moves_;
  frame_receiver frames_;
  first_flight answers_;
};

}  // namespace quasio::quic
