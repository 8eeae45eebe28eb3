#include <algorithm>
#include <utility>

#include "quasio/driver/alt_svc.hpp"
#include "quasio/driver/query.hpp"

namespace quasio::http3 {
namespace {

constexpr unsigned most_doublings = 6;

bool is_same_place(const alternative_service& left, const alternative_service& right) noexcept {
  return left.host == right.host && left.port == right.port;
}

std::string authority_of(const alternative_service& service) {
  const bool is_v6 = service.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + service.host + "]" : service.host) + ":" + std::to_string(service.port);
}

// Cuts the first word off.
std::string_view next_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

}  // namespace

std::vector<alt_svc_cache::kept_origin>::iterator alt_svc_cache::find_locked(std::string_view origin) {
  return std::find_if(origins_.begin(), origins_.end(), [&](const kept_origin& each) { return each.origin == origin; });
}

alt_svc_cache::kept_service* alt_svc_cache::find_locked(std::string_view origin, const alternative_service& service) {
  const auto found = find_locked(origin);
  if (found == origins_.end()) return nullptr;
  for (kept_service& each : found->services) {
    if (is_same_place(each.service, service)) return &each;
  }
  return nullptr;
}

void alt_svc_cache::put_locked(std::string_view origin, std::vector<kept_service> services) {
  const auto known = find_locked(origin);
  if (known != origins_.end()) {
    // That one of them did not answer is not forgotten because it is praised again.
    for (kept_service& each : services) {
      for (const kept_service& old : known->services) {
        if (!is_same_place(old.service, each.service)) continue;
        each.broken_until = old.broken_until;
        each.failures = old.failures;
      }
    }
    origins_.erase(known);
  }
  if (services.empty()) return;
  origins_.push_back({std::string(origin), std::move(services)});
  if (origins_.size() > limits_.origins) origins_.erase(origins_.begin());
}

void alt_svc_cache::put(std::string_view origin, std::string_view field_value, wall_time now,
                        std::chrono::seconds age) {
  const auto parsed = parse_alt_svc(field_value);
  if (!parsed) return;
  std::vector<kept_service> services;
  for (const alternative_service& each : parsed->services) {
    const auto left = std::min(each.max_age, limits_.max_age) - age;
    const bool is_known = std::any_of(services.begin(), services.end(),
                                      [&](const kept_service& other) { return is_same_place(other.service, each); });
    if (each.protocol != "h3" || left.count() <= 0 || is_known) continue;
    if (services.size() == limits_.services_an_origin) break;
    services.push_back({each, now + left, {}, 0});
  }
  const std::scoped_lock lock(mutex_);
  put_locked(origin, std::move(services));
}

std::vector<alternative_service> alt_svc_cache::find(std::string_view origin, wall_time now) {
  const std::scoped_lock lock(mutex_);
  const auto found = find_locked(origin);
  if (found == origins_.end()) return {};
  std::erase_if(found->services, [now](const kept_service& each) { return each.expires <= now; });
  std::vector<alternative_service> usable;
  for (const kept_service& each : found->services) {
    if (each.broken_until <= now) usable.push_back(each.service);
  }
  if (found->services.empty()) origins_.erase(found);
  return usable;
}

void alt_svc_cache::mark_broken(std::string_view origin, const alternative_service& service, wall_time now) {
  const std::scoped_lock lock(mutex_);
  kept_service* const found = find_locked(origin, service);
  if (found == nullptr) return;
  found->broken_until = now + limits_.broken_for * (1U << std::min(found->failures, most_doublings));
  ++found->failures;
}

void alt_svc_cache::mark_working(std::string_view origin, const alternative_service& service) {
  const std::scoped_lock lock(mutex_);
  kept_service* const found = find_locked(origin, service);
  if (found == nullptr) return;
  found->broken_until = {};
  found->failures = 0;
}

void alt_svc_cache::forget(std::string_view origin) {
  const std::scoped_lock lock(mutex_);
  put_locked(origin, {});
}

void alt_svc_cache::on_network_changed() {
  const std::scoped_lock lock(mutex_);
  for (kept_origin& each : origins_) {
    std::erase_if(each.services, [](const kept_service& one) { return !one.service.persist; });
    for (kept_service& one : each.services) one.broken_until = {};
  }
  std::erase_if(origins_, [](const kept_origin& each) { return each.services.empty(); });
}

void alt_svc_cache::clear() {
  const std::scoped_lock lock(mutex_);
  origins_.clear();
}

std::size_t alt_svc_cache::size() const {
  const std::scoped_lock lock(mutex_);
  return origins_.size();
}

std::string alt_svc_cache::to_text() const {
  const std::scoped_lock lock(mutex_);
  std::string text;
  for (const kept_origin& each : origins_) {
    for (const kept_service& one : each.services) {
      text += each.origin + " " + std::to_string(one.expires.time_since_epoch().count()) +
              (one.service.persist ? " 1 " : " 0 ") + authority_of(one.service) + "\n";
    }
  }
  return text;
}

void alt_svc_cache::add_text(std::string_view text, wall_time now) {
  const std::scoped_lock lock(mutex_);
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view origin = next_word(line);
    const auto expires = parse_number<std::int64_t>(next_word(line));
    const std::string_view persist = next_word(line);
    // The field's own grammar, so that nothing else gets in.
    const auto parsed = parse_alt_svc("h3=\"" + std::string(line) + "\"");
    if (origin.empty() || !expires || (persist != "0" && persist != "1") || !parsed) continue;
    if (parsed->services.size() != 1 || *expires <= now.time_since_epoch().count()) continue;
    const auto longest = (now + limits_.max_age).time_since_epoch().count();
    kept_service added{parsed->services.front(), wall_time(std::chrono::seconds(std::min(*expires, longest))), {}, 0};
    added.service.persist = persist == "1";
    const auto known = find_locked(origin);
    auto services = known != origins_.end() ? known->services : std::vector<kept_service>();
    const bool is_known = find_locked(origin, added.service) != nullptr;
    if (is_known || services.size() >= limits_.services_an_origin) continue;
    services.push_back(std::move(added));
    put_locked(origin, std::move(services));
  }
}

}  // namespace quasio::http3
