#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::driver {

class h3_driver;

/// What a datagram_flow stands for: who waits to send or to receive a datagram of one exchange. Belongs to the
/// executor.
class exchange_datagrams {
public:
  exchange_datagrams(h3_driver& driver, stream_id id) noexcept : driver_(&driver), id_(id) {}

  std::size_t max_payload() const;

  error_code try_to_send(asio::const_buffer payload, const http3::datagram_options& options);
  void send(asio::const_buffer payload, const http3::datagram_options& options, runtime::pending_operation<> operation);
  bool is_waiting_to_send() const noexcept { return !sends_.empty(); }

  std::size_t try_to_receive(asio::mutable_buffer into, error_code& error);
  void receive(asio::mutable_buffer into, runtime::pending_operation<std::size_t> operation);

  /// False when it is none of these operations.
  bool cancel(std::uint64_t tag);

  /// Some wait to be read. Whether there are any left that nobody waits for.
  bool on_readable();

  /// There may be room for those that wait to be sent. Whether all of them have gone.
  bool on_writable();

  /// The peer sends no more; those that came can still be read.
  void end_receiving(const error_code& code);
  void end_sending(const error_code& code);

  /// The driver goes away, after both have ended.
  void detach() noexcept { driver_ = nullptr; }
  void abandon() noexcept;

  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t received() const noexcept { return received_; }

private:
  struct waiting_send {
    asio::const_buffer payload;
    http3::datagram_options options;
    runtime::pending_operation<> operation;
  };
  struct waiting_receive {
    asio::mutable_buffer into;
    runtime::pending_operation<std::size_t> operation;
  };

  error_code offer(asio::const_buffer payload, const http3::datagram_options& options);
  bool is_to_wait(const error_code& code) const;
  void allow();
  void keep_what_arrived();

  h3_driver* driver_;
  stream_id id_;
  bool allowed_ = false;
  bool is_listed_ = false;  ///< The driver knows that some wait to be sent.
  std::deque<waiting_send> sends_;
  std::deque<waiting_receive> receives_;
  std::deque<std::vector<std::uint8_t>> kept_;  ///< What came before the end: http3::datagram_settings bounds it.
  std::optional<error_code> receive_end_;
  std::optional<error_code> send_end_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace quasio::driver
