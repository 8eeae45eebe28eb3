#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quasio/quic/observer.hpp"
#include "quic/duel.hpp"

namespace quasio::test {

/// Notes all that it is told.
class diary final : public quic::connection_observer {
public:
  void on_started(const quic::observed_start& start, time_point) override { started.push_back(start); }
  void on_local_parameters(const transport_parameters& own, time_point) override { local = own; }
  void on_peer_parameters(const transport_parameters& theirs, time_point) override { remote = theirs; }
  void on_packet_sent(const quic::observed_packet& packet, time_point) override { note(sent, sent_bytes, packet); }
  void on_packet_received(const quic::observed_packet& packet, time_point) override {
    note(received, received_bytes, packet);
  }
  void on_packet_dropped(const quic::observed_drop& drop, time_point) override { drops.push_back(drop); }
  void on_packet_lost(const quic::observed_loss& loss, time_point) override { losses.push_back(loss); }
  void on_recovery(const quic::observed_recovery& recovery, time_point) override { recoveries.push_back(recovery); }
  void on_congestion_state(const quic::observed_congestion_state& state, time_point) override {
    congestion_states.emplace_back(state.now);
  }
  void on_key(const quic::observed_key& key, time_point) override { keys.push_back(key); }
  void on_progress(quic::connection_progress step, time_point) override { progress.push_back(step); }
  void on_stream_data(const quic::observed_stream_data& moved, time_point) override { stream_data.push_back(moved); }
  void on_alpn(std::string_view name, time_point) override { alpn = name; }
  void on_closed(const quic::close_reason& reason, time_point) override { closed.push_back(reason); }

  void on_remembered_parameters(const transport_parameters& theirs, time_point) override { remembered = theirs; }
  void on_versions(const quic::observed_versions& versions, time_point) override {
    if (versions.chosen) chosen_versions.push_back(*versions.chosen);
    if (!versions.of_server.empty()) server_versions.assign(versions.of_server.begin(), versions.of_server.end());
  }
  void on_own_alpn(std::span<const std::string> names, time_point) override {
    own_alpn.assign(names.begin(), names.end());
  }
  void on_handshake(const quic::observed_handshake& done, time_point) override {
    cipher = done.cipher;
    resumed = done.resumed;
  }
  void on_early_data(quic::early_data_status status, time_point) override { early_data.push_back(status); }
  void on_session(bool allows_early_data, time_point) override { sessions.push_back(allows_early_data); }
  void on_token(std::size_t size, time_point) override { tokens.push_back(size); }
  void on_packet_buffered(const quic::observed_wait& waits, time_point) override { waiting.push_back(waits.kind); }
  void on_packets_acked(const quic::observed_acks& acks, time_point) override {
    if (acks.space == quic::packet_kind::one_rtt) acked.insert(acked.end(), acks.numbers.begin(), acks.numbers.end());
  }
  void on_datagrams_sent(const quic::observed_datagrams& out, time_point) override {
    datagrams_sent += (out.size + out.segment_size - 1) / out.segment_size;
  }
  void on_datagram_received(const quic::observed_datagrams&, time_point) override { ++datagrams_received; }
  void on_path(const quic::observed_path& path, time_point) override { paths.push_back(path); }
  void on_connection_id(const quic::observed_connection_id& changed, time_point) override { ids.push_back(changed); }
  void on_mtu(const quic::observed_mtu& mtu, time_point) override { mtus.push_back(mtu); }
  void on_ecn(const quic::observed_ecn& ecn, time_point) override { ecns.push_back(ecn.now); }
  void on_timer(const quic::observed_timer& timer, time_point) override { timers.push_back(timer); }
  void on_obstacle(quic::send_obstacle before, quic::send_obstacle obstacle, time_point) override {
    EXPECT_EQ(before, obstacles.empty() ? quic::send_obstacle::none : obstacles.back());
    obstacles.push_back(obstacle);
  }
  void on_recovery_parameters(const quic::observed_recovery_parameters& parameters, time_point) override {
    recovery_parameters = parameters;
  }
  void on_stream_state(const quic::observed_stream_state& changed, time_point) override { streams.push_back(changed); }
  void on_datagram_data(const quic::observed_datagram_data& moved, time_point) override {
    datagram_data.push_back(moved);
  }
  void on_datagrams_dropped(const quic::observed_datagram_drops& dropped, time_point) override {
    datagram_drops.push_back(dropped);
  }

  std::vector<quic::path_event> events_of(std::uint16_t path) const {
    std::vector<quic::path_event> found;
    for (const auto& each : paths) {
      if (each.id == path) found.push_back(each.what);
    }
    return found;
  }

  std::size_t count(const std::vector<quic::observed_key>& told, quic::key_event what) const {
    return static_cast<std::size_t>(std::ranges::count(told, what, &quic::observed_key::what));
  }

  struct note_of_packet {
    quic::packet_kind kind;
    std::uint64_t number;
    bytes frames;
    bool mtu_probe = false;
    bool timeout_probe = false;
    bool had_waited = false;
  };
  std::vector<quic::observed_start> started;
  std::optional<transport_parameters> local;
  std::optional<transport_parameters> remote;
  std::vector<note_of_packet> sent;
  std::vector<note_of_packet> received;
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::vector<quic::observed_drop> drops;
  std::vector<quic::observed_loss> losses;
  std::vector<quic::observed_recovery> recoveries;
  std::vector<std::string> congestion_states;
  std::vector<quic::observed_key> keys;
  std::vector<quic::connection_progress> progress;
  std::vector<quic::observed_stream_data> stream_data;
  std::string alpn;
  std::vector<quic::close_reason> closed;
  std::optional<transport_parameters> remembered;
  std::vector<quic_version> chosen_versions;
  std::vector<quic_version> server_versions;
  std::vector<std::string> own_alpn;
  std::string cipher;
  bool resumed = false;
  std::vector<quic::early_data_status> early_data;
  std::vector<bool> sessions;
  std::vector<std::size_t> tokens;
  std::vector<quic::packet_kind> waiting;
  std::vector<std::uint64_t> acked;
  std::size_t datagrams_sent = 0;
  std::size_t datagrams_received = 0;
  std::vector<quic::observed_path> paths;
  std::vector<quic::observed_connection_id> ids;
  std::vector<quic::observed_mtu> mtus;
  std::vector<quic::ecn_state> ecns;
  std::vector<quic::observed_timer> timers;
  std::vector<quic::send_obstacle> obstacles;
  std::optional<quic::observed_recovery_parameters> recovery_parameters;
  std::vector<quic::observed_stream_state> streams;
  std::vector<quic::observed_datagram_data> datagram_data;
  std::vector<quic::observed_datagram_drops> datagram_drops;

private:
  static void note(std::vector<note_of_packet>& into, std::size_t& total, const quic::observed_packet& packet) {
    into.push_back({packet.kind,
                    packet.number,
                    {packet.frames.begin(), packet.frames.end()},
                    packet.mtu_probe,
                    packet.timeout_probe,
                    packet.had_waited});
    total += packet.size;
  }
};

inline duel_options watched_by(const std::shared_ptr<diary>& observer, duel_options options = {}) {
  options.observe = [observer](const quic::observed_start&) { return observer; };
  return options;
}

}  // namespace quasio::test
