#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/driver/alt_svc.hpp"
#include "quasio/driver/client_policies.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/driver/exchange.hpp"
#include "quasio/driver/h3_driver.hpp"
#include "quasio/driver/session_cache.hpp"
#include "quasio/driver/url.hpp"
#include "quasio/net/udp_socket_options.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/quic/token_store.hpp"
#include "quasio/runtime/connection_audit.hpp"

namespace quasio::http3 {

class client_state;
class request_run;

/// Which addresses a resolve_function is asked for.
enum class ip_family : std::uint8_t { v4, v6 };

/// Looks up the addresses of one family that a host has, the best first: none, or an exception of system_error, where
/// there are none. Called on the client's executor for both families at once, and may be cancelled (terminal).
using resolve_function = std::function<asio::awaitable<std::vector<asio::ip::address>>(std::string host, ip_family)>;

/// Where a request's body is written to. See driver::body_writer; the message is ended for you when the source returns.
using request_writer = driver::body_writer;

/// Writes a request's body. It runs beside the response, which may come before it has ended, and runs again where a
/// request is repeated on a new connection because the server has not processed it. An exception abandons the request.
using body_source = std::function<asio::awaitable<void>(request_writer&)>;

/// A request: at least a URL.
struct client_request {
  std::string method = "GET";  ///< As it is sent: methods are case-sensitive.
  std::string url;             ///< Absolute, https; the fragment is not sent.
  field_list headers;          ///< Without pseudo-fields; names in lower case.
  std::string body;    ///< Sent when not empty, or when `source` is not set and the method is POST, PUT or PATCH.
  body_source source;  ///< Instead of `body`, for what is too large or not yet known.

  /// The protocol of an Extended CONNECT (RFC 9220), e.g. "websocket"; then the method is CONNECT, and there is neither
  /// body nor source: see client_response::writer(). Where the server does not know such, the request fails with
  /// operation_error::wrong_state.
  std::string protocol;

  /// How the response is wanted, compared with the others of the connection (RFC 9218): sent as a Priority field.
  /// Empty: the default, unless `headers` has such a field.
  std::optional<http3::priority> priority;

  /// Called on the client's executor when the request is on its way, once for each try, with what changes its priority
  /// and gives it up while there is no response yet.
  std::function<void(const driver::exchange_control&)> on_sent;

  /// Called for each interim (1xx) response, e.g. 103 Early Hints.
  std::function<void(const driver::response_head&)> on_informational;

  /// Instead of the client's.
  std::optional<request_timeouts> timeouts;
  std::optional<std::size_t> max_redirects;

  /// Whether it means the same however often it comes, so that it may be repeated when the connection died under it;
  /// e.g. a POST with a key by which the server knows it again. By default as its method says: see retry_settings.
  std::optional<bool> idempotent;
};

/// A response whose headers have come. Its body is an AsyncReadStream; dropping it before the end abandons the request.
///
/// Threads: as driver::body_reader.
class client_response {
public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = client_response;

  client_response() = default;
  /// For the library's own parts.
  client_response(driver::response_head&& head, driver::response_reader&& reader,
                  std::shared_ptr<const driver::connection_info> connection, driver::client_h3_controller controller);

  /// Of the final response.
  int status() const noexcept { return status_; }

  /// Where it came from, which redirects may have made another place than was asked for; and how many there were.
  const std::string& url() const noexcept { return url_; }
  std::size_t redirects() const noexcept { return redirects_; }

  /// The header fields without pseudo-fields.
  const field_list& headers() const noexcept { return headers_; }

  /// The value of the first header field with this lower-case name; empty when there is none.
  std::string_view header(std::string_view name) const noexcept { return find_field(headers_, name); }

  /// Of Content-Length; empty when there is none.
  std::optional<std::uint64_t> content_length() const noexcept;

  executor_type get_executor() const;
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  /// Reads at least one byte of the body: see driver::body_reader.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_read_some(const Buffers& buffers, Token&& token = {}) {
    return reader_.body().async_read_some(buffers, std::forward<Token>(token));
  }

  /// Reads the whole body, at most `limit` bytes: see driver::body_reader::async_read_all().
  template <class Token = asio::use_awaitable_t<>>
  auto read_all(std::size_t limit = 64 * 1024 * 1024, Token&& token = {}) {
    return reader_.body().async_read_all(limit, std::forward<Token>(token));
  }

  /// The trailers; known once a read said eof.
  const field_list& trailers() noexcept { return reader_.body().trailers(); }

  /// Its stream, priority and datagrams.
  driver::exchange_control control() const { return reader_.control(); }

  /// Tells the server how the rest of the response is wanted (PRIORITY_UPDATE, RFC 9218 section 7).
  void set_priority(const priority& wanted) { control().set_priority(wanted); }

  /// The HTTP Datagrams of its exchange: settings::datagrams must be on, and the request's protocol have a use for
  /// them.
  driver::datagram_flow datagrams() const { return control().datagrams(); }

  /// Of an Extended CONNECT that succeeded (2xx): the other direction of the tunnel. Dropping it before its end
  /// abandons the tunnel. Otherwise it is not open.
  driver::body_writer& writer() noexcept { return writer_; }

  /// The connection it came on: what was negotiated and with whom.
  const driver::connection_info& connection() const noexcept { return *connection_; }

  /// What the connection's transport has counted, and what its HTTP/3 has. Only on the executor.
  quic::statistics statistics() const;
  http3::statistics http_statistics() const;

  /// The connection's paths, and the move to another: see driver::client_h3_controller. Only on the executor.
  std::vector<quic::path_statistics> paths() const;
  result<network_path, quasio::error_code> migrate(const ip_endpoint& local = {},
                                                   quic::migration_timing when = quic::migration_timing::at_once);

  /// A sentence about an error of a read, with the peer's words where the connection ended. Only on the executor.
  std::string explain(const quasio::error_code& error) const;

private:
  int status_ = 0;
  field_list headers_;
  driver::response_reader reader_;
  driver::body_writer writer_;
  friend class request_run;

  std::shared_ptr<const driver::connection_info> connection_;
  std::optional<driver::client_h3_controller> controller_;
  std::string url_;
  std::size_t redirects_ = 0;
  std::shared_ptr<void> watch_;  ///< Keeps it to its time limits.
};

/// Requests to one host and port go to another, as curl's --connect-to: what the TLS certificate must name does not
/// change.
struct connect_to {
  std::string host;           ///< Empty: any.
  std::uint16_t port = 0;     ///< 0: any.
  std::string to_host;        ///< Empty: the same.
  std::uint16_t to_port = 0;  ///< 0: the same.
};

/// How a client connects, what it keeps and how long it waits. All but few programs need only `tls`.
struct client_options {
  crypto::tls_context tls;              ///< By default verifies with the system's certificates.
  quic::settings transport;             ///< Windows, timeouts, congestion control.
  std::optional<quic_version> version;  ///< To begin with; see quic::client_options.
  http3::settings http3;                ///< Limits of what servers send, QPACK; datagrams, then in the transport too.
  net::udp_socket_options socket;       ///< Of each connection's UDP socket.

  /// Counts what happens on the client's connections (see docs/metrics.md); null: nobody counts.
  std::shared_ptr<driver::h3_counters> counters;

  /// Told of each request that has ended, and of each connection, on the client's executor.
  driver::exchange_audit_handler on_exchange;
  runtime::audit_handler on_connection_end;

  /// Who watches each connection, such as a runtime::qlog_folder's observer(); empty: nobody.
  quic::observer_factory observe;

  std::vector<http3::connect_to> connect_to;  ///< The first that fits counts.

  /// Where the tokens are kept that servers give, with which later connections are spared a round trip where a server
  /// demands proof of the address (RFC 9000, section 8.1.3). Several clients may share it, and a program may keep its
  /// text. A token lets the server recognise the client: who does not want that sets transport.max_received_tokens to
  /// 0. Null: a store of the client's own.
  std::shared_ptr<quic::token_store> tokens;

  /// From the look-up of the name to the end of the handshake, all addresses together.
  std::chrono::milliseconds connect_timeout{15'000};

  /// How long an address may keep the next one waiting (RFC 8305, section 5).
  std::chrono::milliseconds connection_attempt_delay{250};

  /// How long IPv4 addresses wait for IPv6 ones, where those are not known yet (RFC 8305, section 3).
  std::chrono::milliseconds resolution_delay{50};

  /// Looks names up. Empty: the system does, which tells of no family before it knows both, and whose order says which
  /// one begins (RFC 6724).
  resolve_function resolve;

  /// From the call to the response's headers; 0 for ever.
  std::chrono::milliseconds request_timeout{0};

  /// Other limits, for requests that have none of their own.
  request_timeouts timeouts;

  retry_settings retries;       ///< Whether and when a failed request is sent again.
  redirect_settings redirects;  ///< Off by default.
  pool_settings pool;           ///< How many connections are kept, and for how long.

  /// Connects to where servers say that they are better reached (RFC 7838), when a new connection is needed: they must
  /// prove to be the origin all the same. What does not answer within `alternative_timeout` is left alone for a while.
  bool use_alternatives = true;
  std::chrono::milliseconds alternative_timeout{2'000};

  /// Where that is kept. Several clients may share it, and a program may keep its text. Null: a cache of this client's
  /// own.
  std::shared_ptr<alt_svc_cache> alternatives;

  /// Where the sessions are kept by which connections are resumed, which saves the server's certificate. Null: a cache
  /// of this client's own.
  std::shared_ptr<session_cache> sessions;

  /// Sends safe requests (GET, HEAD and OPTIONS without a body) to a server that the client has a session of before the
  /// handshake is complete (0-RTT), which saves a round trip. An attacker can make the server see them once more
  /// (RFC 8470), and they leave for the first of its addresses without asking whether another one is faster.
  bool early_data = false;

  std::size_t max_waiting_requests = 16 * 1024;  ///< A connection; see h3_driver_settings::max_waiting_sends.

  /// Told of what the client does, a line a step, for -v. Called on the executor.
  std::function<void(std::string_view)> trace;
};

/// An HTTP/3 client. Keeps a connection to each origin, which all requests to it share; where the server allows no more
/// at once, they wait, or another connection is made (pool_settings). A connection that has gone is replaced; a request
/// that the server has not processed, or that may be repeated, is tried again (retry_settings). Redirects are followed
/// where that is wanted (redirect_settings).
///
/// Threads: requests may be started from any thread; everything runs on the executor, whose context the object must not
/// outlive.
class client {
public:
  /// `executor` must not run two handlers at once: an io_context run by one thread, or a strand.
  explicit client(asio::any_io_executor executor, client_options options = {});

  /// As close().
  ~client();

  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends a request and waits for the response's headers.
  /// @par Completion Signature
  /// void(std::exception_ptr, client_response): with use_awaitable and use_future a response is returned, or
  /// request_failed is thrown. Other tokens get the exception as a pointer: see failure_of().
  /// @par Per-Operation Cancellation
  /// terminal and partial: the request is abandoned; the server may have done some of it. total: likewise, but only as
  /// long as nothing of it has been sent; later it has no effect.
  template <class Token = asio::use_awaitable_t<>>
  auto request(client_request what, Token&& token = {}) {
    return asio::async_initiate<Token, void(std::exception_ptr, client_response)>(
        [](auto handler, const asio::any_io_executor& executor, const std::shared_ptr<client_state>& state,
           client_request wanted) {
          start_request(state, std::move(wanted), pending_request(std::move(handler), executor));
        },
        token, get_executor(), state_, std::move(what));
  }

  /// As request(), with GET.
  template <class Token = asio::use_awaitable_t<>>
  auto get(std::string url, Token&& token = {}) {
    client_request what;
    what.url = std::move(url);
    return request(std::move(what), std::forward<Token>(token));
  }

  /// As request(), with POST and a body of this type, such as "application/json".
  template <class Token = asio::use_awaitable_t<>>
  auto post(std::string url, std::string body, std::string content_type, Token&& token = {}) {
    client_request what;
    what.method = "POST";
    what.url = std::move(url);
    what.body = std::move(body);
    what.headers.push_back({"content-type", std::move(content_type)});
    return request(std::move(what), std::forward<Token>(token));
  }

  /// Closes every connection with H3_NO_ERROR. Requests under way fail.
  void close();

  asio::any_io_executor get_executor() const;

private:
  using pending_request = runtime::pending_completion<std::exception_ptr, client_response>;
  static void start_request(const std::shared_ptr<client_state>& state, client_request what, pending_request pending);

  std::shared_ptr<client_state> state_;
};

/// The code and the sentence of an exception that a request ended with; nothing when it is null.
struct failure {
  quasio::error_code code;  ///< For programs.
  std::string message;      ///< For people: one sentence without a full stop.
};
/// Takes apart what a callback is given.
std::optional<failure> failure_of(const std::exception_ptr& exception);

}  // namespace quasio::http3
