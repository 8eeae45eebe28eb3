#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "quasio/runtime/counter.hpp"
#include "quasio/runtime/subnet_counters.hpp"

namespace quasio::runtime {

/// Numbers of fixed kinds, each under its enumerator; the last enumerator is `count`.
template <class Kind>
class counters_by {
public:
  /// The number of one kind. `count` is none.
  counter& operator[](Kind kind) noexcept { return values_[static_cast<std::size_t>(kind)]; }
  const counter& operator[](Kind kind) const noexcept { return values_[static_cast<std::size_t>(kind)]; }
  static constexpr std::size_t size() noexcept { return static_cast<std::size_t>(Kind::count); }

private:
  std::array<counter, static_cast<std::size_t>(Kind::count)> values_;
};

/// How often values fell between fixed bounds. One thread observes, any may read; what is read while something is
/// observed may lack that one value in some of its numbers.
class histogram {
public:
  static constexpr std::size_t max_bounds = 16;

  /// `bounds` are the upper ends of the buckets, rising, at most max_bounds; they must live as long as this. What is
  /// beyond the last falls into a bucket of its own.
  explicit histogram(std::span<const double> bounds) noexcept
      : bounds_(bounds.first(std::min(bounds.size(), max_bounds))) {}

  void observe(double value) noexcept {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    buckets_[static_cast<std::size_t>(at - bounds_.begin())].add();
    sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  /// As given to the constructor.
  std::span<const double> bounds() const noexcept { return bounds_; }

  /// Of the bucket that ends with that bound; bounds().size() is the one beyond.
  std::uint64_t in_bucket(std::size_t index) const noexcept { return buckets_[index].value(); }
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

private:
  std::span<const double> bounds_;
  std::array<counter, max_bounds + 1> buckets_;
  std::atomic<double> sum_{0};
};

/// Bounds in seconds for what takes microseconds, and for what takes milliseconds.
inline constexpr std::array<double, 14> microsecond_bounds = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4,
                                                              2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 1e-1};
inline constexpr std::array<double, 14> millisecond_bounds = {5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2,
                                                              0.1,  0.25, 0.5,    1,    2.5,  5,      10};
inline constexpr std::array<double, 12> lifetime_bounds = {0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 900, 3600, 14400};
inline constexpr std::array<double, 12> stream_bounds = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000};
inline constexpr std::array<double, 12> bandwidth_bounds = {0.1, 0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 10000};
inline constexpr std::array<double, 10> percent_bounds = {0.1, 0.5, 1, 2, 5, 10, 20, 30, 50, 100};

/// Why a client's first packet was not accepted.
enum class initial_rejection : std::uint8_t {
  token_validation_failed,
  failed_to_parse,  ///< No QUIC, a first packet that is too small, or one that its keys do not open.
  wrong_type,       ///< Neither of a connection that exists, nor one that could begin one.
  accept_queue_overflow,
  not_admitted,         ///< By acceptor_options::admit.
  too_many_handshakes,  ///< More than acceptor_options::max_handshakes.
  unexpected,           ///< TLS made no session.
  count
};

/// Why a handshake failed.
enum class handshake_failure : std::uint8_t {
  tls,         ///< An alert of this side or the peer's.
  transport,   ///< The peer, or this side, says that QUIC was not spoken properly.
  timeout,     ///< settings::handshake_timeout or the idle timeout.
  disconnect,  ///< The peer left, or its host or network says that nobody is there.
  refused,     ///< By this side's application.
  count
};

/// What a connection ended by; each ended connection is counted under one.
enum class ending : std::uint8_t {
  closed_here,     ///< The application did, with whatever code.
  closed_by_peer,  ///< The peer's application did, or its transport with NO_ERROR.
  error_here,      ///< The peer broke the protocol.
  error_of_peer,   ///< The peer says that this side broke it.
  idle_timeout,
  handshake_timeout,
  stateless_reset,
  version_negotiation,
  no_viable_path,
  network,  ///< The system refuses what is sent to the peer, or the path was taken away.
  count
};

/// The codes of transport errors (RFC 9000, section 20.1): the enumerator is the code, but for the last two.
enum class close_code : std::uint8_t {
  no_error,
  internal_error,
  connection_refused,
  flow_control_error,
  stream_limit_error,
  stream_state_error,
  final_size_error,
  frame_encoding_error,
  transport_parameter_error,
  connection_id_limit_error,
  protocol_violation,
  invalid_token,
  application_error,
  crypto_buffer_exceeded,
  key_update_error,
  aead_limit_reached,
  no_viable_path,
  crypto_error,  ///< 0x100 to 0x1ff: an alert of TLS.
  other,
  count
};

/// What one shard has seen. Only its thread writes; any thread may read. collect_metrics() says what each is called
/// where metrics are collected.
struct counters {
  counter connections_in_memory;  ///< A gauge: includes those that only drain.
  counter handshakes_under_way;   ///< A gauge: accepted ones that have not completed.
  counter connections_accepted;
  counter connections_established;
  counter failed_handshakes;
  counters_by<handshake_failure> handshake_failures;  ///< The same, by cause.

  counter accepted_initial_packets;
  counter rejected_initial_packets;  ///< Refused by the acceptor: not QUIC, too small, a bad token, over its limit.
  counters_by<initial_rejection> initial_rejections;
  subnet_counters initials_by_subnet;  ///< Where listen_options::count_subnets is on.
  counter accept_backlog_drops;        ///< Initial packets dropped because too many connections wait, or exist.
  counter stateless_replies;           ///< Version Negotiation, Retry, refusals and Stateless Resets sent.
  counter stateless_resets;            ///< Of these the Stateless Resets (RFC 9000, section 10.3).
  counter stateless_resets_limited;    ///< Those not sent: acceptor_options::stateless_reset.
  counter unroutable_packets;          ///< For no connection known here (tokio-quiche: invalid_cid_packet_count).

  counter client_hellos_waiting;    ///< A gauge: handshakes that wait for connection_hooks::on_client_hello.
  counter client_hellos_timed_out;  ///< No answer came in time.
  counter client_hellos_dropped;    ///< Refused because connection_hooks::max_waiting_hellos waited already.

  histogram handshake_queue_seconds{millisecond_bounds};     ///< From the first packet to start().
  histogram handshake_protocol_seconds{millisecond_bounds};  ///< From start() to completion.
  histogram handshake_response_seconds{millisecond_bounds};  ///< From the first packet to the first answer.
  counter skipped_mid_handshake_flushes;                     ///< Turns of handshakes that wait for an answer.

  counter inbox_drops;         ///< Datagrams dropped because a connection's inbox was full.
  counter forwarded_packets;   ///< Passed on to the shard that owns the connection.
  counter forwarding_drops;    ///< Not passed on because that shard is behind.
  counter handover_questions;  ///< Passed on to the process of before, which may know them.
  counter handover_answers;    ///< Given back to the process of after: of no connection here.
  counter handover_drops;      ///< Neither, because that process is behind.
  counter receive_errors;
  counter kernel_drops;   ///< Datagrams that came while a socket's receive buffer was full.
  counter write_errors;   ///< Batches that the system refused for another reason than a full socket.
  counter write_partial;  ///< Batches of which the system took a part only.
  counter write_would_block;
  histogram write_blocked_seconds{millisecond_bounds};  ///< How long a connection waited for a full socket.

  counters_by<ending> endings;
  counters_by<close_code> closes_sent;      ///< Transport codes of CONNECTION_CLOSE frames (type 0x1c).
  counters_by<close_code> closes_received;  ///< The same of the peers'.
  histogram connection_seconds{lifetime_bounds};
  histogram peak_streams{stream_bounds};  ///< The most streams that an ended connection had open at once.
  counter utilized_bandwidth;             ///< A gauge: bytes a second that connections deliver now, measured by ACKs.
  histogram max_bandwidth_mbps{bandwidth_bounds};  ///< The most that an ended connection delivered.
  histogram max_loss_percent{percent_bounds};      ///< The worst tenth of a second of an ended connection.
  counter bytes_received;                          ///< UDP payload of ended connections, like the following.
  counter bytes_sent;
  counter packets_received;
  counter packets_sent;
  counter packets_lost;

  counter worker_turns;
  histogram turn_seconds{microsecond_bounds};        ///< How long a connection's turn took.
  histogram wake_delay_seconds{microsecond_bounds};  ///< From worker::wake() to the turn.
  counter turn_nanoseconds;                          ///< All turns together.
  counter datagrams_delivered;

  counter receive_buffers;          ///< A gauge: that exist.
  counter receive_buffers_in_use;   ///< A gauge.
  counter receive_buffers_missing;  ///< Times that all were in use and the kernel's buffer had to wait.
};

}  // namespace quasio::runtime
