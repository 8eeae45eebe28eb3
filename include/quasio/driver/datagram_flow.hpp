#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "quasio/asio.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/http3/datagram.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::driver {

class exchange;

/// The HTTP Datagrams of one exchange (RFC 9297). They may be lost, or overtake each other and the exchange's body;
/// what is in them, with context IDs or without, belongs to the protocol above. Copies speak for the same exchange, and
/// none of them keeps it open.
///
/// Both ends must have said that they take datagrams (http3::settings::datagrams), and our side of the stream must be
/// open to send, the peer's to receive: protocols that use datagrams keep their streams open for as long, as Extended
/// CONNECT does. To requests of other methods datagrams belong from the first operation on a flow on; one that comes
/// before aborts such a request with H3_DATAGRAM_ERROR (section 2).
///
/// Both directions are bounded. Of what is sent, up to quic::settings::datagrams.max_to_send wait for the network; then
/// async_send_datagram() waits, and send_datagram() refuses. Of what comes, up to http3::datagram_settings::max_to_read
/// wait for a reader, then its receive_overflow says which are dropped: http3::statistics counts them.
///
/// Threads: operations from any thread; what is said to be for the executor only there.
class datagram_flow {
public:
  using executor_type = asio::any_io_executor;

  /// Nobody's; operations on it end with bad_descriptor.
  datagram_flow() noexcept = default;
  explicit datagram_flow(std::shared_ptr<exchange> state) noexcept : state_(std::move(state)) {}

  bool is_open() const noexcept { return state_ != nullptr; }
  stream_id id() const noexcept;
  executor_type get_executor() const;

  /// The most bytes that a datagram may have now; 0 when none can be sent. It changes with the path. Executor.
  std::size_t max_datagram_payload() const;

  /// Hands a datagram over at once, or not at all: operation_error::queue_full, which h3_counters count, and what
  /// async_send_datagram() says; not_negotiated also where the peer's SETTINGS have yet to come. Executor.
  error_code send_datagram(asio::const_buffer payload, const http3::datagram_options& options = {});

  /// Hands a datagram over, if need be when there is room, or when the peer has said that it takes some. `payload` must
  /// live until then. That it completes says nothing about delivery: see datagram_options::cookie.
  /// @par Completion Signature
  /// void(error_code): operation_error::not_negotiated, datagram_too_large (see max_datagram_payload()), wrong_state
  /// where our side of the stream has ended; runtime::error::too_many_waiting
  /// (h3_driver_settings::max_waiting_datagram_operations); an http3::error_code when the exchange was abandoned; how
  /// the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_datagram(asio::const_buffer payload, const http3::datagram_options& options = {},
                           Token&& token = {}) {
    return runtime::initiate_operation<>(std::forward<Token>(token), get_executor(), cancel_target(),
                                         [state = state_, payload, options](runtime::pending_operation<> operation) {
                                           start_send(state, payload, options, std::move(operation));
                                         });
  }

  /// The next datagram, if one is at hand; else would_block, or what async_receive_datagram() says. Executor.
  std::size_t receive_datagram(asio::mutable_buffer into, error_code& error);

  /// The next datagram, which may be empty. Those that came before the end of the exchange can be received after it.
  /// @par Completion Signature
  /// void(error_code, std::size_t): message_size when `into` was too small, and the rest is lost; eof when the peer's
  /// message has ended, which somebody has to notice by reading the body to its end; too_many_waiting; an
  /// http3::error_code when the exchange was abandoned; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total; no datagram is lost by it.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_datagram(asio::mutable_buffer into, Token&& token = {}) {
    return runtime::initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, into](runtime::pending_operation<std::size_t> operation) {
          start_receive(state, into, std::move(operation));
        });
  }

private:
  static void start_send(const std::shared_ptr<exchange>& state, asio::const_buffer payload,
                         const http3::datagram_options& options, runtime::pending_operation<> operation);
  static void start_receive(const std::shared_ptr<exchange>& state, asio::mutable_buffer into,
                            runtime::pending_operation<std::size_t> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;

  std::shared_ptr<exchange> state_;
};

}  // namespace quasio::driver
