#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/net/udp_socket.hpp"
#include "quasio/runtime/application_over_quic.hpp"
#include "runtime/connection_records.hpp"
#include "runtime/datagram_carrier.hpp"
#include "runtime/inbound_run.hpp"
#include "runtime/worker_stages.hpp"

namespace quasio::runtime {

class client_sockets;
class shard_state;

struct io_worker_limits {
  std::size_t inbox_size = 64;
  std::size_t waiting_inbox_size = 8;
};

/// Owns one connection and is the only one to touch it; client and server alike. Its turn: take what came, tell events,
/// process_reads, process_writes, send, set the timer. Everything runs on the shard's executor.
class io_worker final : public worker, public std::enable_shared_from_this<io_worker> {
public:
  io_worker(std::shared_ptr<shard_state> shard, datagram_carrier& router, std::unique_ptr<quic::connection> connection,
            io_worker_limits limits);
  ~io_worker();

  /// Tells the router the connection IDs that exist from the start. Call it once, before anything is delivered.
  void register_first_ids();

  /// Begins the handshake.
  void start(std::unique_ptr<application_over_quic> application);

  /// Ends a connection that was never started.
  void refuse();

  /// Puts datagrams into the inbox, and says whether they are the first there: then a turn is due.
  bool deliver(inbound_run run);

  /// A client's: how it gets sockets to move to. Call it before start().
  void may_move_by(std::unique_ptr<client_sockets> sockets);

  /// One turn, now. The caller keeps the worker alive meanwhile.
  void turn();

  /// The network refuses what is sent to the peer: nobody is there, or no way leads there.
  void on_peer_refused(const error_code& code);

  /// What a handshake waited for: see quic::connection::answer_client_hello().
  void answer_client_hello(crypto::client_hello_answer how);

  /// The socket has room again, or is gone.
  void on_writable(const error_code& error);

  /// Nothing carries datagrams to the peer any more: the connection ends at once.
  void on_carrier_lost();

  /// The router goes away.
  void detach() noexcept;

  /// Whether the handshake was neither completed nor given up.
  bool is_handshaking() const noexcept;

  // worker:
  quic::connection& connection() noexcept override { return *connection_; }
  const asio::any_io_executor& get_executor() const noexcept override;
  random_source& random() noexcept override;
  void wake() override;
  result<network_path, error_code> migrate(const ip_endpoint& local, quic::migration_timing when) override;
  void give_up(const network_path& path) override;
  void close(std::uint64_t application_code, std::string_view reason) override;
  void close_gracefully(std::uint64_t application_code, std::string_view reason, duration timeout) override;

private:
  using timer_type = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                                asio::any_io_executor>;

  void take_turn(time_point now);
  bool keep_for_application(awaiting_application& stage, const inbound_run& run);
  void drain_inbox(time_point now);
  bool tell_events(time_point now);
  void on(const quic::handshake_completed& event, time_point now);
  void on(const quic::client_hello_received& event, time_point now);
  void on(const quic::early_data_ready& event, time_point now);
  void on(const quic::connection_id_issued& event, time_point now);
  void on(const quic::connection_id_retired& event, time_point now);
  void on(const quic::connection_closed& event, time_point now);
  void on(const quic::path_failed& event, time_point now);
  void on(const quic::path_closed& event, time_point now);
  void on(const quic::preferred_address_offered& event, time_point now);
  template <class ForApplication>
  void on(const ForApplication& event, time_point now);
  template <class Event>
  void tell_application(const Event& event, time_point now);

  application_over_quic* application() noexcept;
  /// The application, if it is to have its turns.
  application_over_quic* lively_application() noexcept;
  bool is_finished() const noexcept { return std::holds_alternative<finished>(stage_); }
  void end(const connection_end& how, worker_stage next);
  void finish();

  void flush(time_point now);
  bool send(net::outgoing_datagrams batch);
  void hold_back(const net::outgoing_datagrams& rest);
  void send_what_was_held_back();
  bool on_send_refused(const error_code& error, const network_path& path);

  void set_timer();
  void on_timer();

  std::shared_ptr<shard_state> shard_;
  datagram_carrier* router_;
  std::unique_ptr<quic::connection> connection_;
  io_worker_limits limits_;
  worker_stage stage_;
  connection_records records_;

  std::unique_ptr<client_sockets> client_sockets_;

  std::vector<inbound_run> inbox_;
  std::vector<connection_id> ids_;

  /// What a full socket did not take; nothing else is sent before it.
  struct held_back_batch {
    std::vector<std::uint8_t> data;
    std::size_t segment_size = 0;
    network_path path;
    ecn_codepoint ecn = ecn_codepoint::not_ect;
  };
  held_back_batch held_back_;

  timer_type timer_;
  std::optional<time_point> timer_set_for_;
  bool turn_scheduled_ = false;
  time_point woken_at_{};
  unsigned refusals_in_a_row_ = 0;
  time_point last_heard_of_peer_{};
};

}  // namespace quasio::runtime
