#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/recovery/rate_sample.hpp"
#include "recovery/sent_packet.hpp"

namespace quasio::recovery {

/// `bytes` within `interval`, in bytes per second. Saturates at 2^40, which keeps products with times and gains exact;
/// 0 for an interval of zero.
std::uint64_t bytes_per_second(std::uint64_t bytes, duration interval) noexcept;

/// The largest rate that is ever measured or estimated.
inline constexpr std::uint64_t maximum_measured_rate = std::uint64_t{1} << 40;

/// Measures how fast one path delivers, however slowly or unevenly acknowledgments come back (draft-ietf-ccwg-bbr,
/// "Detailed Delivery Rate Sampling Algorithm"). Fed with packets in flight only, of all packet number spaces.
class delivery_rate {
public:
  /// A packet leaves; what is returned belongs into its record. `idle_pace`: the pacer had nothing to hold back.
  delivery_snapshot on_sent(std::uint64_t bytes, std::uint64_t bytes_in_flight_before, bool idle_pace,
                            time_point now) noexcept;

  /// Call for each packet that an ACK frame newly acknowledged, then take_sample().
  void on_acked(const sent_packet_info& packet, time_point now) noexcept;

  /// A packet that was declared lost arrived after all: it counts as delivered, but measures nothing.
  void on_late(std::uint64_t bytes) noexcept { delivered_ += bytes; }

  lost_packet on_lost(const sent_packet_info& packet) noexcept;

  /// What the packets acknowledged since the last sample say. `minimum_rtt` unmasks intervals that are too short to be
  /// true.
  rate_sample take_sample(duration minimum_rtt, time_point now) noexcept;

  /// The newest reliable measurement, in bytes per second; 0 before the first.
  std::uint64_t latest() const noexcept { return latest_; }

  // --- Application-limited phases ---

  /// There is nothing to send, though the window would let it through. Whether that left a gap shows when the next
  /// packet is sent.
  void on_ran_dry(time_point now) noexcept {
    if (!dry_since_) dry_since_ = now;
  }

  /// Data wait for the window or the pacer: no gap has come about.
  void on_held_back() noexcept { dry_since_.reset(); }

  bool ran_dry() const noexcept { return dry_since_.has_value(); }

  /// The packets sent until all that is in flight now has arrived say only how little was sent.
  void mark_app_limited(std::uint64_t bytes_in_flight) noexcept;
  bool app_limited() const noexcept { return app_limited_until_ != 0; }

private:
  struct newest_acked {
    sent_packet_info packet;
    duration send_elapsed;
    duration ack_elapsed;
  };

  bool is_newest(const sent_packet_info& packet) const noexcept;

  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t newly_lost_ = 0;
  std::uint64_t latest_ = 0;
  std::uint64_t app_limited_until_ = 0;  ///< A count of delivered bytes; 0: not limited.
  time_point delivered_time_{};
  time_point first_sent_time_{};
  std::optional<time_point> dry_since_;
  std::optional<newest_acked> newest_;  ///< Of the ACK frame that is being worked on.
};

}  // namespace quasio::recovery
