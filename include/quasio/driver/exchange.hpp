#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "quasio/asio.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/driver/exchange_control.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/quic/statistics.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/runtime/quic_stream.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {
class response;
}

namespace quasio::driver {

class exchange;

/// A response's header section.
struct response_head {
  int status = 0;            ///< 100 to 999.
  http3::field_list fields;  ///< With :status.
  bool end = false;          ///< No body follows.
};

/// The receiving half of an exchange: the body of a request (server) or a response (client). Models AsyncReadStream.
/// Bytes go straight from the QUIC stream into the caller's buffer; who does not read holds the sender back.
///
/// Dropping it before the end abandons the message: on a client the whole exchange with H3_REQUEST_CANCELLED; on a
/// server, as soon as the response is complete, the rest of the request with H3_NO_ERROR (RFC 9114, section 4.1).
///
/// Threads: everything may be called from any thread, but one thing at a time on one object.
class body_reader {
public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = body_reader;

  /// No body; operations on it end with bad_descriptor.
  body_reader() noexcept;
  explicit body_reader(std::shared_ptr<exchange> state) noexcept;
  body_reader(body_reader&&) noexcept;
  body_reader& operator=(body_reader&&) noexcept;
  ~body_reader();

  bool is_open() const noexcept { return state_ != nullptr; }
  stream_id id() const noexcept;
  executor_type get_executor() const;
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  /// Reads at least one byte.
  /// @par Completion Signature
  /// void(error_code, std::size_t): eof at the end of the body; an http3::error_code when the peer abandoned the
  /// message, or it was malformed; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total; nothing is lost by it.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_read_some(const Buffers& buffers, Token&& token = {}) {
    return runtime::initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, buffer = runtime::first_buffer<asio::mutable_buffer>(buffers)](
            runtime::pending_operation<std::size_t> operation) { start_read(state, buffer, std::move(operation)); });
  }

  /// Reads all that is left.
  /// @par Completion Signature
  /// void(error_code, std::string): client_error::body_too_large when there is more than `limit` bytes; else as above,
  /// but for eof. On an error, what was read until then.
  template <class Token = asio::use_awaitable_t<>>
  auto async_read_all(std::size_t limit, Token&& token = {}) {
    return runtime::initiate_operation<std::string>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, limit](runtime::pending_operation<std::string> operation) {
          start_read_all(state, limit, std::move(operation));
        });
  }

  /// The trailer section; empty when there was none. Known once a read said eof.
  const http3::field_list& trailers() const noexcept;

  /// The priority and the datagrams of the exchange.
  exchange_control control() const { return exchange_control(state_); }

  /// For the parts of the driver.
  const std::shared_ptr<exchange>& state() const noexcept { return state_; }

private:
  friend class response_reader;
  static void start_read(const std::shared_ptr<exchange>& state, asio::mutable_buffer buffer,
                         runtime::pending_operation<std::size_t> operation);
  static void start_read_all(const std::shared_ptr<exchange>& state, std::size_t limit,
                             runtime::pending_operation<std::string> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;
  void drop() noexcept;

  std::shared_ptr<exchange> state_;
};

/// How much of a buffer a write must hand over before it completes, and whether the message ends with it.
enum class write_extent : std::uint8_t { some, all, last };

/// The sending half of an exchange: a body, and on a server the header section before it. Models AsyncWriteStream. A
/// writer waits when settings::stream_send_buffer bytes wait to be sent.
///
/// Dropping it before the message has ended abandons the exchange: on a client with H3_REQUEST_CANCELLED, on a server
/// with H3_INTERNAL_ERROR.
///
/// Threads: as body_reader. One write may be pending.
class body_writer {
public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = body_writer;

  body_writer() noexcept;
  explicit body_writer(std::shared_ptr<exchange> state) noexcept;
  body_writer(body_writer&&) noexcept;
  body_writer& operator=(body_writer&&) noexcept;
  ~body_writer();

  bool is_open() const noexcept { return state_ != nullptr; }
  stream_id id() const noexcept;
  executor_type get_executor() const;
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  /// Hands over at least one byte; the buffer is free again on completion.
  /// @par Completion Signature
  /// void(error_code, std::size_t): an http3::error_code when the peer refused the message; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_write_some(const Buffers& buffers, Token&& token = {}) {
    return initiate_write(runtime::first_buffer<asio::const_buffer>(buffers), write_extent::some,
                          std::forward<Token>(token));
  }

  /// Hands over all of one buffer. On an error, how much of it was.
  template <class Token = asio::use_awaitable_t<>>
  auto async_write(asio::const_buffer buffer, Token&& token = {}) {
    return initiate_write(buffer, write_extent::all, std::forward<Token>(token));
  }

  /// Hands over all of one buffer, which may be empty, and ends the message.
  template <class Token = asio::use_awaitable_t<>>
  auto async_finish(asio::const_buffer last, Token&& token = {}) {
    return initiate_write(last, write_extent::last, std::forward<Token>(token));
  }

  /// Server: sends a header section: any number of interim ones (:status 1xx), then the final one; `end` when no body
  /// follows.
  /// @par Completion Signature
  /// void(error_code): an http3::operation_error when the fields were refused.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_head(http3::field_list fields, bool end, Token&& token = {}) {
    return runtime::initiate_operation<>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, fields = std::move(fields), end](runtime::pending_operation<> operation) mutable {
          start_head(state, std::move(fields), end, std::move(operation));
        });
  }

  /// Sends the trailer section, which ends the message. Signature as above.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_trailers(http3::field_list fields, Token&& token = {}) {
    return runtime::initiate_operation<>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, fields = std::move(fields)](runtime::pending_operation<> operation) mutable {
          start_trailers(state, std::move(fields), std::move(operation));
        });
  }

  /// Sends the header section and then writes as `extent` says, in one go.
  /// @par Completion Signature
  /// void(error_code, std::size_t), as async_write_some() and async_send_head().
  template <class Token = asio::use_awaitable_t<>>
  auto async_write_with_head(http3::field_list head, asio::const_buffer buffer, write_extent extent,
                             Token&& token = {}) {
    return runtime::initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, head = std::move(head), buffer,
         extent](runtime::pending_operation<std::size_t> operation) mutable {
          start_write(state, std::move(head), buffer, extent, std::move(operation));
        });
  }

  /// Gives up the whole exchange; pending operations end with operation_aborted.
  void cancel(http3::error_code code);

  /// Body bytes handed over so far. Only on the executor.
  std::uint64_t bytes_written() const noexcept;

  /// The priority and the datagrams of the exchange.
  exchange_control control() const { return exchange_control(state_); }

private:
  friend class quasio::http3::response;

  template <class Token>
  auto initiate_write(asio::const_buffer buffer, write_extent extent, Token&& token) {
    return runtime::initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, buffer, extent](runtime::pending_operation<std::size_t> operation) {
          start_write(state, {}, buffer, extent, std::move(operation));
        });
  }

  static void start_write(const std::shared_ptr<exchange>& state, http3::field_list head, asio::const_buffer buffer,
                          write_extent extent, runtime::pending_operation<std::size_t> operation);
  static void start_head(const std::shared_ptr<exchange>& state, http3::field_list fields, bool end,
                         runtime::pending_operation<> operation);
  static void start_trailers(const std::shared_ptr<exchange>& state, http3::field_list fields,
                             runtime::pending_operation<> operation);
  std::shared_ptr<runtime::cancellable> cancel_target() const;
  void drop() noexcept;

  std::shared_ptr<exchange> state_;
};

/// Client: the response of an exchange. Its heads are taken first, then its body.
class response_reader {
public:
  response_reader() noexcept = default;
  explicit response_reader(std::shared_ptr<exchange> state) noexcept : body_(std::move(state)) {}

  /// The next header section: interim ones (status below 200), then the final one.
  /// @par Completion Signature
  /// void(error_code, response_head): an http3::error_code when the server abandoned the exchange; how the connection
  /// ended.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_head(Token&& token = {}) {
    return runtime::initiate_operation<response_head>(
        std::forward<Token>(token), body_.get_executor(), body_.cancel_target(),
        [state = body_.state_](runtime::pending_operation<response_head> operation) {
          start_head(state, std::move(operation));
        });
  }

  /// The body, to be read after the final header section.
  body_reader& body() noexcept { return body_; }
  /// The priority and the datagrams of the exchange.
  exchange_control control() const { return body_.control(); }

private:
  static void start_head(const std::shared_ptr<exchange>& state, runtime::pending_operation<response_head> operation);

  body_reader body_;
};

}  // namespace quasio::driver
