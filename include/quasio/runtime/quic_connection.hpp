#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quasio/runtime/connect.hpp"
#include "quasio/runtime/listen.hpp"
#include "quasio/runtime/quic_stream.hpp"

namespace quasio::runtime {

class quic_application;
class quic_connection_state;
class quic_listener_state;

/// Limits of what the runtime keeps for one quic_connection.
struct quic_connection_limits {
  /// Streams opened by the peer that may wait for accept_stream(). Beyond it they are abandoned both ways. The peer
  /// cannot go beyond settings::max_concurrent_*_streams either.
  std::size_t max_waiting_streams = 256;

  /// Calls of async_open_stream() that may wait for the peer to allow more streams.
  std::size_t max_waiting_opens = 1024;

  /// Calls of async_send_datagram(), and of async_receive_datagram(), that may wait.
  std::size_t max_waiting_datagram_operations = 1024;
};

/// A QUIC connection for protocols of one's own: streams that Asio can use. Dropping the object closes the connection
/// with code 0, unless it is closing gracefully.
///
/// Threads: as quic_stream.
class quic_connection {
public:
  using executor_type = asio::any_io_executor;

  quic_connection() noexcept;
  explicit quic_connection(std::shared_ptr<quic_connection_state> state) noexcept;
  quic_connection(quic_connection&&) noexcept;
  quic_connection& operator=(quic_connection&&) noexcept;
  ~quic_connection();

  bool is_open() const noexcept { return state_ != nullptr; }
  executor_type get_executor() const;

  /// What the handshake agreed on, e.g. the application protocol.
  const quic::handshake_summary& handshake() const noexcept;

  /// The path it was established over.
  const network_path& path() const noexcept;

  /// Opens a stream, if need be when the peer allows one more.
  /// @par Completion Signature
  /// void(error_code, quic_stream): error::too_many_waiting; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_open_stream(stream_direction direction, Token&& token = {}) {
    return initiate_operation<quic_stream>(std::forward<Token>(token), get_executor(), cancel_target(),
                                           [state = state_, direction](pending_operation<quic_stream> operation) {
                                             start_open(state, direction, std::move(operation));
                                           });
  }

  /// The next stream that the peer opens. Signature and cancellation as above.
  template <class Token = asio::use_awaitable_t<>>
  auto async_accept_stream(Token&& token = {}) {
    return initiate_operation<quic_stream>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_](pending_operation<quic_stream> operation) { start_accept(state, std::move(operation)); });
  }

  /// Waits for the end of the connection.
  /// @par Completion Signature
  /// void(error_code, connection_end): the code is that of cancellation, or none.
  template <class Token = asio::use_awaitable_t<>>
  auto async_wait_closed(Token&& token = {}) {
    return initiate_operation<connection_end>(std::forward<Token>(token), get_executor(), cancel_target(),
                                              [state = state_](pending_operation<connection_end> operation) {
                                                start_wait_closed(state, std::move(operation));
                                              });
  }

  /// Begins a key update (RFC 9001, section 6).
  /// @par Completion Signature
  /// void(error_code): error::key_update_refused when none is allowed now, which passes; how the connection ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_update_keys(Token&& token = {}) {
    return initiate_operation<>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_](pending_operation<> operation) { start_update_keys(state, std::move(operation)); });
  }

  /// Moves a client's connection to a new socket of this host (RFC 9000, section 9), and waits until the path has
  /// proved to work; streams go on meanwhile. Of `local` the address, the port or both may be left to the system. When
  /// the path does not work, the connection goes back to the one before; with migration_timing::when_validated it has
  /// not left it. Sockets of paths that were left are closed.
  /// @par Completion Signature
  /// void(error_code, network_path): what opening the socket says; quic::path_error; error::path_failed; how the
  /// connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total: the new path is given up.
  template <class Token = asio::use_awaitable_t<>>
  auto async_migrate(const ip_endpoint& local, quic::migration_timing when, Token&& token = {}) {
    return initiate_operation<network_path>(std::forward<Token>(token), get_executor(), cancel_target(),
                                            [state = state_, local, when](pending_operation<network_path> operation) {
                                              start_migrate(state, local, when, std::move(operation));
                                            });
  }

  /// The same, to another address and port of the system's choice: that of the network that is in use now.
  template <class Token = asio::use_awaitable_t<>>
  auto async_rebind(Token&& token = {}) {
    return async_migrate(ip_endpoint{}, quic::migration_timing::at_once, std::forward<Token>(token));
  }

  /// What is known about the connection's paths, the one in use first.
  /// @par Completion Signature
  /// void(error_code, std::vector<quic::path_statistics>): how the connection ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_paths(Token&& token = {}) {
    return initiate_operation<std::vector<quic::path_statistics>>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_](pending_operation<std::vector<quic::path_statistics>> operation) {
          start_paths(state, std::move(operation));
        });
  }

  /// Ends the connection: what was written and not delivered is lost.
  void close(std::uint64_t application_code, std::string reason = {});

  /// Ends it after all that was written is delivered, or after `timeout` whatever the peer does. Finish streams and
  /// wait for pending writes before; nothing can be opened or written from then on, but what comes can be read until
  /// the end. Dropping the object meanwhile lets it go on.
  /// @par Completion Signature
  /// void(error_code, connection_end), when the connection has ended: no error means that the peer has acknowledged
  /// everything; error::not_delivered that it has not.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total: they end the waiting, not the closing.
  template <class Token = asio::use_awaitable_t<>>
  auto async_close_gracefully(std::uint64_t application_code, std::string reason, duration timeout,
                              Token&& token = {}) {
    return initiate_operation<connection_end>(std::forward<Token>(token), get_executor(), cancel_target(),
                                              [state = state_, application_code, reason = std::move(reason),
                                               timeout](pending_operation<connection_end> operation) {
                                                start_close_gracefully(state, application_code, reason, timeout,
                                                                       std::move(operation));
                                              });
  }

  /// Keeps the connection from going idle from now on: see quic::settings::keep_alive_interval. 0 ends it.
  void set_keep_alive(std::chrono::milliseconds interval,
                      quic::keep_alive_scope scope = quic::keep_alive_scope::always);

  /// Waits only so long for a silent peer: see quic::connection::set_idle_timeout().
  void set_idle_timeout(std::chrono::milliseconds timeout);

  // --- Datagrams (RFC 9221) -----------------------------------------------------------------------------------------
  //
  // Receiving them takes quic::datagram_settings::max_frame_size in the settings of the connection, sending the same of
  // the peer.

  /// The most bytes of a datagram now; 0 when the peer takes none. It changes with the path. Any thread.
  std::size_t max_datagram_payload() const noexcept;

  /// Hands a datagram over at once or not at all: quic::datagram_error says why not. On the executor only.
  error_code send_datagram(asio::const_buffer data, const quic::datagram_options& options = {});

  /// Hands a datagram over, if need be when there is room in the queue. `data` must live until then. That it completes
  /// says nothing about its delivery.
  /// @par Completion Signature
  /// void(error_code): a quic::datagram_error; error::too_many_waiting; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_datagram(asio::const_buffer data, const quic::datagram_options& options = {}, Token&& token = {}) {
    return initiate_operation<>(std::forward<Token>(token), get_executor(), cancel_target(),
                                [state = state_, data, options](pending_operation<> operation) {
                                  start_send_datagram(state, data, options, std::move(operation));
                                });
  }

  /// The next datagram, if one is at hand: would_block otherwise. On the executor only.
  std::size_t receive_datagram(asio::mutable_buffer into, error_code& error);

  /// The next datagram. Those that came before the end of the connection can be received after it.
  /// @par Completion Signature
  /// void(error_code, std::size_t): message_size when `into` was too small, and the rest is lost;
  /// error::too_many_waiting; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_datagram(asio::mutable_buffer into, Token&& token = {}) {
    return initiate_operation<std::size_t>(std::forward<Token>(token), get_executor(), cancel_target(),
                                           [state = state_, into](pending_operation<std::size_t> operation) {
                                             start_receive_datagram(state, into, std::move(operation));
                                           });
  }

  /// Drops the datagrams of this quic::datagram_options::group that wait to be sent.
  void purge_datagram_group(std::uint64_t group);

  /// Has the fates of datagrams with a cookie told to `handler`, on the executor; it must not throw. One handler at a
  /// time; an empty one ends it.
  void on_datagram_fate(std::function<void(std::uint64_t cookie, quic::datagram_outcome outcome)> handler);

private:
  static void start_update_keys(const std::shared_ptr<quic_connection_state>& state, pending_operation<> operation);
  static void start_open(const std::shared_ptr<quic_connection_state>& state, stream_direction direction,
                         pending_operation<quic_stream> operation);
  static void start_accept(const std::shared_ptr<quic_connection_state>& state,
                           pending_operation<quic_stream> operation);
  static void start_wait_closed(const std::shared_ptr<quic_connection_state>& state,
                                pending_operation<connection_end> operation);
  static void start_close_gracefully(const std::shared_ptr<quic_connection_state>& state, std::uint64_t code,
                                     const std::string& reason, duration timeout,
                                     pending_operation<connection_end> operation);
  static void start_send_datagram(const std::shared_ptr<quic_connection_state>& state, asio::const_buffer data,
                                  const quic::datagram_options& options, pending_operation<> operation);
  static void start_receive_datagram(const std::shared_ptr<quic_connection_state>& state, asio::mutable_buffer into,
                                     pending_operation<std::size_t> operation);
  static void start_migrate(const std::shared_ptr<quic_connection_state>& state, const ip_endpoint& local,
                            quic::migration_timing when, pending_operation<network_path> operation);
  static void start_paths(const std::shared_ptr<quic_connection_state>& state,
                          pending_operation<std::vector<quic::path_statistics>> operation);
  std::shared_ptr<cancellable> cancel_target() const;
  void drop() noexcept;

  std::shared_ptr<quic_connection_state> state_;
};

/// Connects and completes the handshake.
/// @par Completion Signature
/// void(error_code, quic_connection): what connect() and connection_end say. The sentence is lost here; where people
/// are to read it, use connect() with an application of your own, or the HTTP/3 client.
template <class Token = asio::use_awaitable_t<>>
auto async_connect(const shard& where, connect_options options, Token&& token = {}, quic_connection_limits limits = {});

/// Accepts QUIC connections whose handshake is complete.
class quic_listener {
public:
  /// Takes over a listener, and keeps at most `backlog` established connections that wait to be accepted; more are
  /// closed.
  explicit quic_listener(listener from, quic_connection_limits limits = {}, std::size_t backlog = 256);
  quic_listener(quic_listener&&) noexcept;
  quic_listener& operator=(quic_listener&&) noexcept;
  ~quic_listener();

  /// The bound address, with its true port.
  const ip_endpoint& local_endpoint() const noexcept;
  asio::any_io_executor get_executor() const;

  /// @par Completion Signature
  /// void(error_code, quic_connection): error::listener_closed after close().
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_accept(Token&& token = {}) {
    return initiate_operation<quic_connection>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_](pending_operation<quic_connection> operation) { start_accept(state, std::move(operation)); });
  }

  /// Takes no more connections.
  void close();

private:
  static void start_accept(const std::shared_ptr<quic_listener_state>& state,
                           pending_operation<quic_connection> operation);
  std::shared_ptr<cancellable> cancel_target() const;

  std::shared_ptr<quic_listener_state> state_;
};

namespace detail {

/// Of one async_connect(): what a cancellation reaches before there is a connection.
class connect_attempt;
std::shared_ptr<connect_attempt> make_connect_attempt(const shard& where, connect_options options,
                                                      quic_connection_limits limits);
std::shared_ptr<cancellable> cancel_target(const std::shared_ptr<connect_attempt>& attempt);
void start_connect(const std::shared_ptr<connect_attempt>& attempt, pending_operation<quic_connection> operation);

}  // namespace detail

template <class Token>
auto async_connect(const shard& where, connect_options options, Token&& token, quic_connection_limits limits) {
  const auto attempt = detail::make_connect_attempt(where, std::move(options), limits);
  return initiate_operation<quic_connection>(std::forward<Token>(token), where.get_executor(),
                                             detail::cancel_target(attempt),
                                             [attempt](pending_operation<quic_connection> operation) {
                                               detail::start_connect(attempt, std::move(operation));
                                             });
}

}  // namespace quasio::runtime
