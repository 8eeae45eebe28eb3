#include "quic/mtu_discovery.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace quasio::quic {
namespace {

/// What UDP can carry at all: over IPv6, where the header does not count, 20 bytes more than over IPv4.
constexpr std::size_t largest_payload = 65'527;

/// Sizes that are likely to be the right one: links of Ethernet, of jumbo frames, and the loopback of Linux. They are
/// tried in this order, for most paths are such.
constexpr std::array<std::size_t, 3> likely_v4{1500 - 28, 9000 - 28, 65'507};
constexpr std::array<std::size_t, 3> likely_v6{1500 - 48, 9000 - 48, 65'487};

/// UDP payloads of links and tunnels that exist, over both versions of IP: MTU 1280, 1400, 1420 (WireGuard), 1460, 1480
/// (IP in IP), 1492 (PPPoE), 1500; 2304, 4470, 8500, 8896, 9000, 9216, 16384.
constexpr std::array<std::size_t, 22> common_sizes{1232, 1252, 1352, 1372, 1392, 1412, 1432, 1444, 1452, 1464, 1472,
                                                   2256, 2276, 4422, 4442, 8452, 8472, 8848, 8952, 8972, 9168, 16'336};

}  // namespace

mtu_discovery::mtu_discovery(const mtu_settings& settings, std::size_t ceiling, bool over_ipv6) noexcept
    : settings_(settings),
      ceiling_(std::clamp(ceiling, smallest_max_datagram_size, largest_payload)),
      over_ipv6_(over_ipv6),
      state_(settings.discovery ? mtu_state::base : mtu_state::disabled) {
  base_ = std::clamp(settings.base, smallest_max_datagram_size, ceiling_);
  base_unproven_ = base_ > smallest_max_datagram_size;
  current_ = base_;
  high_ = ceiling_;
}

void mtu_discovery::limit_to(std::size_t size) noexcept {
  ceiling_ = std::clamp(size, smallest_max_datagram_size, ceiling_);
  base_ = std::min(base_, ceiling_);
  current_ = std::min(current_, ceiling_);
  high_ = std::min(high_, ceiling_);
  if (probed_ <= ceiling_) return;
  probed_ = 0;
  under_way_ = false;
}

std::optional<std::size_t> mtu_discovery::next_probe(time_point now) noexcept {
  if (under_way_ || state_ == mtu_state::disabled) return std::nullopt;
  if (state_ == mtu_state::base && !base_unproven_) state_ = mtu_state::searching;
  if (raise_at_ && now >= *raise_at_) {
    // Nothing wakes an idle connection for this: it is when there is something to send that size matters.
    raise_at_.reset();
    high_ = ceiling_;
    if (state_ == mtu_state::search_complete) state_ = mtu_state::searching;
  }
  if (state_ == mtu_state::base || state_ == mtu_state::error) probed_ = base_;
  if (state_ == mtu_state::searching) advance(now);
  return probed_ > 0 ? std::optional(probed_) : std::nullopt;
}

void mtu_discovery::advance(time_point now) noexcept {
  if (probed_ > current_ && probed_ <= high_) return;
  losses_ = 0;
  probed_ = next_size();
  if (probed_ > 0) return;
  state_ = mtu_state::search_complete;
  if (!raise_at_) raise_at_ = now + settings_.raise_interval;
}

/// Less than this is not worth another probe (section 5.3.2 leaves that to the implementation).
std::size_t mtu_discovery::worthwhile() const noexcept { return std::max<std::size_t>(current_ / 128, 1); }

std::size_t mtu_discovery::next_size() const noexcept {
  const std::size_t low = current_ + worthwhile();
  if (low > high_) return 0;
  if (high_ == ceiling_) {
    for (const std::size_t likely : over_ipv6_ ? likely_v6 : likely_v4) {
      if (likely >= low && likely <= high_) return likely;
    }
    return high_;
  }
  // Something failed: halve what is left, among the common sizes first.
  const auto first = std::ranges::lower_bound(common_sizes, low);
  const auto last = std::ranges::upper_bound(common_sizes, high_);
  if (first < last) return *(first + (last - first) / 2);
  return std::max(low, current_ + (high_ - current_ + 1) / 2);
}

void mtu_discovery::on_probe_acked(std::size_t size, time_point now) noexcept {
  // What was probed before something changed says nothing about now.
  if (size != probed_) return;
  probed_ = 0;
  under_way_ = false;
  losses_ = 0;
  if (state_ == mtu_state::base || state_ == mtu_state::error) {
    base_unproven_ = false;
    state_ = mtu_state::searching;
  }
  current_ = std::max(current_, size);
  high_ = std::max(high_, current_);
  if (state_ == mtu_state::searching) advance(now);
}

void mtu_discovery::on_probe_lost(std::size_t size, time_point now) noexcept {
  if (size != probed_) return;
  under_way_ = false;
  ++losses_;
  if (losses_ >= std::max(settings_.max_probes, 1u)) exclude(size, now);
}

void mtu_discovery::exclude(std::size_t size, time_point now) noexcept {
  losses_ = 0;
  if (state_ == mtu_state::searching) {
    probed_ = 0;
    high_ = size - 1;
    advance(now);
  } else if (base_ > smallest_max_datagram_size) {
    fall_back(size - 1);
  } else if (state_ == mtu_state::base) {
    state_ = mtu_state::error;
  }
}

/// To the base size, or from one that was set too large to the smallest. A probe confirms it before larger ones follow.
void mtu_discovery::fall_back(std::size_t high) noexcept {
  if (high < base_) base_ = smallest_max_datagram_size;
  current_ = base_;
  high_ = std::clamp(high, current_, ceiling_);
  probed_ = 0;
  losses_ = 0;
  under_way_ = false;
  suspicion_ = {};
  newest_arrival_ = {};
  if (state_ == mtu_state::disabled) return;
  state_ = mtu_state::base;
  base_unproven_ = true;
}

void mtu_discovery::on_refused_by_host(std::size_t size, time_point now) noexcept {
  // A link too small for QUIC is not to be helped here: nothing will be heard of the peer.
  if (size <= smallest_max_datagram_size) return;
  if (size <= current_) {
    fall_back(size - 1);
    raise_at_ = now + settings_.raise_interval;
  } else if (size == probed_) {
    under_way_ = false;
    exclude(size, now);
  }
}

// Of two packets the one that was sent later says more, whatever their sizes; between the sizes that matter here the
// difference seldom does, and a wrong suspicion passes with the next arrival.
void mtu_discovery::note_arrival(std::size_t size, time_point sent) noexcept {
  if (sent >= newest_arrival_.sent) newest_arrival_ = {size, sent};
  if (suspicion_.rounds > 0 && size >= suspicion_.size && sent >= suspicion_.newest_sent) suspicion_ = {};
}

bool mtu_discovery::on_packet_lost(std::size_t size, time_point sent, time_point now) noexcept {
  if (size <= smallest_max_datagram_size || size > current_) return false;
  if (newest_arrival_.size >= size && newest_arrival_.sent >= sent) return false;
  if (suspicion_.rounds == 0) suspicion_.size = size;
  suspicion_.size = std::min(suspicion_.size, size);
  suspicion_.newest_sent = std::max(suspicion_.newest_sent, sent);
  if (suspicion_.rounds == 0 || sent >= suspicion_.noticed) {
    ++suspicion_.rounds;
    suspicion_.noticed = now;
  }
  if (suspicion_.rounds < std::max(settings_.black_hole_rounds, 1u)) return false;
  // What has just failed is not tried again before the raise timer: below it the search goes on.
  fall_back(suspicion_.size - 1);
  raise_at_ = now + settings_.raise_interval;
  return true;
}

void mtu_discovery::on_persistent_congestion() noexcept {
  if (current_ > base_) fall_back(ceiling_);
}

}  // namespace quasio::quic
