#pragma once

#include <memory>
#include <utility>

#include "quasio/asio.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::runtime {

class quic_stream_state;

/// The first buffer of a sequence that is not empty: "some" operations need not take more.
template <class Buffer, class Sequence>
Buffer first_buffer(const Sequence& sequence) {
  for (auto it = asio::buffer_sequence_begin(sequence); it != asio::buffer_sequence_end(sequence); ++it) {
    const Buffer buffer(*it);
    if (buffer.size() != 0) return buffer;
  }
  return Buffer();
}

/// One stream of a QUIC connection, as bytes. Models AsyncReadStream and AsyncWriteStream: asio::async_read(),
/// async_write(), async_read_until() and operations composed of them work on it. On a unidirectional stream only one of
/// the two does.
///
/// A reader that does not read holds the sender back (flow control); a writer is held back when
/// settings::stream_send_buffer bytes wait to be sent. Dropping the stream before both sides have ended abandons what
/// is unfinished, with code 0.
///
/// Threads: everything may be called from any thread, but one thing at a time on one object. One read and one write may
/// be pending.
class quic_stream {
public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = quic_stream;

  /// No stream; operations on it end with bad_descriptor.
  quic_stream() noexcept;
  explicit quic_stream(std::shared_ptr<quic_stream_state> state) noexcept;
  quic_stream(quic_stream&&) noexcept;
  quic_stream& operator=(quic_stream&&) noexcept;
  ~quic_stream();

  bool is_open() const noexcept { return state_ != nullptr; }
  stream_id id() const noexcept;
  executor_type get_executor() const;
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  /// Reads at least one byte.
  /// @par Completion Signature
  /// void(error_code, std::size_t): eof at the end of the stream; the peer's code in stream_abandoned_category when it
  /// abandoned the stream; how the connection ended.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total; nothing is lost by it.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_read_some(const Buffers& buffers, Token&& token = {}) {
    return initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, buffer = first_buffer<asio::mutable_buffer>(buffers)](
            pending_operation<std::size_t> operation) { start_read(state, buffer, std::move(operation)); });
  }

  /// Hands over at least one byte; the buffer is free again on completion. Signature and cancellation as above, the
  /// peer's code when it asked to stop.
  template <class Buffers, class Token = asio::use_awaitable_t<>>
  auto async_write_some(const Buffers& buffers, Token&& token = {}) {
    return initiate_operation<std::size_t>(
        std::forward<Token>(token), get_executor(), cancel_target(),
        [state = state_, buffer = first_buffer<asio::const_buffer>(buffers)](pending_operation<std::size_t> operation) {
          start_write(state, buffer, std::move(operation));
        });
  }

  /// Ends the sending side: the peer reads eof after all that was written.
  void finish();

  /// Abandons the sending side (RESET_STREAM): what was not delivered never will be. A pending write ends with
  /// operation_aborted.
  void reset(std::uint64_t application_code);

  /// Abandons the receiving side and asks the peer to stop (STOP_SENDING). A pending read ends with operation_aborted.
  void stop_sending(std::uint64_t application_code);

  /// The order in which streams get to send, as quic::connection::set_stream_priority().
  void set_priority(std::uint8_t urgency, bool incremental);

private:
  static void start_read(const std::shared_ptr<quic_stream_state>& state, asio::mutable_buffer buffer,
                         pending_operation<std::size_t> operation);
  static void start_write(const std::shared_ptr<quic_stream_state>& state, asio::const_buffer buffer,
                          pending_operation<std::size_t> operation);
  std::shared_ptr<cancellable> cancel_target() const;
  void drop() noexcept;

  std::shared_ptr<quic_stream_state> state_;
};

}  // namespace quasio::runtime
