#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quasio/base/time.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/quic/observed.hpp"
#include "quasio/wire/transport_parameters.hpp"

namespace quasio::quic {

/// Is told what a connection does, as it happens: for logs (qlog::connection_log is one), metrics and tests. What it
/// does not override costs one virtual call; a connection without an observer pays nothing.
///
/// What happens to a packet is told at once; what is a state rather than an event (MTU, ECN, timers, streams, early
/// data) at the end of the call of the connection that changed it, or of the next.
///
/// Called from within the connection's own functions, on the thread that runs it. It must neither block nor throw, nor
/// call the connection. Views are valid during the call only. An observer that is shared by connections of several
/// threads must be safe for that.
class connection_observer {
public:
  virtual ~connection_observer() = default;

  virtual void on_started(const observed_start&, time_point) {}

  /// Our transport parameters, and later the peer's.
  virtual void on_local_parameters(const transport_parameters&, time_point) {}
  virtual void on_peer_parameters(const transport_parameters&, time_point) {}

  /// A client's: the server's parameters of the last time, by which early data goes (RFC 9000, section 7.4.1).
  virtual void on_remembered_parameters(const transport_parameters&, time_point) {}

  /// At the start our own versions and the one of the first flight; later, what has become known or was changed.
  virtual void on_versions(const observed_versions&, time_point) {}

  /// The application protocols that this end offers or takes.
  virtual void on_own_alpn(std::span<const std::string>, time_point) {}

  /// The handshake is complete on this side.
  virtual void on_handshake(const observed_handshake&, time_point) {}

  /// Early data was offered, accepted or rejected. Of a server, which learns of the offer as it decides, only the
  /// latter two.
  virtual void on_early_data(early_data_status, time_point) {}

  /// A client's: a ticket for resumption came, or a token of so many bytes for another connection.
  virtual void on_session(bool allows_early_data, time_point) { static_cast<void>(allows_early_data); }
  virtual void on_token(std::size_t size, time_point) { static_cast<void>(size); }

  virtual void on_packet_sent(const observed_packet&, time_point) {}

  /// Of packets without protection those that were found to be meant for this connection: Retry, Version Negotiation,
  /// Stateless Reset.
  virtual void on_packet_received(const observed_packet&, time_point) {}
  virtual void on_packet_buffered(const observed_wait&, time_point) {}
  virtual void on_packet_dropped(const observed_drop&, time_point) {}
  virtual void on_packets_acked(const observed_acks&, time_point) {}
  virtual void on_packet_lost(const observed_loss&, time_point) {}

  virtual void on_datagrams_sent(const observed_datagrams&, time_point) {}
  virtual void on_datagram_received(const observed_datagrams&, time_point) {}

  virtual void on_path(const observed_path&, time_point) {}
  virtual void on_connection_id(const observed_connection_id&, time_point) {}
  virtual void on_mtu(const observed_mtu&, time_point) {}
  virtual void on_ecn(const observed_ecn&, time_point) {}
  virtual void on_timer(const observed_timer&, time_point) {}

  /// What keeps data from being sent is another thing than before; `none` when data was sent again.
  virtual void on_obstacle(send_obstacle before, send_obstacle obstacle, time_point) {
    static_cast<void>(before), static_cast<void>(obstacle);
  }

  virtual void on_recovery_parameters(const observed_recovery_parameters&, time_point) {}
  virtual void on_recovery(const observed_recovery&, time_point) {}
  virtual void on_congestion_state(const observed_congestion_state&, time_point) {}
  virtual void on_key(const observed_key&, time_point) {}
  /// The connection has come further on its way.
  virtual void on_progress(connection_progress, time_point) {}
  virtual void on_stream_data(const observed_stream_data&, time_point) {}
  virtual void on_stream_state(const observed_stream_state&, time_point) {}
  virtual void on_datagram_data(const observed_datagram_data&, time_point) {}
  virtual void on_datagrams_dropped(const observed_datagram_drops&, time_point) {}
  /// The application protocol has been chosen.
  virtual void on_alpn(std::string_view, time_point) {}

  /// The connection has ended for the application; `closing`, `draining` or `closed` follows.
  virtual void on_closed(const close_reason&, time_point) {}
};

/// Makes the observer of a connection that is about to begin; null for none. Called on the thread that begins it.
using observer_factory = std::function<std::shared_ptr<connection_observer>(const observed_start&)>;

}  // namespace quasio::quic
