#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quasio/driver/exchange.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/runtime/application_over_quic.hpp"

namespace quasio::driver {

class server_h3_link;
class client_h3_link;

struct h3_driver_settings {
  http3::settings http3;

  /// Server: requests that may wait for async_receive_request(); more are refused with H3_REQUEST_REJECTED. The peer
  /// cannot have more open than settings::max_concurrent_bidirectional_streams either.
  std::size_t max_waiting_requests = 1024;

  /// Client: calls of async_send_request() that may wait for the handshake, or for the server to allow more requests.
  std::size_t max_waiting_sends = 16 * 1024;

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

/// A request that a server got.
struct incoming_request {
  http3::field_list fields;  ///< With pseudo-fields.
  bool end = false;          ///< It has no body.
  body_reader body;
  body_writer response;

  /// It may be a replay: see http3::fields_received::is_early_data.
  bool is_early_data = false;
};

/// A request that a client has begun.
struct outgoing_request {
  body_writer body;
  response_reader response;
};

/// The server's end of an HTTP/3 connection. Copies speak to the same connection; none of them keeps it alive.
///
/// Threads: everything may be called from any thread.
class server_h3_controller {
public:
  explicit server_h3_controller(std::shared_ptr<server_h3_link> link) noexcept : link_(std::move(link)) {}

  asio::any_io_executor get_executor() const;

  /// The next request.
  /// @par Completion Signature
  /// void(error_code, incoming_request): how the connection ended.
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
  quic::handshake_summary handshake;
  network_path path;
};

/// The client's end of an HTTP/3 connection. Copies speak to the same connection; none of them keeps it alive.
///
/// Threads: as server_h3_controller.
class client_h3_controller {
public:
  explicit client_h3_controller(std::shared_ptr<client_h3_link> link) noexcept : link_(std::move(link)) {}

  asio::any_io_executor get_executor() const;

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
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_request(http3::field_list fields, bool end, Token&& token = {}) {
    return runtime::initiate_operation<outgoing_request>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [link = link_, fields = std::move(fields),
         end](runtime::pending_operation<outgoing_request> operation) mutable {
          start_send(link, std::move(fields), end, std::move(operation));
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
                         runtime::pending_operation<outgoing_request> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;

  std::shared_ptr<client_h3_link> link_;
};

/// HTTP/3 as an application over QUIC: give the driver to incoming_connection::start() or runtime::connect(), and speak
/// through the controller.
template <class Controller>
struct driver_and_controller {
  std::unique_ptr<runtime::application_over_quic> driver;
  Controller controller;
};

/// `where` is the executor on which the connection will run.
driver_and_controller<server_h3_controller> make_server_h3_driver(const asio::any_io_executor& where,
                                                                  const h3_driver_settings& settings = {});
driver_and_controller<client_h3_controller> make_client_h3_driver(const asio::any_io_executor& where,
                                                                  h3_driver_settings settings = {});

}  // namespace quasio::driver
