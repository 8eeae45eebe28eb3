#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/exchange_datagrams.hpp"
#include "driver/exchange_records.hpp"
#include "quasio/driver/exchange.hpp"
#include "quasio/driver/h3_event.hpp"
#include "quasio/http3/connection.hpp"

namespace quasio::driver {

class h3_driver;

/// One request and its response, on either side: what body_reader, body_writer and response_reader stand for. All but
/// is_over() belongs to the executor. The driver knows it while the stream lives; handles keep it beyond that, to say
/// how it ended.
class exchange final : public runtime::cancellable, public std::enable_shared_from_this<exchange> {
public:
  exchange(h3_driver& driver, stream_id id);

  stream_id id() const noexcept { return id_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Whether nothing can be done to it any more. Any thread.
  bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }

  /// Nothing of our message, or of the peer's, is yet to come.
  void mark_sent() {
    write_end_ = make_error_code(http3::operation_error::wrong_state);
    datagrams_.end_sending(*write_end_);
    records_.on_sent_all(message_end::with_head);
  }
  void mark_received() {
    read_end_ = asio::error::eof;
    datagrams_.end_receiving(*read_end_);
    records_.on_received_all(message_end::with_head);
  }

  exchange_records& records() noexcept { return records_; }

  /// Called once, when the peer abandons its message or refuses ours, or the connection ends before the exchange did.
  void on_abandoned(std::function<void()> handler) { abandoned_handler_ = std::move(handler); }

  // Reading:
  void read(asio::mutable_buffer buffer, runtime::pending_operation<std::size_t> operation);
  void read_all(std::size_t limit, runtime::pending_operation<std::string> operation);
  void receive_head(runtime::pending_operation<response_head> operation);
  const http3::field_list& trailers() const noexcept { return trailers_; }
  void drop_reader();

  /// More body bytes than that end a read with client_error::body_too_large.
  void limit_body(std::uint64_t most) noexcept { body_limit_ = most; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }

  /// How long a server waits for more of the body, where that is not server_limits::body_timeout; 0: for ever.
  void set_body_timeout(std::chrono::milliseconds most) noexcept { body_timeout_ = most; }
  std::optional<std::chrono::milliseconds> body_timeout() const noexcept { return body_timeout_; }
  bool is_waiting_to_read() const noexcept { return is_reading() || receiving_head_; }

  /// Ends reading on our own account: nothing more of the peer's message is wanted.
  void give_up_reading(const error_code& why);

  // Writing:
  void write(const http3::field_list& head, asio::const_buffer buffer, write_extent extent,
             runtime::pending_operation<std::size_t> operation);
  void send_head(const http3::field_list& fields, bool end, runtime::pending_operation<> operation);
  void send_trailers(const http3::field_list& fields, runtime::pending_operation<> operation);
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  bool is_waiting_to_write() const noexcept { return static_cast<bool>(writing_.operation); }
  bool is_written() const noexcept { return write_finished_; }
  void drop_writer();

  /// Ends writing on our own account; cancel() or drop_writer() tells the peer.
  void give_up_writing(const error_code& why);

  // Both:
  exchange_datagrams& datagrams() noexcept { return datagrams_; }
  error_code set_priority(const http3::priority& wanted);
  http3::priority priority() const;
  void on_priority_change(priority_handler handler) { priority_handler_ = std::move(handler); }

  /// On a client: the server has said that it did nothing about the request (RFC 9114, sections 4.1.1 and 5.2).
  bool was_unprocessed() const noexcept { return was_unprocessed_; }

  void cancel(http3::error_code code);

  /// Gives up one half, or both.
  void shut_down(stream_half half, http3::error_code code);
  void cancel_operation(std::uint64_t tag) override;

  // What the driver tells:
  void on_fields(http3::fields_received&& received);
  void on_body_readable();
  void on_body_writable() { try_to_write(); }
  void on_aborted(const http3::message_aborted& event);
  void on_refused(const http3::message_refused& event);
  void on_priority_changed(const http3::priority& wanted);
  void on_datagrams_readable();
  void on_closed();
  /// The connection is about to go: what has arrived of the body, and can still be read, is taken over.
  void keep_what_arrived();
  void on_connection_closed(const error_code& code);
  void abandon() noexcept;

private:
  // What waits for body bytes: at most one of the two.
  struct one_read {
    asio::mutable_buffer buffer;
    runtime::pending_operation<std::size_t> operation;
  };
  struct whole_read {
    std::string text;  ///< Longer than what was read, so that it grows seldom.
    std::size_t filled = 0;
    std::size_t limit = 0;
    runtime::pending_operation<std::string> operation;

    void complete(const error_code& code);
  };
  // What outlives the connection, for a reader that is slower than the network.
  struct kept_body {
    std::vector<std::uint8_t> bytes;
    std::size_t taken = 0;
    std::optional<error_code> end;  ///< What follows the bytes.

    bool is_read() const noexcept { return taken == bytes.size(); }
  };
  struct one_write {
    asio::const_buffer rest;
    std::size_t done = 0;
    write_extent extent = write_extent::some;
    runtime::pending_operation<std::size_t> operation;
  };

  bool is_reading() const noexcept { return reading_.operation || reading_all_.operation; }
  void try_to_read();
  void try_to_read_all();
  bool is_read_to_the_end() const noexcept { return read_end_ && !gave_up_reading_; }
  std::size_t read_at_hand(byte_span into);
  void note_read(std::size_t size, bool end);
  void end_records();
  std::size_t read_kept(byte_span into);
  void end_reading(const error_code& code);
  void complete_reads();

  void try_to_write();
  error_code put_head(const http3::field_list& fields, bool end);
  error_code after_refusal(http3::operation_error error);
  void finish_writing();
  void end_writing(const error_code& code);
  void tell_abandoned();

  h3_driver* driver_;  ///< Null once the stream or its connection has ended.
  asio::any_io_executor executor_;
  stream_id id_;
  std::atomic<bool> over_{false};
  bool is_server_;

  one_read reading_;
  whole_read reading_all_;
  std::optional<error_code> read_end_;
  kept_body kept_;
  bool reader_dropped_ = false;
  bool gave_up_reading_ = false;  ///< The peer does not know that reading has ended.
  std::uint64_t body_limit_ = UINT64_MAX;
  std::uint64_t bytes_read_ = 0;
  std::optional<std::chrono::milliseconds> body_timeout_;
  std::deque<response_head> heads_;
  runtime::pending_operation<response_head> receiving_head_;
  http3::field_list trailers_;

  one_write writing_;
  std::optional<error_code> write_end_;
  bool write_finished_ = false;
  bool gave_up_writing_ = false;  ///< The peer does not know that writing has ended.
  std::uint64_t bytes_written_ = 0;

  exchange_datagrams datagrams_;
  mutable http3::priority priority_;  ///< As it was known last.
  priority_handler priority_handler_;
  bool was_unprocessed_ = false;

  std::function<void()> abandoned_handler_;
  exchange_records records_;
};

}  // namespace quasio::driver
