#pragma once

#include "quasio/quic/connection.hpp"
#include "quic/connection_state.hpp"
#include "quic/loss_recovery.hpp"
#include "quic/migration.hpp"
#include "quic/packet_receiver.hpp"
#include "quic/transmitter.hpp"

namespace quasio::quic {

/// What stands behind the façade: the state, and those who move it.
class connection::parts {
public:
  parts(const connection_origin& origin, random_source& random)
      : state(origin, random),
        recovery(state),
        moves(state),
        receiver(state, recovery, moves),
        sender(state, recovery) {}

  static transport_result<std::unique_ptr<parts>> connect(client_options options, random_source& random,
                                                          time_point now);

  /// A server's end of a connection whose client's first packet was found acceptable.
  static transport_result<std::unique_ptr<parts>> accept(const crypto::tls_context& tls,
                                                         const std::vector<std::string>& alpn,
                                                         const early_data_options& early_data,
                                                         const connection_origin& origin, bool address_validated,
                                                         random_source& random, bool ask_about_client_hello);

  /// One datagram, and what follows from it for the connection as a whole.
  void receive(byte_span datagram, const network_path& from, ecn_codepoint ecn);

  bool may_use_streams() const noexcept { return state.streams_usable && state.end.is_open(); }
  bool is_established() const noexcept { return state.handshake_complete && state.end.is_open(); }

  /// As is_established(), unless a graceful close wants nothing new.
  bool takes_data() const noexcept { return may_use_streams() && !state.leaving.is_under_way(); }

  void answer_client_hello(crypto::client_hello_answer answer);

  void close(std::uint64_t application_code, std::string_view reason);
  void close_gracefully(std::uint64_t application_code, std::string_view reason, time_point deadline);

  bool is_everything_delivered() const noexcept;
  /// What a graceful close waits for may have come.
  void leave_when_delivered();

  std::optional<time_point> next_deadline() const;
  void on_timeout();

  void tell_of_stream_data(const observed_stream_data& moved) const {
    if (state.watched) state.watched->on_stream_data(moved, state.now);
  }
  void tell_of_stream(const observed_stream_state& changed) const {
    if (state.watched) state.watched->on_stream_state(changed, state.now);
  }
  void tell_of_datagram(std::size_t size, data_movement movement) const {
    if (state.watched) state.watched->on_datagram_data({size, movement}, state.now);
  }
  void tell_of_transmission(const transmission& sent);

  /// What is told at the end of a call rather than when it happens.
  void tell_of_changes() {
    if (state.watched) tell_observer_of_changes();
  }

  void note_flight() noexcept { state.in_flight.note(state.paths.active().flight.bytes() > 0, state.now); }

  handshake_summary handshake() const;
  quasio::quic::statistics statistics() const;

  connection_state state;
  loss_recovery recovery;
  migration moves;
  packet_receiver receiver;
  transmitter sender;

private:
  /// What a client's first flight is made from.
  struct client_identity {
    crypto::tls_context tls;
    std::string server_name;
    std::vector<std::string> alpn;
    std::optional<saved_session> session;
    bool early_data = false;
  };

  transport_result<void> start_client();
  const saved_session* usable_session() const;
  void begin_again();

  transport_parameters own_parameters();
  transport_parameters declared_parameters();
  std::optional<time_point> handshake_deadline() const;
  std::optional<time_point> acknowledgment_deadline() const;
  void end_silently(close_cause cause);
  void end_idle();
  keep_alive::situation life_signs() const;
  std::optional<time_point> keep_alive_deadline() const;
  void break_silence();
  std::optional<time_point> spare_memory_deadline() const;
  void release_spare_memory();
  void end_without_path();

  void tell_of_birth(const std::vector<std::string>& alpn);
  void tell_observer_of_changes();
  void tell_of_events();
  void tell_of_paths();
  void tell_of_version();
  void tell_of_early_data();
  void tell_of_dropped_datagrams();
  void tell_of_expired_timers();
  void tell_of_timers();
  void tell_of_timer(timer_kind kind, std::optional<time_point> deadline,
                     std::optional<packet_kind> space = std::nullopt);

  std::optional<client_identity> identity_;  // Until a server has answered.
};

}  // namespace quasio::quic
