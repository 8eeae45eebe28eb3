#pragma once

#include <atomic>
#include <cstdint>

namespace quasio::runtime {

/// A number that one thread changes and any thread may read.
class counter {
public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one shard has seen. Only its thread writes; any thread may read.
struct counters {
  counter connections_in_memory;  ///< A gauge: includes those that only drain.
  counter handshakes_under_way;   ///< A gauge: accepted ones that have not completed.
  counter connections_accepted;
  counter connections_established;
  counter failed_handshakes;

  counter accepted_initial_packets;
  counter rejected_initial_packets;  ///< Refused by the acceptor: not QUIC, too small, a bad token, over its limit.
  counter accept_backlog_drops;      ///< Initial packets dropped because too many connections wait, or exist.
  counter stateless_replies;         ///< Version Negotiation, Retry, refusals and Stateless Resets sent.
  counter stateless_resets;          ///< Of these the Stateless Resets (RFC 9000, section 10.3).
  counter stateless_resets_limited;  ///< Those not sent: acceptor_options::stateless_reset.
  counter unroutable_packets;        ///< For no connection known here (tokio-quiche: invalid_cid_packet_count).

  counter inbox_drops;        ///< Datagrams dropped because a connection's inbox was full.
  counter forwarded_packets;  ///< Passed on to the shard that owns the connection.
  counter forwarding_drops;   ///< Not passed on because that shard is behind.
  counter receive_errors;
  counter write_errors;  ///< Batches that the system refused for another reason than a full socket.
  counter write_would_block;

  counter worker_turns;
  counter datagrams_delivered;
};

}  // namespace quasio::runtime
