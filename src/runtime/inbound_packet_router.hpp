#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quasio/net/udp_socket.hpp"
#include "quasio/quic/acceptor.hpp"
#include "quasio/runtime/inheritance.hpp"
#include "quasio/runtime/listen.hpp"
#include "quasio/runtime/pending_operation.hpp"
#include "quasio/runtime/shard.hpp"
#include "runtime/client_hello_desk.hpp"
#include "runtime/datagram_carrier.hpp"
#include "runtime/handover_channel.hpp"
#include "runtime/inbound_run.hpp"
#include "runtime/io_worker.hpp"
#include "runtime/keyed_hash.hpp"

namespace quasio::runtime {

class inbound_packet_router;

/// What the router's pending handlers hold. A handler that is destroyed unheard tells the router so: its io_context has
/// gone, and those who still wait for the router, and may own it, must be let go.
class router_hold {
public:
  explicit router_hold(std::shared_ptr<inbound_packet_router> router) noexcept : router_(std::move(router)) {}
  router_hold(router_hold&&) noexcept = default;
  router_hold& operator=(router_hold&&) = delete;
  ~router_hold();

  std::shared_ptr<inbound_packet_router> take() noexcept { return std::exchange(router_, nullptr); }

private:
  std::shared_ptr<inbound_packet_router> router_;
};

/// The routers of several shards that serve one address.
struct router_group {
  std::vector<std::weak_ptr<inbound_packet_router>> by_shard;  ///< Does not change once the routers run.
  mutable std::atomic<std::size_t> serving{0};                 ///< Those that are not through.
};

struct router_limits {
  std::size_t accept_backlog = 256;
  std::size_t max_connections = 100'000;
  io_worker_limits worker;
  bool count_subnets = false;
};

/// Owns sockets and their receive halves: gives each datagram to the worker of its connection, or to the acceptor. Owns
/// the workers too, until their connections have drained. Everything runs on the shard's executor.
class inbound_packet_router final : public datagram_carrier,
                                    public cancellable,
                                    public std::enable_shared_from_this<inbound_packet_router> {
public:
  /// Without acceptor options it takes no connections (a client's).
  inbound_packet_router(const runtime::shard& where, net::udp_socket socket, router_limits limits,
                        std::size_t connection_id_size);
  ~inbound_packet_router();

  /// `ids` are what the acceptor generates.
  void accept_by(std::unique_ptr<quic::acceptor> acceptor, std::shared_ptr<quic::connection_id_generator> ids);
  /// What the program decides about each connection, and hears of it. Before any comes.
  void hook_in(connection_hooks hooks) {
    desk_ = std::make_shared<client_hello_desk>(where_.state(), std::move(hooks));
  }
  void join_group(std::shared_ptr<const router_group> group) {
    group_ = std::move(group);
    group_->serving.fetch_add(1, std::memory_order_relaxed);
  }

  /// From whom the sockets are: what nobody here knows is asked there first. Before start().
  void inherit(net::descriptor channel);

  /// Stops receiving and gives the sockets to another process: what is here is learnt from its questions from then on.
  /// Errors: listener_closed; already_started while an heir lives; what the system says.
  inherited_listener hand_over(error_code& error);

  /// Takes over a connection that this side began.
  io_worker& adopt(std::unique_ptr<quic::connection> connection);

  /// Begins to receive. The router lives from then on until close() and the end of its last connection.
  void start();

  /// Accepts no more; see listener::close().
  void close();

  void on_accept(std::function<void(incoming_connection)> handler);
  void accept(pending_operation<incoming_connection> operation);

  /// The io_context goes away: connections and waiting operations are destroyed unheard.
  void abandon() noexcept;
  void cancel_operation(std::uint64_t tag) override;

  /// Takes datagrams that reached another shard's socket. Any thread; false when too many wait already.
  bool try_claim_forwarding() noexcept;
  void take_forwarded(byte_view datagrams, std::size_t segment_size, const network_path& path, ecn_codepoint ecn);

  const runtime::shard& shard() const noexcept { return where_; }

  /// Of the first socket, which serves all that no other does.
  const ip_endpoint& local_endpoint() const noexcept { return sockets_.front()->local; }

  /// Receives by another socket, too: a server's second address, or a new one of a client.
  void add_socket(net::udp_socket socket);

  /// Closes the socket that is bound to this address, unless it is the last one.
  void remove_socket(const ip_endpoint& local) noexcept;

  /// The socket by which datagrams leave on this path.
  net::udp_socket& socket_for(const network_path& path) noexcept { return entry_for(path).socket; }

  bool is_routed(const connection_id& id) const { return routes_.contains(id); }

  // The workers' side, as datagram_carrier:
  // The first to have an ID keeps it: a short one may come twice.
  void add_route(const connection_id& id, io_worker& worker) override { routes_.try_emplace(id, &worker); }
  void remove_route(const connection_id& id, const io_worker& worker) override;
  void handshake_ended(const io_worker& worker) override;
  void forget(io_worker& worker) override;
  void on_client_hello(io_worker& worker, const quic::client_hello_received& hello, time_point now) override;
  void on_ended(const connection_audit& audit) override;
  bool is_audited() const noexcept override;
  std::size_t max_segments(const network_path& path) noexcept override;
  std::size_t send(const net::outgoing_datagrams& batch, error_code& error) override;
  void wait_writable(const network_path& path, io_worker& worker) override;

private:
  using timer_type = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                                asio::any_io_executor>;

  /// A socket, and how receiving from it fares.
  struct socket_entry {
    socket_entry(net::udp_socket opened, const asio::any_io_executor& executor)
        : socket(std::move(opened)), local(socket.local_endpoint()), back_off_timer(executor) {}

    void close() noexcept {
      back_off_timer.cancel();
      socket.close();
    }

    net::udp_socket socket;
    ip_endpoint local;
    timer_type back_off_timer;
    bool is_waiting = false;
    std::size_t receive_width = net::max_receive_batch;
    std::uint64_t refusals_seen = 0;
    std::uint64_t drops_seen = 0;
  };
  using entry_pointer = std::shared_ptr<socket_entry>;

  socket_entry& entry_for(const network_path& path) noexcept;

  void wait_for_datagrams(const entry_pointer& at);
  void receive(const entry_pointer& at);
  bool receive_batch(const entry_pointer& at);
  void back_off(const entry_pointer& at);
  void note_refusals(socket_entry& at);
  void count_reception(socket_entry& at, const error_code& error);

  void route(const net::received_datagrams& batch, time_point now);
  io_worker* find(byte_view datagram) const;
  bool has_same_destination(byte_view first, byte_view other) const noexcept;
  void deliver(io_worker& worker, inbound_run run);
  void run_touched_workers();

  void take_unknown(inbound_run run, time_point now);
  bool pass_on(const inbound_run& run);
  void take_unknown_on_shard(inbound_run run, time_point now);
  void take_strange(inbound_run run, time_point now);

  using channel_pointer = std::shared_ptr<handover_channel>;
  bool has_relatives() const noexcept { return testator_ != nullptr || heir_ != nullptr; }
  void wait_for_relative(const channel_pointer& at);
  void receive_from_relative(const channel_pointer& at);
  void take_from_relative(const channel_pointer& at, inbound_run run, time_point now);
  void on_relative_gone(const channel_pointer& at);
  void consider(inbound_run run, time_point now);
  std::unique_ptr<quic::connection> consider(byte_view datagram, const network_path& path, time_point now);
  void count(quic::ignored::cause why, const network_path& path);
  void count(initial_rejection why, const network_path& path);
  void tell_the_time(time_point now);
  void take_in(std::unique_ptr<quic::connection> connection, inbound_run run);
  void reply(byte_view datagram, const network_path& path);

  io_worker& add_worker(std::unique_ptr<quic::connection> connection);
  void announce(std::shared_ptr<io_worker> worker);
  void close_socket_when_done();
  bool is_needed_by_siblings();
  void close_sockets() noexcept;

  runtime::shard where_;
  shard_state& shard_;
  std::vector<entry_pointer> sockets_;  // Never empty.
  bool is_receiving_ = false;
  router_limits limits_;
  std::size_t connection_id_size_;
  std::unique_ptr<quic::acceptor> acceptor_;
  std::shared_ptr<quic::connection_id_generator> ids_;
  std::optional<time_point> time_told_at_;
  std::shared_ptr<const router_group> group_;
  channel_pointer testator_;
  channel_pointer heir_;
  bool is_through_ = false;
  std::shared_ptr<client_hello_desk> desk_;

  std::unordered_map<connection_id, io_worker*, keyed_hash> routes_;
  std::unordered_map<const io_worker*, std::shared_ptr<io_worker>> workers_;
  std::vector<std::shared_ptr<io_worker>> touched_;
  std::size_t handshakes_under_way_ = 0;

  std::function<void(incoming_connection)> accept_handler_;
  std::deque<pending_operation<incoming_connection>> accepts_;
  std::deque<std::shared_ptr<io_worker>> backlog_;

  std::atomic<unsigned> forwarded_waiting_{0};
};

}  // namespace quasio::runtime
