#include "sim/shared_link.hpp"

#include <algorithm>
#include <cmath>

namespace quasio::sim {
namespace {

constexpr std::size_t most_spare_buffers = 65536;

}  // namespace

void waiting_times::add(duration waited) noexcept {
  const double share =
      static_cast<double>(waited.count()) / static_cast<double>(std::max<std::int64_t>(longest_.count(), 1));
  ++counts_[static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(resolution))];
  ++total_;
  sum_ += static_cast<double>(waited.count());
}

duration waiting_times::mean() const noexcept {
  return total_ == 0 ? duration::zero() : duration(static_cast<std::int64_t>(sum_ / static_cast<double>(total_)));
}

duration waiting_times::quantile(double share) const noexcept {
  const double wanted = share * static_cast<double>(total_);
  double seen = 0;
  for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
    seen += static_cast<double>(counts_[slot]);
    if (seen >= wanted) return longest_ * static_cast<std::int64_t>(slot) / static_cast<std::int64_t>(resolution);
  }
  return longest_;
}

shared_link::shared_link(const shared_link_settings& settings, seeded_random& random)
    : settings_(settings), random_(random), waits_(longest_wait()) {}

duration shared_link::longest_wait() const noexcept {
  if (settings_.bits_per_second == 0) return {};
  return duration(static_cast<std::int64_t>(static_cast<double>(settings_.queue_bytes) * 8e9 /
                                            static_cast<double>(settings_.bits_per_second)));
}

void shared_link::send(byte_view bytes, const network_path& path, ecn_codepoint ecn, time_point now) {
  time_point departs = now;
  if (settings_.bits_per_second > 0) {
    const double nanoseconds_per_byte = 8e9 / static_cast<double>(settings_.bits_per_second);
    const duration waits = std::max(free_at_ - now, duration::zero());
    const double queued = static_cast<double>(waits.count()) / nanoseconds_per_byte;
    if (queued + static_cast<double>(bytes.size()) > static_cast<double>(settings_.queue_bytes)) {
      ++dropped_by_queue_;
      return;
    }
    waits_.add(waits);
    const double takes = nanoseconds_per_byte * static_cast<double>(bytes.size()) + free_at_fraction_;
    free_at_fraction_ = takes - std::floor(takes);
    free_at_ = std::max(free_at_, now) + duration(static_cast<std::int64_t>(takes));
    departs = free_at_;
  }
  ++sent_;
  if (random_.happens(settings_.loss)) return;
  time_point arrives = departs + settings_.delay;
  if (settings_.jitter > duration::zero())
    arrives += duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.jitter.count()))));
  newest_arrival_ = std::max(newest_arrival_, arrives);
  std::vector<std::uint8_t> copy;
  if (!spare_.empty()) {
    copy = std::move(spare_.back());
    spare_.pop_back();
  }
  copy.assign(bytes.begin(), bytes.end());
  under_way_.push_back({.arrives = newest_arrival_, .order = 0, .path = path, .ecn = ecn, .bytes = std::move(copy)});
}

void shared_link::pop() {
  if (spare_.size() < most_spare_buffers) spare_.push_back(std::move(under_way_.front().bytes));
  under_way_.pop_front();
}

void shared_link::begin_measurement() {
  waits_ = waiting_times(longest_wait());
  dropped_by_queue_ = 0;
  sent_ = 0;
}

}  // namespace quasio::sim
