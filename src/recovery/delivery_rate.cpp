#include "recovery/delivery_rate.hpp"

#include <algorithm>
#include <limits>

namespace quasio::recovery {
namespace {

// A sender that takes turns with the application runs dry for a moment in each turn. The pacer lets it catch up; only a
// longer pause leaves a gap in the pipe.
constexpr duration forgiven_pause = std::chrono::milliseconds(1);

constexpr std::uint32_t maximum_tx_in_flight = (std::uint32_t{1} << 31) - 1;

}  // namespace

std::uint64_t bytes_per_second(std::uint64_t bytes, duration interval) noexcept {
  if (interval <= duration::zero()) return 0;
  constexpr std::uint64_t second = 1'000'000'000;
  const auto nanoseconds = static_cast<std::uint64_t>(interval.count());
  const bool exact = bytes <= std::numeric_limits<std::uint64_t>::max() / second;
  const std::uint64_t rate = exact ? bytes * second / nanoseconds : maximum_measured_rate;
  return std::min(rate, maximum_measured_rate);
}

delivery_snapshot delivery_rate::on_sent(std::uint64_t bytes, std::uint64_t bytes_in_flight_before, bool idle_pace,
                                         time_point now) noexcept {
  if (dry_since_) {
    if (idle_pace || bytes_in_flight_before == 0 || now - *dry_since_ >= forgiven_pause) {
      mark_app_limited(bytes_in_flight_before);
    }
    dry_since_.reset();
  }
  // With nothing in flight no acknowledgment is due before this packet's own: the interval begins here.
  if (bytes_in_flight_before == 0) first_sent_time_ = delivered_time_ = now;
  const std::uint64_t in_flight = std::min<std::uint64_t>(bytes_in_flight_before + bytes, maximum_tx_in_flight);
  return {.delivered = delivered_,
          .delivered_time = delivered_time_,
          .first_sent_time = first_sent_time_,
          .lost = static_cast<std::uint32_t>(lost_),
          .tx_in_flight = static_cast<std::uint32_t>(in_flight) & maximum_tx_in_flight,
          .app_limited = app_limited() ? 1u : 0u};
}

bool delivery_rate::is_newest(const sent_packet_info& packet) const noexcept {
  if (!newest_ || packet.time_sent > first_sent_time_) return true;
  return packet.time_sent == first_sent_time_ && packet.packet_number > newest_->packet.packet_number;
}

void delivery_rate::on_acked(const sent_packet_info& packet, time_point now) noexcept {
  // The record of a path whose small number was given to this one measures nothing here.
  if (packet.delivery.delivered > delivered_) return;
  delivered_ += packet.bytes;
  delivered_time_ = now;
  if (!is_newest(packet)) return;
  newest_ = {.packet = packet,
             .send_elapsed = packet.time_sent - packet.delivery.first_sent_time,
             .ack_elapsed = now - packet.delivery.delivered_time};
  first_sent_time_ = packet.time_sent;
}

lost_packet delivery_rate::on_lost(const sent_packet_info& packet) noexcept {
  lost_ += packet.bytes;
  newly_lost_ += packet.bytes;
  return {.packet_number = packet.packet_number,
          .bytes = packet.bytes,
          .time_sent = packet.time_sent,
          .tx_in_flight = packet.delivery.tx_in_flight,
          .lost = static_cast<std::uint32_t>(lost_) - packet.delivery.lost,
          .total_delivered = delivered_,
          .app_limited = packet.delivery.app_limited != 0};
}

rate_sample delivery_rate::take_sample(duration minimum_rtt, time_point now) noexcept {
  if (app_limited() && delivered_ > app_limited_until_) app_limited_until_ = 0;
  rate_sample sample{.total_delivered = delivered_, .newly_lost = newly_lost_};
  newly_lost_ = 0;
  if (!newest_) return sample;
  const delivery_snapshot& then = newest_->packet.delivery;
  sample.interval = std::max(newest_->send_elapsed, newest_->ack_elapsed);
  sample.delivered = delivered_ - then.delivered;
  sample.prior_delivered = then.delivered;
  sample.lost = static_cast<std::uint32_t>(lost_) - then.lost;
  sample.tx_in_flight = then.tx_in_flight;
  sample.app_limited = then.app_limited != 0;
  sample.rtt = now - newest_->packet.time_sent;
  if (sample.interval >= minimum_rtt) sample.delivery_rate = bytes_per_second(sample.delivered, sample.interval);
  if (sample.delivery_rate > 0) latest_ = sample.delivery_rate;
  newest_.reset();
  return sample;
}

void delivery_rate::mark_app_limited(std::uint64_t bytes_in_flight) noexcept {
  app_limited_until_ = std::max<std::uint64_t>(delivered_ + bytes_in_flight, 1);
}

}  // namespace quasio::recovery
