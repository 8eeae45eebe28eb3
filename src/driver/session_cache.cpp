#include "quasio/driver/session_cache.hpp"

#include <algorithm>
#include <iterator>

namespace quasio::http3 {

void session_cache::put(std::string_view origin, quic::saved_session session) {
  const std::scoped_lock lock(mutex_);
  const auto is_of_origin = [&](const entry& each) { return each.first == origin; };
  const auto of_origin = static_cast<std::size_t>(std::ranges::count_if(entries_, is_of_origin));
  if (of_origin >= per_origin_ && of_origin > 0) entries_.erase(std::ranges::find_if(entries_, is_of_origin));
  entries_.emplace_back(origin, std::move(session));
  while (entries_.size() > max_sessions_) entries_.pop_front();
}

std::optional<quic::saved_session> session_cache::take(std::string_view origin) {
  const std::scoped_lock lock(mutex_);
  const auto newest =
      std::find_if(entries_.rbegin(), entries_.rend(), [&](const entry& each) { return each.first == origin; });
  if (newest == entries_.rend()) return std::nullopt;
  std::optional<quic::saved_session> taken(std::move(newest->second));
  entries_.erase(std::prev(newest.base()));
  return taken;
}

std::vector<std::pair<std::string, quic::saved_session>> session_cache::all() const {
  const std::scoped_lock lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::size_t session_cache::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

}  // namespace quasio::http3
