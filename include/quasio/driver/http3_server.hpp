#pragma once

#include <array>
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
#include "quasio/base/endpoint.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/driver/exchange.hpp"
#include "quasio/driver/h3_driver.hpp"
#include "quasio/driver/query.hpp"
#include "quasio/driver/server_limits.hpp"
#include "quasio/net/udp_socket_options.hpp"
#include "quasio/quic/acceptor.hpp"
#include "quasio/runtime/connection_hooks.hpp"
#include "quasio/runtime/counters.hpp"
#include "quasio/runtime/inheritance.hpp"
#include "quasio/runtime/metrics.hpp"

namespace quasio::http3 {

class router;
class served_connection;
class server_state;

/// A request as a server's handler sees it. Its body is an AsyncReadStream; what the handler leaves unread is not read.
///
/// Threads: the handler's; one thing at a time.
class request {
public:
  using executor_type = asio::any_io_executor;

  /// For the library's own parts.
  request(driver::incoming_request&& incoming, std::shared_ptr<const driver::connection_info> connection);

  /// As sent, e.g. "GET".
  const std::string& method() const noexcept { return method_; }
  /// As sent: "https" from a browser.
  const std::string& scheme() const noexcept { return scheme_; }
  const std::string& authority() const noexcept { return authority_; }  ///< Of :authority, else of Host.
  const std::string& path() const noexcept { return path_; }            ///< Of :path, with the query, as sent.

  /// Of :protocol; empty where this is no Extended CONNECT (RFC 9220). Those come where
  /// http3::settings::enable_connect_protocol is on. With a 2xx response, written without an end, the two bodies are a
  /// tunnel: see also datagrams() and driver::capsule_source.
  const std::string& protocol() const noexcept { return protocol_; }

  /// path() up to the query, as sent.
  std::string_view path_only() const noexcept { return std::string_view(path_).substr(0, path_.find('?')); }

  /// The query's parameters; taken apart at the first call.
  const query_parameters& query() const;

  /// The pattern of the router's route that fits, e.g. "/users/{id}": a name for the likes of this request in logs and
  /// metrics. Empty where there is none.
  const std::string& route() const noexcept { return route_; }

  /// What stands at that place of the path where the route's pattern says {name} or {name...}, decoded; empty when it
  /// has none of this name.
  std::string_view parameter(std::string_view name) const noexcept;

  /// The same as a number in decimal; nothing when it is none, or does not fit.
  template <std::integral Number>
  std::optional<Number> parameter_number(std::string_view name) const noexcept {
    return parse_number<Number>(parameter(name));
  }

  /// The header fields without pseudo-fields.
  const field_list& headers() const noexcept { return headers_; }

  /// The value of the first header field with this lower-case name; empty when there is none.
  std::string_view header(std::string_view name) const noexcept { return find_field(headers_, name); }

  /// Of Content-Length; empty when there is none.
  std::optional<std::uint64_t> content_length() const noexcept;

  /// The most bytes of body that this request may bring, instead of server_limits::max_request_body; counts for reads
  /// from now on. More ends a read with client_error::body_too_large, for which the client gets 413 unless the handler
  /// catches it. Where Content-Length exceeds server_limits::max_request_body the handler is not even called.
  void limit_body(std::uint64_t most);

  /// How long a read waits for more of the body, instead of server_limits::body_timeout; counts for reads from now on.
  /// 0: for ever, as tunnels want it whose traffic is in datagrams.
  void allow_silence(std::chrono::milliseconds most);

  /// Its stream, priority and datagrams.
  /// The priority and the datagrams of the exchange.
  driver::exchange_control control() const { return body_.control(); }

  /// How the client wants the response by now, unless the server has decided itself (RFC 9218): see
  /// driver::exchange_control::priority(), and on_priority_change() for changes.
  priority wanted_priority() const { return control().priority(); }

  /// Its HTTP Datagrams: settings::datagrams must be on, and the request's protocol have a use for them.
  driver::datagram_flow datagrams() const { return control().datagrams(); }

  /// Whether the request ended with its headers.
  bool has_body() const noexcept { return has_body_; }

  /// Whether it came before the handshake was complete, so that it may be a replay (RFC 8470): see
  /// server_options::early_data.
  bool is_early_data() const noexcept { return is_early_data_; }

  /// The connection it came on. Of early data, as it was then: before the handshake was complete.
  const driver::connection_info& connection() const noexcept { return *connection_; }

  executor_type get_executor() const { return body_.get_executor(); }

  /// Reads at least one byte of the body: see driver::body_reader.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_read_some(const Buffers& buffers, Token&& token = {}) {
    return body_.async_read_some(buffers, std::forward<Token>(token));
  }

  /// Reads the whole body, at most `limit` bytes: see driver::body_reader::async_read_all().
  template <class Token = asio::use_awaitable_t<>>
  auto read_all(std::size_t limit = 1024 * 1024, Token&& token = {}) {
    return body_.async_read_all(limit, std::forward<Token>(token));
  }

  /// The trailers; known once a read said eof.
  const field_list& trailers() const noexcept { return body_.trailers(); }

  /// The body for use beyond the handler, e.g. in another coroutine.
  driver::body_reader& body() noexcept { return body_; }

private:
  friend class router;
  void set_route(const std::string& pattern, const std::vector<std::string>& names, std::vector<std::string> values);

  std::string method_;
  std::string scheme_;
  std::string authority_;
  std::string path_;
  std::string protocol_;
  mutable std::optional<query_parameters> query_;
  std::string route_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  field_list headers_;
  bool has_body_;
  bool is_early_data_;
  driver::body_reader body_;
  std::shared_ptr<const driver::connection_info> connection_;
};

/// A response to be filled in by a server's handler. The headers leave with the first write. When the handler returns,
/// the response is finished if it was not; when it throws, a client that has seen no headers yet gets 500 (413 and 408
/// where it is the client's body that was too large or too slow), another sees the stream reset.
///
/// Every operation takes a completion token, by default use_awaitable, and completes with an http3::error_code when the
/// client does not want the rest, or with how the connection ended. Buffers must live until then.
///
/// Threads: the handler's; one thing at a time.
class response {
public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = response;

  /// For the library's own parts. `method` is the request's.
  response(driver::body_writer&& writer, std::string_view method);

  /// 200 by default.
  response& status(int code) noexcept;
  int status() const noexcept { return status_; }

  /// Sets a header field; replaces those of the same name, which is lower case.
  response& set(std::string_view name, std::string_view value);

  /// Adds a header field beside those of the same name.
  response& add(std::string_view name, std::string_view value);

  /// What has been set so far, without :status.
  const field_list& headers() const noexcept { return headers_; }

  /// Whether the final headers have left; from then on they cannot change.
  bool head_sent() const noexcept { return head_sent_; }

  /// Whether the response has ended.
  bool finished() const noexcept { return finished_; }

  /// Body bytes handed over so far.
  std::uint64_t bytes_written() const noexcept { return writer_.bytes_written(); }

  /// The priority and the datagrams of the exchange.
  driver::exchange_control control() const { return writer_.control(); }

  /// How this response is sent from now on, compared with the others of the connection, whatever the client wants. To
  /// go by the client's wish but for a part of it, name that in a Priority field, e.g. set("priority", "u=1"): then the
  /// client's own says the rest (RFC 9218, section 8).
  void set_priority(const priority& decided) { control().set_priority(decided); }

  executor_type get_executor() const { return writer_.get_executor(); }
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  /// Sends an interim response, e.g. 103 Early Hints. Completion signature: void(error_code).
  template <class Token = asio::use_awaitable_t<>>
  auto informational(int code, field_list fields = {}, Token&& token = {}) {
    return writer_.async_send_head(with_status(code, std::move(fields)), false, std::forward<Token>(token));
  }

  /// Writes all of `data`; to a HEAD request nothing of it is sent. Waits while the client does not keep up. With an
  /// empty buffer it just sends the headers. Completion signature: void(error_code, std::size_t).
  template <class Token = asio::use_awaitable_t<>>
  auto write(asio::const_buffer data, Token&& token = {}) {
    return initiate_write(data, driver::write_extent::all, std::forward<Token>(token));
  }
  template <class Token = asio::use_awaitable_t<>>
  auto write(std::string_view text, Token&& token = {}) {
    return write(asio::buffer(text), std::forward<Token>(token));
  }

  /// Writes the last of the body, which may be empty, and ends the response. Where no headers have left yet,
  /// Content-Length is set to the size of `last` unless the handler has set it, or the status forbids it. Completion
  /// signature: void(error_code, std::size_t).
  template <class Token = asio::use_awaitable_t<>>
  auto finish(asio::const_buffer last = {}, Token&& token = {}) {
    return initiate_write(last, driver::write_extent::last, std::forward<Token>(token));
  }
  template <class Token = asio::use_awaitable_t<>>
  auto finish(std::string_view text, Token&& token = {}) {
    return finish(asio::buffer(text), std::forward<Token>(token));
  }

  /// Ends the response with a trailer section, after write(). Completion signature: void(error_code).
  template <class Token = asio::use_awaitable_t<>>
  auto finish_with_trailers(field_list trailers, Token&& token = {}) {
    finished_ = true;
    return writer_.async_send_trailers(std::move(trailers), std::forward<Token>(token));
  }

  /// Gives the response up: the client sees the stream reset.
  void cancel(error_code code = error_code::internal_error);

  /// Models AsyncWriteStream: writes at least one byte of the body.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_write_some(const Buffers& buffers, Token&& token = {}) {
    return initiate_write(runtime::first_buffer<asio::const_buffer>(buffers), driver::write_extent::some,
                          std::forward<Token>(token));
  }

private:
  template <class Token>
  auto initiate_write(asio::const_buffer data, driver::write_extent extent, Token&& token) {
    return runtime::initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), writer_.cancel_target(),
        [this, data, extent](runtime::pending_operation<std::size_t> operation) {
          start_write(data, extent, std::move(operation));
        });
  }

  friend class served_connection;

  void reset(int code);
  static field_list with_status(int code, field_list fields);
  void start_write(asio::const_buffer data, driver::write_extent extent,
                   runtime::pending_operation<std::size_t> operation);
  field_list take_head(asio::const_buffer data, driver::write_extent extent);

  driver::body_writer writer_;
  int status_ = 200;
  field_list headers_;
  bool head_only_;
  bool is_connect_;
  bool head_sent_ = false;
  bool finished_ = false;
};

/// What a server does with a request. Called on the connection's executor; with server_options::threads above 1 on
/// several threads at once. The references stay valid until the coroutine ends. When the client abandons the request or
/// the connection ends, the coroutine is cancelled (terminal), unless it has disabled that.
using request_handler = std::function<asio::awaitable<void>(request&, response&)>;

/// How a server listens, what it shows and what it allows. Required are `endpoints` and `tls`.
struct server_options {
  std::vector<ip_endpoint> endpoints;  ///< Where to listen: at least one. Port 0 lets the system choose.

  /// Sockets that another process has handed over (server::hand_over(), runtime::receive_inheritance()): used instead
  /// of `endpoints`, by start(), once. `threads` must be as many as there are listeners for an endpoint.
  std::shared_ptr<runtime::inheritance> inherited;

  /// Made by crypto::tls_context::server(), or adopted of an asio::ssl::context. ALPN is set for you.
  crypto::tls_context tls;
  quic::settings transport;  ///< Windows, timeouts, congestion control, streams at once.

  /// Limits of what clients send, QPACK, datagrams: where these are on, the transport takes DATAGRAM frames too (see
  /// driver::match_transport()).
  http3::settings http3;

  quic::retry_policy retry = quic::retry_policy::automatic;  ///< Whether clients must prove their addresses first.
  std::size_t retry_threshold =
      512;  ///< Handshakes under way, a listener, from which `automatic` makes clients prove their address.

  /// See quic::acceptor_options. Null and zero: of the server's own, for all its threads and endpoints; with those of
  /// before a server that is started again honours its old tokens, and tells its old clients that it has forgotten
  /// them.
  std::shared_ptr<quic::token_keys> token_keys;
  unsigned new_tokens = 2;
  std::array<std::uint8_t, 32> reset_token_key{};  ///< Each endpoint gets a key of its own, derived from it.
  quic::stateless_reset_settings stateless_reset;

  /// What clients address their connections by. Null: random IDs of 8 bytes; with threads, ones that name the thread to
  /// those who have a key. See quic::routable_connection_ids for servers behind load balancers.
  std::shared_ptr<quic::connection_id_generator> connection_ids;

  /// 0: everything runs on the executor given to the server. Else so many threads of the server's own, each with a
  /// socket for every endpoint: 1 to 256.
  std::size_t threads = 0;

  /// Takes requests of resumed connections before the handshake is complete (0-RTT), which saves clients a round trip.
  /// An attacker can send such a request again, though within one server (all that share its ticket keys and replay
  /// guard) only once. Requests other than GET, HEAD and OPTIONS are therefore answered with 425 (Too Early), which
  /// makes clients repeat them after the handshake (RFC 8470); for the others see request::is_early_data().
  bool early_data = false;

  /// Where several servers share ticket keys: the guard that they share. Null: one of this server's own.
  std::shared_ptr<crypto::replay_guard> replay_guard;

  std::size_t max_connections = 100'000;  ///< A thread and endpoint. More are dropped until others end.

  /// How long a handler may take; 0 for ever. Then it is cancelled and the response reset.
  std::chrono::milliseconds request_timeout{0};

  /// What clients may cost beyond that.
  server_limits limits;

  /// What the program decides about each connection, and hears of its end. Called on the connection's executor: with
  /// threads, on several at a time. See also `admit`.
  runtime::connection_hooks hooks;

  /// Decides about each client by its address, before anything is kept about it: see quic::acceptor_options::admit.
  /// Called by all threads.
  std::function<quic::admission(const quic::client_knock&)> admit;

  /// Told of each request that has ended, on the connection's executor.
  driver::exchange_audit_handler on_exchange;

  /// Counts first packets by the client's network: see runtime::listen_options::count_subnets.
  bool count_subnets = false;

  net::udp_socket_options socket;  ///< Of each endpoint and thread.

  /// Who watches each connection, such as a runtime::qlog_folder's observer(); empty: nobody.
  quic::observer_factory observe;

  /// Called on the connection's executor, for logs.
  std::function<void(const driver::connection_info&)> on_connection;
  std::function<void(const network_path&, const runtime::connection_end&)> on_connection_closed;

  /// Called with the exception that a handler threw, for logs.
  std::function<void(const request&, std::exception_ptr)> on_handler_error;
};

/// An HTTP/3 server in a few lines.
///
/// Threads: any, but one call at a time. The object must not outlive the executor's context.
class server {
public:
  /// `executor` must not run two handlers at once, and is where everything runs that has no thread of the server's own.
  server(asio::any_io_executor executor, server_options options);

  /// As abort().
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// What to do with requests. Call it before start(). A server without a handler answers 404.
  void handle(request_handler handler);

  /// Opens the sockets and begins to serve; returns where, in the order of the options, with true ports. Errors: what
  /// opening a socket says; invalid_argument for no endpoint.
  std::vector<ip_endpoint> start(quasio::error_code& error);

  /// The same, throwing system_error.
  std::vector<ip_endpoint> start();

  /// Ends gracefully: no more connections; GOAWAY on those that exist; requests under way are finished, for at most
  /// `patience`; the rest is closed.
  /// @par Completion Signature
  /// void(error_code): timed_out when something was cut off.
  template <class Token = asio::use_awaitable_t<>>
  auto stop(std::chrono::milliseconds patience, Token&& token = {}) {
    return runtime::initiate_operation<>(std::forward<Token>(token), get_executor(), nullptr,
                                         [state = state_, patience](runtime::pending_operation<> operation) {
                                           start_stop(state, patience, std::move(operation));
                                         });
  }

  /// Gives its sockets to another process, which is to replace it: send the result there (runtime::send_inheritance())
  /// and destroy it. From then on no new client comes here; the connections that exist go on, until stop() ends them,
  /// which can be at once: requests under way are finished, and clients find the other process on the same port. When
  /// the other process ends, or the result is destroyed unsent, this one receives again.
  /// @par Completion Signature
  /// void(error_code, runtime::inheritance): runtime::error::listener_closed when it stops or has not been started,
  /// already_started while another process has them, and what the system says.
  template <class Token = asio::use_awaitable_t<>>
  auto hand_over(Token&& token = {}) {
    return runtime::initiate_operation<runtime::inheritance>(
        std::forward<Token>(token), get_executor(), nullptr,
        [state = state_](runtime::pending_operation<runtime::inheritance> operation) {
          start_hand_over(state, std::move(operation));
        });
  }

  /// Ends at once: closes every connection and cancels every handler.
  void abort();

  asio::any_io_executor get_executor() const;

  /// How many connections are open now; those that only drain not included.
  std::size_t open_connections() const noexcept;

  /// How many handlers run now, on all connections.
  std::size_t running_requests() const noexcept;

  /// The counters of each shard.
  std::vector<const runtime::counters*> counters() const;

  /// The metrics of all shards together, of the transport and of HTTP/3: see docs/metrics.md. After start(), from any
  /// thread.
  std::vector<runtime::metric_family> metrics() const;

private:
  static void start_stop(const std::shared_ptr<server_state>& state, std::chrono::milliseconds patience,
                         runtime::pending_operation<> operation);
  static void start_hand_over(const std::shared_ptr<server_state>& state,
                              runtime::pending_operation<runtime::inheritance> operation);

  std::shared_ptr<server_state> state_;
};

}  // namespace quasio::http3
