#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::runtime {

/// What a quic_stream stands for. All but is_over() belongs to the executor.
class quic_stream_state final : public cancellable {
public:
  quic_stream_state(worker& host, stream_id id);

  stream_id id() const noexcept { return id_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Whether nothing can be done to the stream any more. Any thread.
  bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }

  void read(asio::mutable_buffer buffer, pending_operation<std::size_t> operation);
  void write(asio::const_buffer buffer, pending_operation<std::size_t> operation);
  void finish();
  void reset(std::uint64_t code);
  void stop_sending(std::uint64_t code);
  void set_priority(std::uint8_t urgency, bool incremental);
  void drop();
  void cancel_operation(std::uint64_t tag) override;

  // What the connection tells:
  void on_readable() { try_to_read(); }
  void on_writable() { try_to_write(); }
  void on_reset(std::uint64_t code);
  void on_stopped(std::uint64_t code);
  void on_closed();
  void on_connection_closed(const error_code& code);

  /// The connection is destroyed without having ended: pending operations are destroyed unheard.
  void abandon() noexcept;

private:
  void try_to_read();
  std::size_t read_at_hand(asio::mutable_buffer into);
  std::size_t read_kept(asio::mutable_buffer into);
  void keep_what_came(error_code end);
  void try_to_write();
  void end_reading(const error_code& code);
  void end_writing(const error_code& code);

  asio::any_io_executor executor_;
  worker* host_;  ///< Null once the stream or its connection has ended.
  stream_id id_;
  std::atomic<bool> over_{false};

  asio::mutable_buffer read_buffer_;
  pending_operation<std::size_t> reading_;
  asio::const_buffer write_buffer_;
  pending_operation<std::size_t> writing_;
  std::optional<error_code> read_end_;

  /// What had come when the connection ended, and how reading ends after it.
  struct kept_bytes {
    std::vector<std::uint8_t> bytes;
    std::size_t taken = 0;
    error_code end;
  };
  std::optional<kept_bytes> kept_;
  std::optional<error_code> write_end_;
};

}  // namespace quasio::runtime
