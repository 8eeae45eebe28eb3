#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "quasio/runtime/application_over_quic.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/runtime/quic_connection.hpp"
#include "runtime/datagram_port.hpp"
#include "runtime/quic_stream_state.hpp"

namespace quasio::runtime {

/// What a quic_connection stands for: its streams and who waits for what. All but is_over(), handshake() and path()
/// belongs to the executor.
class quic_connection_state final : public cancellable {
public:
  quic_connection_state(asio::any_io_executor executor, quic_connection_limits limits)
      : executor_(std::move(executor)), limits_(limits), datagrams_(limits.max_waiting_datagram_operations) {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }

  /// Fixed once the connection is established.
  const quic::handshake_summary& handshake() const noexcept { return handshake_; }
  const network_path& path() const noexcept { return path_; }

  void open(stream_direction direction, pending_operation<quic_stream> operation);
  void accept(pending_operation<quic_stream> operation);
  void wait_closed(pending_operation<connection_end> operation);
  void migrate(const ip_endpoint& local, quic::migration_timing when, pending_operation<network_path> operation);
  void tell_paths(pending_operation<std::vector<quic::path_statistics>> operation);
  void close(std::uint64_t code, std::string_view reason);
  error_code update_keys();
  void close_gracefully(std::uint64_t code, std::string_view reason, duration timeout,
                        pending_operation<connection_end> operation);
  /// Nobody holds the connection any more.
  void drop();
  void set_keep_alive(std::chrono::milliseconds interval, quic::keep_alive_scope scope);
  void set_idle_timeout(std::chrono::milliseconds timeout);
  datagram_port& datagrams() noexcept { return datagrams_; }
  std::size_t max_datagram_payload() const noexcept { return max_datagram_payload_.load(std::memory_order_relaxed); }
  void cancel_operation(std::uint64_t tag) override;

  // What the worker tells:
  void on_started(worker& host) { host_ = &host; }
  void on_established();
  void on_event(const quic::event& event);
  void on_connection_closed(const connection_end& end);
  void abandon() noexcept;

private:
  using waiting_opens = std::deque<pending_operation<quic_stream>>;

  void on(const quic::stream_opened& event);
  void on(const quic::stream_readable& event);
  void on(const quic::stream_writable& event);
  void on(const quic::stream_reset& event);
  void on(const quic::stream_stopped& event);
  void on(const quic::stream_closed& event);
  void on(const quic::streams_available& event);
  void on(const quic::datagrams_readable& event) { datagrams_.on(event); }
  void on(const quic::datagrams_writable& event) { datagrams_.on(event); }
  void on(const quic::datagram_fate& event) { datagrams_.on(event); }
  void on(const quic::datagram_limit_changed& event) { max_datagram_payload_ = event.max_payload; }
  void on(const quic::path_validated& event) { move_ended(event.path, {}); }
  void on(const quic::path_failed& event) { move_ended(event.path, error::path_failed); }
  void on(const quic::path_closed& event) { move_ended(event.path, error::path_failed); }
  template <class Other>
  void on(const Other&) {}

  /// A move that waits for its path to be validated.
  struct waiting_move {
    network_path path;
    pending_operation<network_path> operation;
    std::uint64_t tag() const noexcept { return operation.tag(); }
  };
  void move_ended(const network_path& path, const error_code& how);
  bool cancel_move(std::uint64_t tag);

  bool try_to_open(stream_direction direction, pending_operation<quic_stream>& operation);
  quic_stream add_stream(stream_id id);
  quic_stream_state* find(stream_id id) const;
  waiting_opens& opens(stream_direction direction) { return opens_[static_cast<std::size_t>(direction)]; }

  asio::any_io_executor executor_;
  quic_connection_limits limits_;
  worker* host_ = nullptr;
  std::atomic<bool> over_{false};
  quic::handshake_summary handshake_;
  network_path path_;
  std::optional<connection_end> end_;

  std::unordered_map<stream_id, std::shared_ptr<quic_stream_state>> streams_;
  std::array<waiting_opens, 2> opens_;
  std::deque<pending_operation<quic_stream>> accepts_;
  std::deque<quic_stream> unaccepted_;
  std::vector<pending_operation<connection_end>> closings_;
  std::vector<pending_operation<connection_end>> graceful_closings_;
  datagram_port datagrams_;
  std::atomic<std::size_t> max_datagram_payload_{0};
  std::vector<waiting_move> moves_;
};

/// Runs a quic_connection over QUIC. `on_outcome` is called once: with the connection when it is established, or with
/// why not.
class quic_application final : public application_over_quic {
public:
  using outcome = std::function<void(quic_connection, const connection_end*)>;

  quic_application(std::shared_ptr<quic_connection_state> state, outcome on_outcome)
      : state_(std::move(state)), on_outcome_(std::move(on_outcome)) {}
  ~quic_application() override { state_->abandon(); }

  void on_started(worker& host) override { state_->on_started(host); }
  void on_connection_established(worker& host, time_point now) override;
  void on_event(worker& host, const quic::event& event, time_point now) override;
  void on_connection_closed(const connection_end& end) override;

private:
  std::shared_ptr<quic_connection_state> state_;
  outcome on_outcome_;
};

}  // namespace quasio::runtime
