#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "quasio/base/result.hpp"
#include "quasio/net/datagrams.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/connection_audit.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/runtime/shard.hpp"

/// Connections on a router, a socket or a tunnel of the program's own: the runtime runs the connection, the program
/// carries its datagrams. So a QUIC connection runs within another one's datagrams, over a UNIX socket, in a program
/// that has a packet loop already, or in memory.
namespace quasio::runtime {

class raw_carrier;

/// Where the datagrams of a connection go. The program implements it. All functions are called on the shard's executor,
/// and never from within each other; none may block or throw.
class datagram_sink {
public:
  virtual ~datagram_sink() = default;

  /// Takes a batch and returns how many bytes of it, always whole datagrams, are done with. With would_block the rest
  /// is held back until wait_writable() says that there is room; other errors mean that the datagram which starts there
  /// is lost, but for message_size: then it is too large for this path, and smaller ones are made.
  virtual std::size_t send(const net::outgoing_datagrams& batch, error_code& error) = 0;

  /// How many datagrams one batch may have: 1 to 64.
  virtual std::size_t max_segments() const noexcept { return 1; }

  /// Has `ready` called once, on the executor and never from within, when send() has room after would_block; with an
  /// error when that will never be. Only a sink whose send() says would_block needs it.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who implements it keeps what it is given.
  virtual void wait_writable(std::function<void(const error_code&)> /*ready*/) {}

  /// Packets with this destination connection ID belong to this connection from now on, until the other is called. A
  /// router with one connection needs neither. See quic::routing_id().
  virtual void on_connection_id(const connection_id& id) { static_cast<void>(id); }
  virtual void on_connection_id_retired(const connection_id& id) { static_cast<void>(id); }
};

/// How a connection on a path of the program's own runs.
struct raw_options {
  /// As listen_options::inbox_size: datagrams that wait for the connection's next turn.
  std::size_t inbox_size = 64;

  /// Server: as connection_hooks::on_client_hello, for a connection whose acceptor asks.
  std::function<void(const quic::client_hello_received&, std::function<void(crypto::client_hello_answer)>)>
      on_client_hello;

  audit_handler on_end;  ///< Told of the end, also of a handshake that fails.
};

/// A connection on a path of the program's own. Dropping the handle takes the path away: the application hears that the
/// connection is closed, the peer hears nothing.
///
/// Threads: deliver() and the rest belong to the executor; async operations may be initiated from any thread.
class raw_connection {
public:
  raw_connection() noexcept;
  explicit raw_connection(std::shared_ptr<raw_carrier> carrier) noexcept;
  raw_connection(raw_connection&&) noexcept;
  raw_connection& operator=(raw_connection&&) noexcept;
  ~raw_connection();

  bool is_open() const noexcept { return carrier_ != nullptr; }
  asio::any_io_executor get_executor() const;

  /// Gives the connection one datagram that came for it; it is copied into a buffer of the shard's pool, and looked at
  /// in the next turn. False when it was dropped, as a full socket would: raw_options::inbox_size wait already, no
  /// buffer is left, it is larger than a buffer, or the connection is gone.
  bool deliver(byte_view datagram, const network_path& path, ecn_codepoint ecn = ecn_codepoint::not_ect);

  /// Whether it has ended and its farewell has been sent: nothing more is sent or taken.
  bool is_drained() const noexcept;

  /// Waits for that.
  /// @par Completion Signature
  /// void(error_code)
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_wait_drained(Token&& token = {}) {
    return initiate_operation<>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [carrier = carrier_](pending_operation<> operation) { start_wait(carrier, std::move(operation)); });
  }

private:
  static void start_wait(const std::shared_ptr<raw_carrier>& carrier, pending_operation<> operation);
  std::shared_ptr<cancellable> cancel_target() const;

  std::shared_ptr<raw_carrier> carrier_;
};

/// Begins a connection as a client. `client.path` names the ends as the sink understands them; they are only compared.
/// Fails, without a call to `application`, where TLS refuses the options. Call it on the shard's executor.
result<raw_connection, connection_end> connect_over(const shard& where, quic::client_options client,
                                                    std::shared_ptr<datagram_sink> sink,
                                                    std::unique_ptr<application_over_quic> application,
                                                    raw_options options = {});

/// Runs a connection that the program's own quic::acceptor has accepted; the datagram that made it is delivered next.
/// Call it on the shard's executor.
raw_connection serve_over(const shard& where, std::unique_ptr<quic::connection> accepted,
                          std::shared_ptr<datagram_sink> sink, std::unique_ptr<application_over_quic> application,
                          raw_options options = {});

}  // namespace quasio::runtime
