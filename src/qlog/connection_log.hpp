#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "qlog/record_writer.hpp"

namespace quasio::qlog {

/// Writes what it is told in the words of draft-ietf-quic-qlog-quic-events. Its functions stand in files after the
/// sections of the draft.
class connection_log final : public quic::connection_observer {
public:
  connection_log(std::unique_ptr<sink> records, log_options options)
      : records_(std::move(records), std::move(options)) {}

  // Connectivity (connectivity_events.cpp).
  void on_started(const quic::observed_start& start, time_point now) override;
  void on_progress(quic::connection_progress step, time_point now) override;
  void on_closed(const quic::close_reason& reason, time_point now) override;
  void on_path(const quic::observed_path& path, time_point now) override;
  void on_connection_id(const quic::observed_connection_id& changed, time_point now) override;
  void on_mtu(const quic::observed_mtu& mtu, time_point now) override;

  // Parameters, versions, keys (handshake_events.cpp).
  void on_local_parameters(const transport_parameters& own, time_point now) override;
  void on_peer_parameters(const transport_parameters& theirs, time_point now) override;
  void on_remembered_parameters(const transport_parameters& theirs, time_point now) override;
  void on_versions(const quic::observed_versions& versions, time_point now) override;
  void on_own_alpn(std::span<const std::string> names, time_point now) override;
  void on_alpn(std::string_view name, time_point now) override;
  void on_handshake(const quic::observed_handshake& done, time_point now) override;
  void on_early_data(quic::early_data_status status, time_point now) override;
  void on_session(bool allows_early_data, time_point now) override;
  void on_key(const quic::observed_key& key, time_point now) override;

  // Packets and data (transport_events.cpp).
  void on_packet_sent(const quic::observed_packet& packet, time_point now) override;
  void on_packet_received(const quic::observed_packet& packet, time_point now) override;
  void on_packet_buffered(const quic::observed_wait& waits, time_point now) override;
  void on_packet_dropped(const quic::observed_drop& drop, time_point now) override;
  void on_packets_acked(const quic::observed_acks& acks, time_point now) override;
  void on_datagrams_sent(const quic::observed_datagrams& sent, time_point now) override;
  void on_datagram_received(const quic::observed_datagrams& received, time_point now) override;
  void on_stream_data(const quic::observed_stream_data& moved, time_point now) override;
  void on_stream_state(const quic::observed_stream_state& changed, time_point now) override;
  void on_datagram_data(const quic::observed_datagram_data& moved, time_point now) override;
  void on_datagrams_dropped(const quic::observed_datagram_drops& dropped, time_point now) override;
  void on_obstacle(quic::send_obstacle before, quic::send_obstacle obstacle, time_point now) override;
  void on_timer(const quic::observed_timer& timer, time_point now) override;

  // Recovery (recovery_events.cpp).
  void on_recovery_parameters(const quic::observed_recovery_parameters& parameters, time_point now) override;
  void on_recovery(const quic::observed_recovery& recovery, time_point now) override;
  void on_congestion_state(const quic::observed_congestion_state& state, time_point now) override;
  void on_packet_lost(const quic::observed_loss& loss, time_point now) override;
  void on_ecn(const quic::observed_ecn& ecn, time_point now) override;

private:
  bool wants(importance event) const noexcept { return records_.wants(event); }
  void write_parameters_set(std::string_view initiator, const transport_parameters& parameters, time_point now);
  void write_packet(std::string_view name, const quic::observed_packet& packet, std::uint64_t ack_delay_exponent,
                    time_point now);
  void write_datagrams(std::string_view name, const quic::observed_datagrams& datagrams,
                       std::optional<ecn_codepoint>& mark_before, time_point now);
  void write_stream_state(const quic::observed_stream_state& changed, bool sending, time_point now);
  void write_key(std::string_view type, const quic::observed_key& key, time_point now);

  record_writer records_;
  std::uint64_t own_exponent_ = 3;
  std::uint64_t peer_exponent_ = 3;
  quic::observed_recovery told_;
  std::string_view state_;  // Of the connection, as told last.
  endpoint_role role_ = endpoint_role::client;
  std::optional<ecn_codepoint> mark_sent_;
  std::optional<ecn_codepoint> mark_received_;
};

}  // namespace quasio::qlog
