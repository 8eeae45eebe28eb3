#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "quasio/quic/datagram.hpp"
#include "quasio/quic/events.hpp"
#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/pending_operation.hpp"

namespace quasio::runtime {

/// The datagrams of a quic_connection: who waits to send or to receive one. Belongs to the executor.
class datagram_port {
public:
  using fate_handler = std::function<void(std::uint64_t cookie, quic::datagram_outcome outcome)>;

  explicit datagram_port(std::size_t max_waiting) noexcept : max_waiting_(max_waiting) {}

  /// The connection is established.
  void open(worker& host) noexcept { host_ = &host; }

  error_code try_to_send(asio::const_buffer data, const quic::datagram_options& options);
  void send(asio::const_buffer data, const quic::datagram_options& options, pending_operation<> operation);

  /// would_block when none is at hand; message_size when `into` was too small, and the rest is lost.
  std::size_t try_to_receive(asio::mutable_buffer into, error_code& error);
  void receive(asio::mutable_buffer into, pending_operation<std::size_t> operation);

  void purge_group(std::uint64_t group);
  void on_fate(fate_handler handler) { on_fate_ = std::move(handler); }

  bool cancel(std::uint64_t tag);

  // What the connection tells:
  void on(const quic::datagrams_readable& event);
  void on(const quic::datagrams_writable& event);
  void on(const quic::datagram_fate& event);

  /// What came and was not received yet stays.
  void on_connection_closed(const error_code& code);

  /// The connection is destroyed without having ended.
  void abandon() noexcept;

private:
  struct waiting_send {
    asio::const_buffer data;
    quic::datagram_options options;
    pending_operation<> operation;
  };
  struct waiting_receive {
    asio::mutable_buffer into;
    pending_operation<std::size_t> operation;
  };

  error_code end_code() const;

  std::size_t max_waiting_;
  worker* host_ = nullptr;
  error_code end_;  ///< How the connection ended; none before.
  std::deque<waiting_send> sends_;
  std::deque<waiting_receive> receives_;
  std::deque<std::vector<std::uint8_t>> kept_;  ///< Of a connection that has ended.
  fate_handler on_fate_;
};

}  // namespace quasio::runtime
