#include "quic/path_set.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "quic/address_kind.hpp"

namespace quasio::quic {
namespace {

// The one in use, the one to return to, and one that comes; and no more than loss_recovery tells apart in one event.
constexpr std::size_t least_paths = 3;
constexpr std::size_t most_paths = 8;

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

bool is_same_local(const ip_endpoint& a, const ip_endpoint& b) noexcept {
  if (a == b) return true;
  return (is_unspecified(a) || is_unspecified(b)) && (a.port == b.port || a.port == 0 || b.port == 0);
}

}  // namespace

path_set::path_set(const network_path& first, const settings& settings, random_source& random, time_point now)
    : settings_(settings), random_(random), max_paths_(std::clamp(settings.max_paths, least_paths, most_paths)) {
  paths_.push_back(std::make_unique<path>(next_id_++, first, settings_, now, draw_seed(settings_, random_)));
}

path* path_set::find(std::uint16_t id) noexcept {
  for (const auto& candidate : paths_) {
    if (candidate->id() == id) return candidate.get();
  }
  return nullptr;
}

path* path_set::find_exactly(const network_path& address) noexcept {
  for (const auto& candidate : paths_) {
    if (candidate->address() == address) return candidate.get();
  }
  return nullptr;
}

path* path_set::find(const network_path& address) noexcept {
  path* similar = nullptr;
  for (const auto& candidate : paths_) {
    if (candidate->address() == address) return candidate.get();
    const bool fits =
        candidate->address().peer == address.peer && is_same_local(candidate->address().local, address.local);
    if (fits && !similar) similar = candidate.get();
  }
  return similar;
}

path& path_set::add(const network_path& address, time_point now) {
  auto added = std::make_unique<path>(unused_id(), address, settings_, now, draw_seed(settings_, random_));
  return **paths_.insert(std::next(paths_.begin()), std::move(added));
}

std::uint16_t path_set::unused_id() noexcept {
  while (find(next_id_)) ++next_id_;
  return next_id_++;
}

void path_set::activate(path& chosen) noexcept {
  const auto position = std::ranges::find(paths_, &chosen, &std::unique_ptr<path>::get);
  std::rotate(paths_.begin(), position, std::next(position));
}

void path_set::remove(path& gone) {
  const auto position = std::ranges::find(paths_, &gone, &std::unique_ptr<path>::get);
  removed_.push_back(std::move(*position));
  paths_.erase(position);
}

path* path_set::fallback() noexcept {
  const auto found = std::find_if(std::next(paths_.begin()), paths_.end(),
                                  [](const auto& p) { return p->is_validated() && !p->mtu_unproven; });
  return found == paths_.end() ? nullptr : found->get();
}

path* path_set::dispensable() noexcept {
  const path* kept = fallback();
  path* oldest = nullptr;
  for (auto candidate = paths_.rbegin(); candidate != std::prev(paths_.rend()); ++candidate) {
    if (candidate->get() == kept) continue;
    if (!(*candidate)->is_validated()) return candidate->get();
    if (!oldest) oldest = candidate->get();
  }
  return oldest;
}

path* path_set::next_with_frames() noexcept {
  const auto found = std::find_if(std::next(paths_.begin()), paths_.end(), [](const auto& p) {
    const bool may_send =
        p->validation.wants_to_send() || p->flight.room(p->congestion->window()) >= p->max_datagram_size();
    return p->peer_id && p->has_frames_to_send() && may_send && p->amplification_room() >= path::min_datagram;
  });
  return found == paths_.end() ? nullptr : found->get();
}

std::optional<time_point> path_set::next_deadline() const noexcept {
  std::optional<time_point> next;
  for (const auto& candidate : paths_) {
    next = earliest(next, candidate->validation.deadline());
    next = earliest(next, candidate->expires_at);
  }
  return next;
}

}  // namespace quasio::quic
