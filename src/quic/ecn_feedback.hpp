#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quic/connection_state.hpp"
#include "recovery/sent_packet.hpp"
#include "wire/ack_frame.hpp"

namespace quasio::quic {

/// What one ACK frame says about marks: it gathers the marked packets that the frame newly acknowledges, and then
/// holds the peer's counts against them (RFC 9000, section 13.4.2.1).
class ecn_feedback {
public:
  /// Make it before the frame is acted upon, as it compares with what was acknowledged before.
  ecn_feedback(connection_state& state, packet_space& space, const wire::ack_frame& ack) noexcept;

  void on_acked(const recovery::sent_packet_info& packet) noexcept;

  /// After the round-trip time was updated, before losses are detected (RFC 9002, appendix A.7). `newest` is the newly
  /// acknowledged packet with the largest number.
  void conclude(const recovery::sent_packet_info& newest);

private:
  struct share {
    std::uint16_t path = 0;
    std::uint64_t packets = 0;
  };

  std::uint64_t expected_marks() const noexcept;
  void fail_paths(const recovery::sent_packet_info& newest) noexcept;
  void report_congestion(const recovery::sent_packet_info& newest, std::uint64_t marks);

  connection_state& state_;
  packet_space& space_;
  const wire::ack_frame& ack_;
  bool raises_largest_;
  std::array<share, 4> shares_{};
  std::size_t count_ = 0;
};

}  // namespace quasio::quic
