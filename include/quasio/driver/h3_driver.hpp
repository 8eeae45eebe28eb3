#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quasio/driver/exchange.hpp"
#include "quasio/driver/exchange_audit.hpp"
#include "quasio/driver/h3_counters.hpp"
#include "quasio/driver/h3_event.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/runtime/application_over_quic.hpp"

namespace quasio::driver {

class h3_link;
class server_h3_link;
class client_h3_link;

/// How a driver speaks HTTP/3, and how much it lets wait for the program.
struct h3_driver_settings {
  http3::settings http3;  ///< For the sans-I/O connection below: limits of what the peer sends, QPACK, datagrams.

  /// Server: requests that may wait for async_receive_request(); more are refused with H3_REQUEST_REJECTED. The peer
  /// cannot have more open than settings::max_concurrent_bidirectional_streams either.
  std::size_t max_waiting_requests = 1024;

  /// Client: calls of async_send_request() that may wait for the handshake, or for the server to allow more requests.
  std::size_t max_waiting_sends = 16 * 1024;

  /// Both: events that may wait for async_receive_event(). 0: none are made. When so many wait, further ones are
  /// dropped, and events_lost stands where they would have; requests do not count here but under max_waiting_requests,
  /// and settings_told, going_away and connection_ended are never dropped.
  std::size_t max_waiting_events = 0;

  /// Both: commands (async_send_goaway(), async_shut_down_stream(), async_set_priority() and so on) that may be on
  /// their way to the connection; more are refused with too_many_waiting at once.
  std::size_t max_waiting_commands = 256;

  /// Both: an exchange's calls of datagram_flow::async_send_datagram(), and of async_receive_datagram(), that may wait;
  /// more end with too_many_waiting.
  std::size_t max_waiting_datagram_operations = 256;

  /// Server: after so many requests GOAWAY names the last of them; those that are on their way already are refused with
  /// H3_REQUEST_REJECTED, so that the client sends them on another connection, and when all have been answered the
  /// connection is closed with H3_NO_ERROR. 0: no limit.
  std::uint64_t max_requests = 0;

  /// Server: how long after the beginning of the handshake the first request has to come; else the connection is ended
  /// gracefully (GOAWAY, and a close a round trip later). 0: as long as the idle timeout lets it.
  std::chrono::milliseconds post_accept_timeout{0};

  /// Server: how long, after the last GOAWAY, a connection stays on which nothing is left to answer. What the client
  /// sent before it heard is then refused with H3_REQUEST_REJECTED, so that it sends it elsewhere; cut off, many
  /// clients would give it up. One that closes the connection itself is not waited for. 0: closed at once.
  std::chrono::milliseconds farewell_timeout{1'000};

  /// Both: counts what happens; one for all connections of a shard. Null: nobody counts.
  std::shared_ptr<h3_counters> counters;

  /// Both: told of each exchange that has ended.
  exchange_audit_handler on_exchange;

  /// Client: called on the executor with each token that the server gives for later connections.
  std::function<void(const quic::new_token_received&)> on_new_token;

  /// Client: the application_context of the session that is resumed. Where early data is on, safe requests (GET, HEAD
  /// and OPTIONS without a body) go with it; the others wait for the end of the handshake (RFC 8470, section 4).
  std::vector<std::uint8_t> session_context;

  /// Client: called on the executor with each session by which a later connection can be resumed, with the server's
  /// settings as its application_context.
  std::function<void(std::shared_ptr<quic::saved_session>)> on_session;

  /// Client: called on the executor when the last request under way has ended, when the server goes away, when the
  /// connection has ended, and when the server allows requests again where may_send_now() said that it does not.
  std::function<void()> on_change;
};

/// A request that a client has begun.
struct outgoing_request {
  body_writer body;          ///< Where the request's body is written to.
  response_reader response;  ///< Where the response comes.
};

/// What the controllers of both ends can do.
///
/// Threads: everything may be called from any thread.
class h3_controller {
public:
  asio::any_io_executor get_executor() const;

  /// The next event: see h3_driver_settings::max_waiting_events. After connection_ended nothing follows.
  /// @par Completion Signature
  /// void(error_code, h3_event): operation_not_supported where events are off; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total; no event is lost by it.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_event(Token&& token = {}) {
    return runtime::initiate_operation<h3_event>(std::forward<Token>(token), get_executor(), common_target(),
                                                 [link = common_](runtime::pending_operation<h3_event> operation) {
                                                   start_receive_event(link, std::move(operation));
                                                 });
  }

  /// Says that this end takes no more: a server begins what server_h3_controller::shut_down() does, a client refuses
  /// pushes and sends no more requests.
  /// @par Completion Signature
  /// void(error_code): runtime::error::too_many_waiting; how the connection ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_goaway(Token&& token = {}) {
    return runtime::initiate_operation<>(
        std::forward<Token>(token), get_executor(), nullptr,
        [link = common_](runtime::pending_operation<> operation) { start_goaway(link, std::move(operation)); });
  }

  /// Gives up one half of a request's stream, or both, with a code. Operations of the handles on that half end with
  /// operation_aborted.
  /// @par Completion Signature
  /// void(error_code): operation_error::unknown_exchange; runtime::error::too_many_waiting; how the connection ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_shut_down_stream(stream_id id, stream_half half, http3::error_code code, Token&& token = {}) {
    return runtime::initiate_operation<>(std::forward<Token>(token), get_executor(), nullptr,
                                         [link = common_, id, half, code](runtime::pending_operation<> operation) {
                                           start_shut_down(link, id, half, code, std::move(operation));
                                         });
  }

  /// As exchange_control::set_priority(), for who knows the exchange by its stream only.
  /// @par Completion Signature
  /// void(error_code): operation_error::unknown_exchange; wrong_state on a client whose response has come to its end;
  /// runtime::error::too_many_waiting; how the connection ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_set_priority(stream_id id, const http3::priority& wanted, Token&& token = {}) {
    return runtime::initiate_operation<>(std::forward<Token>(token), get_executor(), nullptr,
                                         [link = common_, id, wanted](runtime::pending_operation<> operation) {
                                           start_set_priority(link, id, wanted, std::move(operation));
                                         });
  }

  /// Calls a function with the QUIC connection, on its executor; afterwards it has a turn. The function must leave
  /// HTTP/3's own streams alone, and must not block or throw.
  /// @par Completion Signature
  /// void(error_code): not_connected as long as requests may not flow; runtime::error::too_many_waiting; how the
  /// connection ended. Then it was not called.
  template <class Token = asio::use_awaitable_t<>>
  auto async_run(std::function<void(quic::connection&, time_point now)> what, Token&& token = {}) {
    return runtime::initiate_operation<>(
        std::forward<Token>(token), get_executor(), nullptr,
        [link = common_, what = std::move(what)](runtime::pending_operation<> operation) mutable {
          start_run(link, std::move(what), std::move(operation));
        });
  }

  /// What the connection has counted, and its paths.
  /// @par Completion Signature
  /// void(error_code, h3_connection_statistics), as async_run().
  template <class Token = asio::use_awaitable_t<>>
  auto async_statistics(Token&& token = {}) {
    return runtime::initiate_operation<h3_connection_statistics>(
        std::forward<Token>(token), get_executor(), nullptr,
        [link = common_](runtime::pending_operation<h3_connection_statistics> operation) {
          start_statistics(link, std::move(operation));
        });
  }

protected:
  explicit h3_controller(std::shared_ptr<h3_link> link) noexcept : common_(std::move(link)) {}

private:
  static void start_receive_event(const std::shared_ptr<h3_link>& link, runtime::pending_operation<h3_event> operation);
  static void start_goaway(const std::shared_ptr<h3_link>& link, runtime::pending_operation<> operation);
  static void start_shut_down(const std::shared_ptr<h3_link>& link, stream_id id, stream_half half,
                              http3::error_code code, runtime::pending_operation<> operation);
  static void start_set_priority(const std::shared_ptr<h3_link>& link, stream_id id, const http3::priority& wanted,
                                 runtime::pending_operation<> operation);
  static void start_run(const std::shared_ptr<h3_link>& link, std::function<void(quic::connection&, time_point)> what,
                        runtime::pending_operation<> operation);
  static void start_statistics(const std::shared_ptr<h3_link>& link,
                               runtime::pending_operation<h3_connection_statistics> operation);
  std::shared_ptr<runtime::cancellable> common_target() const;

  std::shared_ptr<h3_link> common_;
};

/// The server's end of an HTTP/3 connection. Copies speak to the same connection; none of them keeps it alive.
///
/// Threads: everything may be called from any thread.
class server_h3_controller : public h3_controller {
public:
  explicit server_h3_controller(const std::shared_ptr<server_h3_link>& link) noexcept;

  /// The next request.
  /// @par Completion Signature
  /// void(error_code, incoming_request): operation_not_supported where events are on, which then bring the requests;
  /// how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_request(Token&& token = {}) {
    return runtime::initiate_operation<incoming_request>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [link = link_](runtime::pending_operation<incoming_request> operation) {
          start_receive(link, std::move(operation));
        });
  }

  /// Ends the connection gracefully (RFC 9114, section 5.2): GOAWAY for what is yet to come, a round trip later the
  /// final GOAWAY, and when the last request has been answered, a close with H3_NO_ERROR.
  void shut_down();

  /// Ends the connection at once.
  void close(http3::error_code code, std::string reason = {});

private:
  static void start_receive(const std::shared_ptr<server_h3_link>& link,
                            runtime::pending_operation<incoming_request> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;

  std::shared_ptr<server_h3_link> link_;
};

/// What is known of a connection once its handshake is complete.
struct connection_info {
  quic::handshake_summary handshake;  ///< What TLS and QUIC agreed on.
  network_path path;                  ///< Over which it was established.
};

/// The client's end of an HTTP/3 connection. Copies speak to the same connection; none of them keeps it alive.
///
/// Threads: as server_h3_controller.
class client_h3_controller : public h3_controller {
public:
  explicit client_h3_controller(const std::shared_ptr<client_h3_link>& link) noexcept;

  /// Waits for the end of the handshake.
  /// @par Completion Signature
  /// void(error_code, connection_info): why it failed; end() then has the sentence.
  template <class Token = asio::use_awaitable_t<>>
  auto async_wait_established(Token&& token = {}) {
    return runtime::initiate_operation<connection_info>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [link = link_](runtime::pending_operation<connection_info> operation) {
          start_wait(link, std::move(operation));
        });
  }

  /// Waits until requests can be sent: as async_wait_established(), but where early data is on that is at once, and the
  /// summary is then that of a handshake under way.
  template <class Token = asio::use_awaitable_t<>>
  auto async_wait_usable(Token&& token = {}) {
    return runtime::initiate_operation<connection_info>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [link = link_](runtime::pending_operation<connection_info> operation) {
          start_wait_usable(link, std::move(operation));
        });
  }

  /// Begins a request, if need be when the handshake is complete and the server allows one more. `end` when it has
  /// neither body nor trailers.
  /// @par Completion Signature
  /// void(error_code, outgoing_request): operation_error::going_away: the server takes no more requests on this
  /// connection; another http3::operation_error: the fields were refused; runtime::error::too_many_waiting; how the
  /// connection ended. In none of these cases was anything sent.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  ///
  /// `request_tag` is told by request_sent, so that who reads events knows which call led to which stream.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_request(http3::field_list fields, bool end, Token&& token = {}, std::uint64_t request_tag = 0) {
    return runtime::initiate_operation<outgoing_request>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [link = link_, fields = std::move(fields), end,
         request_tag](runtime::pending_operation<outgoing_request> operation) mutable {
          start_send(link, std::move(fields), end, request_tag, std::move(operation));
        });
  }

  /// Whether new requests may be sent: neither has it ended nor is the server going away. Only on the executor.
  bool is_usable() const noexcept;

  /// Requests under way, those that wait to be sent included. Only on the executor.
  std::size_t open_requests() const noexcept;

  /// Whether a request would be sent at once: the server allows one more, and none waits. Where it allows none,
  /// h3_driver_settings::on_change tells when it does. Only on the executor.
  bool may_send_now();

  /// How it ended. Only on the executor, and only after an operation said that it ended.
  const runtime::connection_end& end() const noexcept;

  /// What the transport has counted. Only on the executor.
  quic::statistics statistics() const;

  /// What HTTP/3 has counted. Only on the executor.
  http3::statistics http_statistics() const;

  /// The connection's paths now, the one in use first; none when it has ended. Only on the executor.
  std::vector<quic::path_statistics> paths() const;

  /// Moves the connection to a new socket at `local`, of which any part may be left to the system, and returns the
  /// path; exchanges go on meanwhile. Should the path not lead to the server, the connection goes back by itself.
  /// Errors: what opening the socket says; quic::path_error. Only on the executor.
  result<network_path, error_code> migrate(const ip_endpoint& local = {},
                                           quic::migration_timing when = quic::migration_timing::at_once);

  /// Ends the connection at once, also in the middle of the handshake.
  void close(http3::error_code code = http3::error_code::no_error, std::string reason = {});

private:
  static void start_wait(const std::shared_ptr<client_h3_link>& link,
                         runtime::pending_operation<connection_info> operation);
  static void start_wait_usable(const std::shared_ptr<client_h3_link>& link,
                                runtime::pending_operation<connection_info> operation);
  static void start_send(const std::shared_ptr<client_h3_link>& link, http3::field_list fields, bool end,
                         std::uint64_t request_tag, runtime::pending_operation<outgoing_request> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;

  std::shared_ptr<client_h3_link> link_;
};

/// HTTP/3 as an application over QUIC: give the driver to incoming_connection::start() or runtime::connect(), and speak
/// through the controller.
template <class Controller>
struct driver_and_controller {
  std::unique_ptr<runtime::application_over_quic> driver;  ///< Belongs to the connection from now on.
  Controller controller;                                   ///< What the program keeps.
};

/// The settings of the transport under http3::settings: those given, but where HTTP Datagrams are on and the transport
/// would take no DATAGRAM frames, it takes all that fit a packet. The easy server and client do this by themselves. A
/// driver whose transport does not go with its settings ends the connection with H3_INTERNAL_ERROR and says so.
quic::settings match_transport(quic::settings transport, const http3::settings& http);

/// `where` is the executor on which the connection will run.
driver_and_controller<server_h3_controller> make_server_h3_driver(const asio::any_io_executor& where,
                                                                  const h3_driver_settings& settings = {});
driver_and_controller<client_h3_controller> make_client_h3_driver(const asio::any_io_executor& where,
                                                                  h3_driver_settings settings = {});

}  // namespace quasio::driver
