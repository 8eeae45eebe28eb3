#pragma once

#include <optional>

#include "quasio/quic/connection.hpp"
#include "quic/connection_state.hpp"
#include "quic/loss_recovery.hpp"
#include "quic/packet_builder.hpp"

namespace quasio::quic {

/// The outbound walk: decides what is to be sent and may be sent now, and fills datagrams with packets, and packets
/// with frames.
class transmitter {
public:
  transmitter(connection_state& state, loss_recovery& recovery) noexcept : state_(state), recovery_(recovery) {}

  std::optional<transmission> transmit(byte_span buffer, std::size_t max_segments);

private:
  /// What one datagram may carry.
  struct permission {
    path& on;
    bool may_elicit;       ///< Congestion control and pacing let data through.
    bool only_validation;  ///< The amplification limit leaves no room for a whole datagram.
  };

  std::size_t write_datagram(byte_span room, path& on);
  permission ask_permission(path& on, std::size_t size);
  void let_handshake_pass();
  bool wants_packet(const packet_space& space, const permission& allowed) const;
  static bool may_validate(const packet_space& space, const permission& allowed);
  bool has_data(const packet_space& space, const path& on) const;
  bool has_write_keys(const packet_space& space) const;

  bool write_frames(packet_builder& packet, const permission& allowed, bool last_in_datagram);
  /// What elicits an acknowledgment: says whether it wrote any.
  bool write_content(packet_builder& packet, const permission& allowed, bool last_in_datagram);
  bool ask_for_acknowledgment(packet_builder& packet, const permission& allowed);
  void write_application_frames(packet_builder& packet, bool last_in_datagram);
  void write_ack(packet_builder& packet);

  std::size_t finish(packet_builder& packet, path& on, bool ack_eliciting, bool mtu_probe = false);

  /// Applies the limits on the size of datagrams, and tells of changes.
  void settle_datagram_size(path& on, std::size_t buffer_size);
  std::optional<transmission> transmit_mtu_probe(path& on, byte_span buffer);
  bool may_probe_mtu(const path& on) const noexcept;

  std::optional<transmission> transmit_path_frames(path& on, byte_span buffer);
  std::optional<transmission> transmit_close(byte_span buffer);
  void write_close(packet_builder& packet) const;

  void note_content(const sent_frames& content, path& on);
  void note_amplification_limit(const path& on);
  void tell_of(packet_builder& packet, const path& on, bool ack_eliciting, bool mtu_probe);
  void account(path& on, std::size_t size);

  connection_state& state_;
  loss_recovery& recovery_;
  std::size_t room_for_mtu_probe_ = 0;           ///< Kept free in the window for a probe that waits.
  ecn_codepoint mark_ = ecn_codepoint::not_ect;  ///< Of the datagrams that are being written.
  std::uint64_t stream_bytes_resent_ = 0;        // When the last packet left.
  bool amplification_limited_ = false;
};

}  // namespace quasio::quic
