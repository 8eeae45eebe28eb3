#include "recovery/persistent_congestion.hpp"

#include <algorithm>

namespace quasio::recovery {

void lost_run::extend(const sent_packet_info& lost, const skipped_numbers& skipped,
                      std::optional<time_point> first_rtt_sample) noexcept {
  if (!continued_by(lost, skipped)) reset();
  started_ = true;
  path_ = lost.path;
  next_number_ = lost.packet_number + 1;
  // RFC 9000, section 14.4: a path MTU probe was bound to be lost.
  if (!lost.ack_eliciting || lost.mtu_probe || !first_rtt_sample || lost.time_sent <= *first_rtt_sample) return;
  if (!has_ends_) first_ = lost.time_sent;
  last_ = lost.time_sent;
  has_ends_ = true;
}

bool lost_run::continued_by(const sent_packet_info& lost, const skipped_numbers& skipped) const noexcept {
  return started_ && lost.path == path_ && skipped.covers(next_number_, lost.packet_number);
}

void acked_times::add(time_point time_sent) noexcept {
  for (std::size_t age = 0; age < count_; ++age) {
    interval& known = intervals_[(newest_ + limit - age) % limit];
    if (time_sent < known.first - merge_gap || known.last + merge_gap < time_sent) continue;
    known.first = std::min(known.first, time_sent);
    known.last = std::max(known.last, time_sent);
    return;
  }
  newest_ = count_ == 0 ? 0 : (newest_ + 1) % limit;
  intervals_[newest_] = {time_sent, time_sent};
  if (count_ < limit) ++count_;
}

bool acked_times::any_between(time_point begin, time_point end) const noexcept {
  for (std::size_t i = 0; i < count_; ++i)
    if (intervals_[i].first < end && begin < intervals_[i].last) return true;
  return false;
}

namespace {

bool persistent(std::span<delivery_history* const> spaces, const delivery_history& earlier,
                const delivery_history& later, duration threshold) noexcept {
  const time_point begin = earlier.lost.first();
  const time_point end = later.lost.last();
  if (end - begin <= std::max(threshold, acked_times::merge_gap)) return false;
  return std::none_of(spaces.begin(), spaces.end(), [&](const delivery_history* space) {
    // Within one space the run itself proves that nothing was acknowledged.
    const bool proven = space == &earlier && space == &later;
    return space != nullptr && !proven && space->acked.any_between(begin, end);
  });
}

}  // namespace

bool establish_persistent_congestion(std::span<delivery_history* const> spaces, std::uint16_t path,
                                     duration threshold) noexcept {
  const auto eligible = [path](const delivery_history* space) {
    return space != nullptr && !space->lost.empty() && space->lost.path() == path;
  };
  for (const delivery_history* earlier : spaces) {
    if (!eligible(earlier)) continue;
    for (const delivery_history* later : spaces) {
      if (!eligible(later) || !persistent(spaces, *earlier, *later, threshold)) continue;
      for (delivery_history* space : spaces)
        if (eligible(space)) space->lost.reset();
      return true;
    }
  }
  return false;
}

}  // namespace quasio::recovery
