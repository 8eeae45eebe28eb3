#pragma once

#include "quasio/recovery/congestion_settings.hpp"

namespace quasio::recovery {

/// The controller of RFC 9002, section 7 and appendix B: slow start, a recovery period per round trip with loss, and
/// congestion avoidance with byte counting.
class new_reno final : public congestion_controller {
public:
  new_reno(const congestion_settings& settings, std::size_t max_datagram_size);

  void on_packet_sent(const sent_event&, time_point) override {}
  void on_packets_acked(const ack_event& acked, time_point now) override;
  bool on_congestion_event(const congestion_event& event, time_point now) override;
  void on_persistent_congestion(time_point now) override;

  std::uint64_t window() const noexcept override { return window_; }
  std::uint64_t slow_start_threshold() const noexcept override { return slow_start_threshold_; }
  bool in_recovery() const noexcept override { return recovering_; }
  void set_max_datagram_size(std::size_t bytes) override;
  std::string_view name() const noexcept override { return "reno"; }

private:
  std::uint64_t minimum() const noexcept { return minimum_window(settings_, max_datagram_size_); }
  bool sent_before_recovery(time_point time_sent) const noexcept;
  std::uint64_t grow_in_slow_start(std::uint64_t bytes) noexcept;
  void grow_in_congestion_avoidance(std::uint64_t bytes) noexcept;

  congestion_settings settings_;
  std::size_t max_datagram_size_;
  std::uint64_t window_;
  std::uint64_t slow_start_threshold_ = infinite;
  std::uint64_t acked_since_increase_ = 0;
  std::optional<time_point> recovery_start_;
  bool recovering_ = false;
};

}  // namespace quasio::recovery
