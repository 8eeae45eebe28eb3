#include "quasio/recovery/congestion_settings.hpp"

#include <algorithm>

#include "recovery/bbr.hpp"
#include "recovery/cubic.hpp"
#include "recovery/new_reno.hpp"

namespace quasio::recovery {

std::uint64_t minimum_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept {
  return std::uint64_t{std::max<std::uint32_t>(settings.minimum_window_packets, 2)} * max_datagram_size;
}

std::uint64_t initial_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept {
  const std::uint64_t wanted = std::uint64_t{settings.initial_window_packets} * max_datagram_size;
  const std::uint64_t least = minimum_window(settings, max_datagram_size);
  return std::clamp(wanted, least, std::max(least, settings.initial_window_limit));
}

std::unique_ptr<congestion_controller> make_congestion_controller(const congestion_settings& settings,
                                                                  std::size_t max_datagram_size) {
  switch (settings.algorithm) {
    case congestion_algorithm::bbr:
      return std::make_unique<bbr>(settings, max_datagram_size);
    case congestion_algorithm::new_reno:
      return std::make_unique<new_reno>(settings, max_datagram_size);
    case congestion_algorithm::cubic:
      break;
  }
  return std::make_unique<cubic>(settings, max_datagram_size);
}

}  // namespace quasio::recovery
