#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "quasio/base/time.hpp"
#include "quasio/recovery/rate_sample.hpp"

namespace quasio::recovery {

/// What is known about the round trip of a path (RFC 9002, section 5). All but `smoothed` and `variation` are zero
/// before the first sample.
struct rtt_statistics {
  duration latest{};
  duration smoothed{};
  duration variation{};
  duration minimum{};
};

/// A packet that counts as in flight left.
struct sent_event {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_in_flight_before = 0;  ///< On the path, without this packet.
  bool app_limited = false;                  ///< The sender had run out of data, a round trip ago or less.
};

/// What one ACK frame newly acknowledged of the packets in flight on a path.
struct ack_event {
  std::uint64_t bytes = 0;                   ///< Sum over the acknowledged packets that were in flight.
  std::uint64_t bytes_in_flight_before = 0;  ///< On the path, before these bytes left it.
  std::uint64_t bytes_in_flight = 0;         ///< On the path, after these bytes and the lost ones left it.
  time_point newest_time_sent{};             ///< When the newest of these packets was sent.
  bool window_underutilized = false;         ///< The sender had not filled the window (RFC 9002, section 7.8).
  rtt_statistics rtt{};                      ///< After the sample of this ACK frame, if it gave one.
  rate_sample rate{};                        ///< How fast the path delivered these bytes.
};

/// What tells a sender that the path is congested (RFC 9002, section 7).
enum class congestion_signal : std::uint8_t {
  loss,    ///< Packets in flight were declared lost.
  ecn_ce,  ///< The peer's count of ECN-CE marks went up (RFC 9002, section 7.1).
};

/// One sign of congestion: everything one loss detection found lost, or one increase of the ECN-CE count.
struct congestion_event {
  congestion_signal signal = congestion_signal::loss;
  time_point newest_time_sent{};      ///< Of the lost packets; for ECN, of the largest acknowledged packet.
  std::uint64_t bytes_lost = 0;       ///< Sum over the lost packets that were in flight; 0 for ECN.
  std::uint64_t bytes_in_flight = 0;  ///< On the path, after the lost bytes left it.
};

/// Decides how many bytes may be in flight on one path (RFC 9002, section 7). The library has its own (see
/// congestion_settings.hpp); an application may write another, which must heed RFC 8085, section 3.1.
///
/// A controller belongs to one path of one connection and is called by whoever drives that connection, one call at a
/// time. It does no I/O, reads no clock and must not throw. It does not count the bytes in flight: the path does, and
/// says what it needs. Times never run backwards. When the client's port alone changes, the new path takes the
/// controller over.
///
/// An ACK frame is told in this order: on_spurious_loss() for each packet that came late, on_packet_lost() for each
/// packet it shows lost, on_congestion_event() once for all of these, on_persistent_congestion() if they amount to it,
/// and last on_packets_acked(). The answers of the const functions are asked for after each of them and after
/// on_packet_sent(); they are cheap and may change with each.
class congestion_controller {
public:
  congestion_controller() = default;
  congestion_controller(const congestion_controller&) = delete;
  congestion_controller& operator=(const congestion_controller&) = delete;
  virtual ~congestion_controller() = default;

  /// A packet that counts as in flight leaves. Probes may exceed the window (RFC 9002, section 7.5).
  virtual void on_packet_sent(const sent_event& sent, time_point now) = 0;

  /// Packets arrived. When the same ACK frame also showed losses, those are told first (RFC 9002, appendix A.7).
  virtual void on_packets_acked(const ack_event& acked, time_point now) = 0;

  /// A packet in flight was declared lost. For controllers that look at each; the event of all of them follows.
  virtual void on_packet_lost(const lost_packet& lost, time_point now) {
    static_cast<void>(lost), static_cast<void>(now);
  }

  /// Packets were lost or marked; called for every such event, also within a recovery period. Returns whether a new
  /// recovery period began: then the sender may send one packet beyond the window (RFC 9002, section 7.3.2).
  virtual bool on_congestion_event(const congestion_event& event, time_point now) = 0;

  /// Everything sent over a long time was lost (RFC 9002, section 7.6): the window must fall to its minimum.
  virtual void on_persistent_congestion(time_point now) = 0;

  /// Packets will never be acknowledged because their keys are gone (RFC 9002, section 6.4). No sign of congestion.
  virtual void on_packets_discarded(std::uint64_t bytes) { static_cast<void>(bytes); }

  /// Packets that were told as lost arrived after all. `time_sent` is that of the newest of them.
  virtual void on_spurious_loss(std::uint64_t bytes, time_point time_sent, time_point now) {
    static_cast<void>(bytes), static_cast<void>(time_sent), static_cast<void>(now);
  }

  /// The congestion window in bytes: how many may be in flight.
  virtual std::uint64_t window() const noexcept = 0;

  /// In bytes; the largest value of the type means "infinite", as at the start.
  virtual std::uint64_t slow_start_threshold() const noexcept = 0;

  /// Whether the window is below the threshold.
  virtual bool in_slow_start() const noexcept { return window() < slow_start_threshold(); }

  /// Whether the newest congestion event is still being answered (RFC 9002, section 7.3.2).
  virtual bool in_recovery() const noexcept = 0;

  /// Whether the sender is to meter recovery periods by Proportional Rate Reduction (RFC 9937): then window() is what
  /// the flight shrinks to. Without it window() alone counts, but for one datagram at the start of the period.
  virtual bool wants_rate_reduction() const noexcept { return false; }

  /// How many reductions of the window were taken back because their losses were spurious; for statistics.
  virtual std::uint64_t undone_reductions() const noexcept { return 0; }

  /// The rate to pace at, in bytes per second, for controllers that know one. Without it the pacer derives the rate
  /// from window() and the smoothed RTT (RFC 9002, section 7.7).
  virtual std::optional<std::uint64_t> pacing_rate() const noexcept { return std::nullopt; }

  /// The most bytes to send in one go, for controllers that care. Without it the pacer takes what the pacing rate sends
  /// within its wake_interval. Rounded to whole datagrams, and never less than one.
  virtual std::optional<std::uint64_t> send_quantum() const noexcept { return std::nullopt; }

  /// What the controller believes the path can deliver, in bytes per second; for statistics.
  virtual std::optional<std::uint64_t> bandwidth_estimate() const noexcept { return std::nullopt; }

  /// Whether the controller now sends less than the path would take, on purpose (as BBR does to measure the RTT). The
  /// delivery-rate samples of packets sent meanwhile are marked app_limited.
  virtual bool holds_back() const noexcept { return false; }

  /// The largest UDP payload of the path changed (RFC 9002, section 7.2). `bytes` is at least 1200.
  virtual void set_max_datagram_size(std::size_t bytes) = 0;

  /// For logs and statistics, for example "reno". The characters outlive the controller: a literal.
  virtual std::string_view name() const noexcept = 0;

  /// What the controller is doing, for logs and statistics. A literal, as name(). The default is in the words of qlog.
  virtual std::string_view state() const noexcept {
    if (in_recovery()) return "recovery";
    return in_slow_start() ? "slow_start" : "congestion_avoidance";
  }

  static constexpr std::uint64_t infinite = std::numeric_limits<std::uint64_t>::max();  ///< Bytes: no threshold yet.
};

}  // namespace quasio::recovery
