#pragma once

#include <cstdint>
#include <string_view>

#include "quasio/asio.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/result.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/error.hpp"

namespace quasio::runtime {

/// The io_worker of a connection, as its application sees it. It lives longer than the application. All calls belong to
/// the executor.
class worker {
public:
  /// The connection. The application may use its application side at any time on the executor, then calls wake().
  virtual quic::connection& connection() noexcept = 0;

  virtual const asio::any_io_executor& get_executor() const noexcept = 0;
  /// The shard's source of unpredictable bytes.
  virtual random_source& random() noexcept = 0;

  /// Asks for a turn: events are told, process_reads() and process_writes() called, packets sent. However often it is
  /// called, one turn comes of it, never from within this call.
  virtual void wake() = 0;

  /// A client's: opens a socket at `local`, of which address and port may be left to the system (a default
  /// ip_endpoint leaves both), and moves the connection to it. Returns the path; path_validated or path_failed tells
  /// what became of it. Errors: what opening the socket says; quic::path_error.
  virtual result<network_path, error_code> migrate(const ip_endpoint& local, quic::migration_timing when) = 0;

  /// Gives up a path that migrate() returned.
  virtual void give_up(const network_path& path) = 0;

  /// Ends the connection with the application's code; on_connection_closed() follows in the next turn.
  virtual void close(std::uint64_t application_code, std::string_view reason) = 0;

  /// Ends it likewise, after what was written is delivered, or after `timeout` at the latest: see
  /// quic::connection::close_gracefully().
  virtual void close_gracefully(std::uint64_t application_code, std::string_view reason, duration timeout) = 0;

protected:
  ~worker() = default;
};

/// What speaks over a QUIC connection: HTTP/3, or a protocol of one's own. The worker that owns the connection owns
/// this object too, calls it on its executor only, and never two of its functions at once. None of them may block.
///
/// The order of calls: on_started; on_connection_established; then in every turn on_event for each event,
/// process_reads, process_writes; at the end on_connection_closed, after which the object is destroyed. A connection
/// whose handshake fails goes from on_started straight to on_connection_closed. Where an io_context is destroyed under
/// a connection, the object is destroyed without that last call.
class application_over_quic {
public:
  virtual ~application_over_quic() = default;

  /// The handshake begins (or is under way). `host` stays valid as long as this object lives.
  virtual void on_started(worker& host) { static_cast<void>(host); }

  /// Streams may be used before the handshake is complete (quic::early_data_ready); on_connection_established follows.
  /// Returns whether the application goes on at once: then it gets events and its turns from here on. Else events are
  /// kept for it until the handshake is complete, when nothing of them can be a replay any more.
  virtual bool on_early_data(worker& host, time_point now) {
    static_cast<void>(host), static_cast<void>(now);
    return false;
  }

  /// Application data may flow.
  virtual void on_connection_established(worker& host, time_point now) = 0;

  /// One event of the connection: all but handshake_completed, connection_closed and those about connection IDs, which
  /// the worker keeps.
  virtual void on_event(worker& host, const quic::event& event, time_point now) = 0;

  /// All events of this turn have been told.
  virtual void process_reads(worker& host, time_point now) { static_cast<void>(host), static_cast<void>(now); }

  /// Immediately before packets are made: what is written now goes with them.
  virtual void process_writes(worker& host, time_point now) { static_cast<void>(host), static_cast<void>(now); }

  /// The connection has ended, or never came to be.
  virtual void on_connection_closed(const connection_end& end) = 0;
};

}  // namespace quasio::runtime
