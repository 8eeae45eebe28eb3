#pragma once

#include "quic/connection_state.hpp"
#include "quic/loss_recovery.hpp"
#include "quic/migration.hpp"
#include "wire/frame.hpp"
#include "wire/packet_type.hpp"

namespace quasio::quic {

/// What the frames of one packet amount to.
struct packet_summary {
  bool ack_eliciting = false;
  bool carries_crypto = false;
  bool wants_prompt_ack = false;  ///< IMMEDIATE_ACK.
  bool probing_only = true;       ///< Leaves the peer on the path it is on (RFC 9000, section 9.1).
};

/// Takes the frames of one authenticated packet and hands each to the part that it concerns.
class frame_receiver {
public:
  frame_receiver(connection_state& state, loss_recovery& recovery, migration& moves) noexcept
      : state_(state), recovery_(recovery), moves_(moves) {}

  /// An error is the peer's: the connection must end with it.
  transport_result<packet_summary> receive(packet_space& space, wire::packet_type type, byte_view payload, path& from,
                                           const connection_id& destination);

private:
  struct context {
    packet_space& space;
    path& from;
    const connection_id& destination;
    std::size_t frame_size;  // With its type and length, as it was on the wire.
  };

  transport_result<void> receive(const wire::frame& frame, const context& packet);
  void receive(const wire::connection_close_frame& frame);
  transport_result<void> receive(const wire::ack_frequency_frame& frame, packet_space& space);
  bool takes_ack_requests() const noexcept;
  transport_result<void> on_handshake_done();

  connection_state& state_;
  loss_recovery& recovery_;
  migration& moves_;
};

}  // namespace quasio::quic
