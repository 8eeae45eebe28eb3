#pragma once

#include <memory>
#include <vector>

#include "quasio/runtime/raw_connection.hpp"
#include "runtime/datagram_carrier.hpp"
#include "runtime/io_worker.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {

/// What a raw_connection stands for: one worker, whose datagrams the program carries.
class raw_carrier final : public datagram_carrier,
                          public cancellable,
                          public std::enable_shared_from_this<raw_carrier> {
public:
  raw_carrier(const shard& where, std::shared_ptr<datagram_sink> sink, raw_options options)
      : shard_(where.state()), sink_(std::move(sink)), options_(std::move(options)) {}
  ~raw_carrier();

  const asio::any_io_executor& executor() const noexcept { return shard_->executor(); }

  void run(std::unique_ptr<quic::connection> connection, std::unique_ptr<application_over_quic> application);
  bool deliver(byte_view datagram, const network_path& path, ecn_codepoint ecn);
  bool is_drained() const noexcept { return worker_ == nullptr; }
  void wait_drained(pending_operation<> operation);

  /// Nobody brings datagrams any more.
  void drop();
  void cancel_operation(std::uint64_t tag) override;

  // datagram_carrier:
  void add_route(const connection_id& id, io_worker&) override { sink_->on_connection_id(id); }
  void remove_route(const connection_id& id, const io_worker&) override { sink_->on_connection_id_retired(id); }
  void handshake_ended(const io_worker&) override {}
  void forget(io_worker& worker) override;
  void on_client_hello(io_worker& worker, const quic::client_hello_received& hello, time_point now) override;
  void on_ended(const connection_audit& audit) override { options_.on_end(audit); }
  bool is_audited() const noexcept override { return options_.on_end != nullptr; }
  std::size_t max_segments(const network_path&) noexcept override;
  std::size_t send(const net::outgoing_datagrams& batch, error_code& error) override {
    return sink_->send(batch, error);
  }
  void wait_writable(const network_path& path, io_worker& worker) override;

private:
  std::shared_ptr<shard_state> shard_;
  std::shared_ptr<datagram_sink> sink_;
  raw_options options_;
  std::shared_ptr<io_worker> worker_;
  std::vector<pending_operation<>> waits_;
};

}  // namespace quasio::runtime
