#include "http3/qpack_static_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace quasio::http3 {
namespace {

/// RFC 9204, appendix A.
constexpr std::array<static_entry, qpack_static_table_size> entries = {{
    {":authority", ""},
    {":path", "/"},
    {"age", "0"},
    {"content-disposition", ""},
    {"content-length", "0"},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"referer", ""},
    {"set-cookie", ""},
    {":method", "CONNECT"},
    {":method", "DELETE"},
    {":method", "GET"},
    {":method", "HEAD"},
    {":method", "OPTIONS"},
    {":method", "POST"},
    {":method", "PUT"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "103"},
    {":status", "200"},
    {":status", "304"},
    {":status", "404"},
    {":status", "503"},
    {"accept", "*/*"},
    {"accept", "application/dns-message"},
    {"accept-encoding", "gzip, deflate, br"},
    {"accept-ranges", "bytes"},
    {"access-control-allow-headers", "cache-control"},
    {"access-control-allow-headers", "content-type"},
    {"access-control-allow-origin", "*"},
    {"cache-control", "max-age=0"},
    {"cache-control", "max-age=2592000"},
    {"cache-control", "max-age=604800"},
    {"cache-control", "no-cache"},
    {"cache-control", "no-store"},
    {"cache-control", "public, max-age=31536000"},
    {"content-encoding", "br"},
    {"content-encoding", "gzip"},
    {"content-type", "application/dns-message"},
    {"content-type", "application/javascript"},
    {"content-type", "application/json"},
    {"content-type", "application/x-www-form-urlencoded"},
    {"content-type", "image/gif"},
    {"content-type", "image/jpeg"},
    {"content-type", "image/png"},
    {"content-type", "text/css"},
    {"content-type", "text/html; charset=utf-8"},
    {"content-type", "text/plain"},
    {"content-type", "text/plain;charset=utf-8"},
    {"range", "bytes=0-"},
    {"strict-transport-security", "max-age=31536000"},
    {"strict-transport-security", "max-age=31536000; includesubdomains"},
    {"strict-transport-security", "max-age=31536000; includesubdomains; preload"},
    {"vary", "accept-encoding"},
    {"vary", "origin"},
    {"x-content-type-options", "nosniff"},
    {"x-xss-protection", "1; mode=block"},
    {":status", "100"},
    {":status", "204"},
    {":status", "206"},
    {":status", "302"},
    {":status", "400"},
    {":status", "403"},
    {":status", "421"},
    {":status", "425"},
    {":status", "500"},
    {"accept-language", ""},
    {"access-control-allow-credentials", "FALSE"},
    {"access-control-allow-credentials", "TRUE"},
    {"access-control-allow-headers", "*"},
    {"access-control-allow-methods", "get"},
    {"access-control-allow-methods", "get, post, options"},
    {"access-control-allow-methods", "options"},
    {"access-control-expose-headers", "content-length"},
    {"access-control-request-headers", "content-type"},
    {"access-control-request-method", "get"},
    {"access-control-request-method", "post"},
    {"alt-svc", "clear"},
    {"authorization", ""},
    {"content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"},
    {"early-data", "1"},
    {"expect-ct", ""},
    {"forwarded", ""},
    {"if-range", ""},
    {"origin", ""},
    {"purpose", "prefetch"},
    {"server", ""},
    {"timing-allow-origin", "*"},
    {"upgrade-insecure-requests", "1"},
    {"user-agent", ""},
    {"x-forwarded-for", ""},
    {"x-frame-options", "deny"},
    {"x-frame-options", "sameorigin"},
}};

/// Entry numbers, ordered by name; those of one name stay in their own order, so that the first is the smallest.
constexpr std::array<std::uint8_t, entries.size()> sort_by_name() {
  std::array<std::uint8_t, entries.size()> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.end(), [](std::uint8_t a, std::uint8_t b) {
    return entries[a].name == entries[b].name ? a < b : entries[a].name < entries[b].name;
  });
  return order;
}
constexpr auto by_name = sort_by_name();

/// Neighbours in `by_name` that share a name.
struct name_group {
  std::uint8_t first = 0;
  std::uint8_t count = 0;  ///< 0: the slot is free.
};

constexpr std::size_t slot_count = 512;
constexpr std::size_t max_probes = 2;

/// Few of the characters tell all names of the table apart well enough.
constexpr std::size_t slot_of(std::string_view name) noexcept {
  if (name.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<std::uint8_t>(name[i])); };
  const std::size_t mixed = name.size() * 167 + at(0) * 31 + at(name.size() / 2) * 57 + at(name.size() - 1) * 7;
  return mixed % slot_count;
}

struct name_index {
  std::array<name_group, slot_count> slots{};
  std::size_t longest_probe = 0;
};

constexpr name_index make_index() {
  name_index index;
  for (std::size_t first = 0; first < by_name.size();) {
    const std::string_view name = entries[by_name[first]].name;
    std::size_t end = first + 1;
    while (end < by_name.size() && entries[by_name[end]].name == name) ++end;
    std::size_t slot = slot_of(name);
    std::size_t probes = 1;
    for (; index.slots[slot].count != 0; slot = (slot + 1) % slot_count) ++probes;
    index.slots[slot] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(end - first)};
    index.longest_probe = std::max(index.longest_probe, probes);
    first = end;
  }
  return index;
}
constexpr name_index index_by_name = make_index();
static_assert(index_by_name.longest_probe <= max_probes, "the hash spreads the names badly");

name_group find_group(std::string_view name) noexcept {
  std::size_t slot = slot_of(name);
  for (std::size_t probe = 0; probe < max_probes; ++probe, slot = (slot + 1) % slot_count) {
    const name_group group = index_by_name.slots[slot];
    if (group.count == 0) break;
    if (entries[by_name[group.first]].name == name) return group;
  }
  return {};
}

}  // namespace

const static_entry* qpack_static_entry(std::uint64_t index) noexcept {
  return index < entries.size() ? &entries[static_cast<std::size_t>(index)] : nullptr;
}

std::optional<static_match> find_qpack_static(std::string_view name, std::string_view value) noexcept {
  const name_group group = find_group(name);
  if (group.count == 0) return std::nullopt;
  for (std::size_t i = group.first; i < std::size_t{group.first} + group.count; ++i) {
    if (entries[by_name[i]].value == value) return static_match{by_name[i], true};
  }
  return static_match{by_name[group.first], false};
}

}  // namespace quasio::http3
