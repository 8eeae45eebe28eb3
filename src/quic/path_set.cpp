#include "quic/path_set.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace quasio::quic {
namespace {

constexpr std::size_t max_paths = 4;

/// For controllers that choose by chance; the others leave the random source alone.
std::uint64_t draw_seed(const settings& settings, random_source& random) {
  const bool by_chance =
      settings.congestion_controller || settings.congestion.algorithm == recovery::congestion_algorithm::bbr;
  if (!by_chance) return 0;
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](std::uint64_t seed, std::uint8_t byte) { return seed << 8 | byte; });
}

bool same_host(const ip_endpoint& a, const ip_endpoint& b) noexcept { return a.address == b.address; }

}  // namespace

path_set::path_set(const network_path& first, const settings& settings, random_source& random, time_point now)
    : settings_(settings), random_(random) {
  paths_.push_back(std::make_unique<path>(next_id_++, first, settings_, now, draw_seed(settings_, random_)));
}

path* path_set::find(std::uint16_t id) noexcept {
  for (const auto& candidate : paths_) {
    if (candidate->id() == id) return candidate.get();
  }
  return nullptr;
}

path* path_set::find_by_peer(const ip_endpoint& peer) noexcept {
  for (const auto& candidate : paths_) {
    if (candidate->address().peer == peer) return candidate.get();
  }
  return nullptr;
}

path& path_set::add(const network_path& address, time_point now) {
  make_room();
  paths_.push_back(std::make_unique<path>(unused_id(), address, settings_, now, draw_seed(settings_, random_)));
  return *paths_.back();
}

std::uint16_t path_set::unused_id() noexcept {
  while (find(next_id_)) ++next_id_;
  return next_id_++;
}

// Section 8.2.4: what is known about the path in use says little about a new one, which begins with the initial
// timeout; the longer of them is granted.
duration path_set::validation_timeout() const noexcept {
  duration longest{};
  for (const auto& candidate : paths_) longest = std::max(longest, candidate->rtt.pto_base());
  return longest;
}

void path_set::make_room() {
  if (paths_.size() < max_paths) return;
  // The last validated path is where to return to; of the others the oldest goes.
  const auto dispensable =
      std::find_if(paths_.rbegin(), paths_.rend() - 1, [](const auto& p) { return !p->is_validated(); });
  paths_.erase(dispensable == paths_.rend() - 1 ? paths_.end() - 1 : std::next(dispensable).base());
}

void path_set::move_to(path& destination, time_point now) {
  path& previous = active();
  if (same_host(previous.address().peer, destination.address().peer) && !destination.rtt.has_sample()) {
    destination.rtt = previous.rtt;
    destination.rate = previous.rate;  // Its counts are those that the controller has seen.
    std::swap(destination.congestion, previous.congestion);
    // The MTU is that of a pair of IP addresses (section 14.2). What is under way is told to the old path.
    std::swap(destination.mtu, previous.mtu);
    destination.mtu.forget_probe();
    previous.mtu.forget_probe();
    destination.update_pacing(now);
  }
  const auto position = std::ranges::find(paths_, &destination, &std::unique_ptr<path>::get);
  std::rotate(paths_.begin(), position, std::next(position));
  if (!active().is_validated() && !active().is_challenging()) {
    active().begin_challenge(random_, now, validation_timeout());
  }
}

path* path_set::next_with_frames() noexcept {
  const auto found = std::find_if(std::next(paths_.begin()), paths_.end(), [](const auto& p) {
    return p->has_frames_to_send() && p->amplification_room() >= path::min_datagram &&
           p->flight.room(p->congestion->window()) >= p->max_datagram_size();
  });
  return found == paths_.end() ? nullptr : found->get();
}

std::optional<time_point> path_set::next_deadline() const noexcept {
  std::optional<time_point> next;
  for (const auto& candidate : paths_) next = earliest(next, candidate->challenge_deadline());
  return next;
}

bool path_set::on_timeout(time_point now) {
  for (std::size_t i = 0; i < paths_.size();) {
    path& candidate = *paths_[i];
    const auto deadline = candidate.challenge_deadline();
    if (!deadline || *deadline > now || candidate.on_challenge_timeout(now, validation_timeout())) {
      ++i;
    } else if (paths_.size() > 1) {
      paths_.erase(paths_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      return candidate.is_validated();
    }
  }
  // Section 9.3.2: after a failure the last validated address is returned to; without one there is nobody to speak to.
  const auto validated =
      std::ranges::find_if(paths_, [](const auto& p) { return p->is_validated() || p->is_challenging(); });
  if (validated == paths_.end()) return false;
  if (!active().is_validated() && !active().is_challenging())
    std::rotate(paths_.begin(), validated, std::next(validated));
  return true;
}

bool path_set::on_response(const wire::path_data& data, time_point now) {
  // Section 8.2.3: the response counts on whatever path it comes.
  for (const auto& candidate : paths_) {
    if (!candidate->on_response(data)) continue;
    if (!candidate->challenge_had_full_size()) candidate->begin_challenge(random_, now, validation_timeout());
    return true;
  }
  return false;
}

}  // namespace quasio::quic
