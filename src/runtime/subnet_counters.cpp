#include "quasio/runtime/subnet_counters.hpp"

namespace quasio::runtime {
namespace {

constexpr std::uint64_t is_used = std::uint64_t{1} << 63;
constexpr std::uint64_t is_v6 = std::uint64_t{1} << 62;

/// How far a network is looked for from where it belongs: clients choose their addresses, and must not make us search.
constexpr std::size_t longest_search = 8;

constexpr std::uint32_t v4_mask = 0xfffff000;

std::uint32_t four_bytes(const ip_endpoint& of, std::size_t at) noexcept {
  return std::uint32_t{of.address[at]} << 24 | std::uint32_t{of.address[at + 1]} << 16 |
         std::uint32_t{of.address[at + 2]} << 8 | std::uint32_t{of.address[at + 3]};
}

std::uint64_t key_of(const ip_endpoint& client) noexcept {
  if (client.is_v4()) return is_used | (four_bytes(client, 12) & v4_mask);
  return is_used | is_v6 | four_bytes(client, 0);
}

std::size_t place_of(std::uint64_t key) noexcept {
  return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 56) % subnet_counters::capacity;
}

std::string name_of(std::uint64_t key) {
  ip_endpoint network;
  const auto bits = static_cast<std::uint32_t>(key);
  if ((key & is_v6) == 0) {
    network = ip_endpoint::v4({static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
                               static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)},
                              0);
    const std::string text = network.to_string();
    return text.substr(0, text.rfind(':')) + "/20";
  }
  for (std::size_t at = 0; at < 4; ++at) network.address[at] = static_cast<std::uint8_t>(bits >> (24 - 8 * at));
  const std::string text = network.to_string();  // "[2001:db8::]:0"
  return text.substr(1, text.rfind(']') - 1) + "/32";
}

}  // namespace

subnet_counters::entry& subnet_counters::entry_for(const ip_endpoint& client) noexcept {
  const std::uint64_t key = key_of(client);
  std::size_t at = place_of(key);
  for (std::size_t tried = 0; tried < longest_search; ++tried, at = (at + 1) % capacity) {
    const std::uint64_t present = entries_[at].key.load(std::memory_order_relaxed);
    if (present == 0) entries_[at].key.store(key, std::memory_order_relaxed);
    if (present == 0 || present == key) return entries_[at];
  }
  return other_;
}

std::vector<subnet_counters::row> subnet_counters::rows() const {
  std::vector<row> all;
  for (const entry& each : entries_) {
    const std::uint64_t key = each.key.load(std::memory_order_relaxed);
    if (key != 0) all.push_back({name_of(key), each.accepted.value(), each.rejected.value()});
  }
  if (other_.accepted.value() + other_.rejected.value() > 0)
    all.push_back({"other", other_.accepted.value(), other_.rejected.value()});
  return all;
}

}  // namespace quasio::runtime
