#include "sim/link.hpp"

#include <algorithm>
#include <utility>

namespace quasio::sim {

void link::send(byte_view bytes, const network_path& path, ecn_codepoint ecn, time_point now) {
  const bool is_lost_one = lost_number_ == sent_++;
  if (is_lost_one || loses(bytes, ecn)) {
    ++dropped_;
    return;
  }
  time_point departs = now;
  double queued = 0;
  if (settings_.bits_per_second > 0) {
    const auto nanoseconds_per_byte = 8e9 / static_cast<double>(settings_.bits_per_second);
    queued = std::max<double>(0, static_cast<double>((free_at_ - now).count()) / nanoseconds_per_byte);
    if (queued + static_cast<double>(bytes.size()) > static_cast<double>(settings_.queue_bytes)) {
      ++dropped_;
      return;
    }
    free_at_ = std::max(free_at_, now) +
               duration(static_cast<std::int64_t>(nanoseconds_per_byte * static_cast<double>(bytes.size())));
    departs = free_at_;
  }
  ecn = treat(ecn, queued);
  schedule(bytes, path, ecn, departs);
  if (random_.happens(settings_.duplication)) schedule(bytes, path, ecn, departs);
}

bool link::loses(byte_view bytes, ecn_codepoint ecn) {
  if (bytes.size() > settings_.mtu) {
    ++too_large_;
    return true;
  }
  if (settings_.ecn == ecn_treatment::drops && ecn != ecn_codepoint::not_ect) return true;
  return random_.happens(settings_.loss);
}

ecn_codepoint link::treat(ecn_codepoint ecn, double queued) noexcept {
  if (ecn == ecn_codepoint::not_ect || settings_.ecn == ecn_treatment::bleaches) return ecn_codepoint::not_ect;
  if (settings_.ecn == ecn_treatment::swaps_codes) return ecn_codepoint::ect1;
  const bool congested = settings_.ce_threshold > 0 && queued > static_cast<double>(settings_.ce_threshold);
  if (!congested && settings_.ecn != ecn_treatment::marks_all) return ecn;
  ++marked_;
  return ecn_codepoint::ce;
}

void link::schedule(byte_view bytes, const network_path& path, ecn_codepoint ecn, time_point departs) {
  datagram sent{.arrives = departs + settings_.delay,
                .order = order_++,
                .path = path,
                .ecn = ecn,
                .bytes = {bytes.begin(), bytes.end()}};
  if (settings_.jitter > duration::zero()) {
    sent.arrives +=
        duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.jitter.count()))));
  }
  if (random_.happens(settings_.reordering)) sent.arrives += settings_.reorder_delay;
  if (random_.happens(settings_.corruption)) {
    sent.bytes[random_.below(sent.bytes.size())] ^= static_cast<std::uint8_t>(1u << random_.below(8));
  }
  under_way_.push(std::move(sent));
}

datagram link::receive() {
  datagram arrived = std::move(const_cast<datagram&>(under_way_.top()));
  under_way_.pop();
  return arrived;
}

}  // namespace quasio::sim
