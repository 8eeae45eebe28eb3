#pragma once

#include <optional>

#include "quic/connection_state.hpp"
#include "wire/ack_frame.hpp"

namespace quasio::quic {

/// What follows from acknowledgments and their absence (RFC 9002): the parts learn the fate of their frames, the paths
/// that of their bytes.
class loss_recovery {
public:
  explicit loss_recovery(connection_state& state) noexcept : state_(state) {}

  transport_result<void> on_ack(packet_space& space, const wire::ack_frame& ack);

  /// The one timer of all spaces: the time threshold or a probe timeout.
  std::optional<recovery::loss_timer> timer() const;
  std::optional<time_point> deadline() const;
  void on_timeout();

  /// The keys of the space are gone (RFC 9002, section 6.4; RFC 9001, section 4.9).
  void discard(space_id id);

  /// See connection::on_datagram_too_large().
  void on_refused_by_host(const network_path& address, std::size_t size);

  /// A Retry came: all that was sent is to be sent again, and does not count as lost (RFC 9002, section 6.3).
  void on_retry();

  /// A client's 0-RTT packets were in vain: rejected, or dropped by a server that sent a Retry. What they carried
  /// counts as lost, but they say nothing about the path.
  void forget_early_packets();

private:
  using sent_packet = recovery::sent_packet<sent_frames>;

  void request_acknowledgments();
  transport_result<void> check_ranges(const packet_space& space, const wire::ack_frame& ack) const;
  void update_rtt(const packet_space& space, const recovery::ack_summary& summary, std::uint64_t raw_delay);
  void detect_losses(packet_space& space);
  void on_frames_acked(packet_space& space, const sent_frames& frames);
  void on_frames_lost(packet_space& space, const sent_frames& frames);
  static void remove_from_flight(path& sent_on, const recovery::sent_packet_info& packet);
  /// Nothing will be heard of the packet any more, and that means nothing.
  void on_mtu_probe_lost(const recovery::sent_packet_info& probe);
  void forget(const recovery::sent_packet_info& packet);
  void tell_of(const packet_space& space, const recovery::sent_packet_info& lost) const;
  path* path_of_mark(const recovery::sent_packet_info& packet) noexcept;
  void tell_lost_datagrams(const sent_frames& frames);
  void send_probes(packet_space& space);
  void add_probes(packet_space& space, unsigned count);

  connection_state& state_;
};

}  // namespace quasio::quic
