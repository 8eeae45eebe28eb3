#include "common/congestion_options.hpp"

#include <map>

namespace quasio::apps {
namespace {

const std::map<std::string, recovery::congestion_algorithm> algorithms = {
    {"bbr", recovery::congestion_algorithm::bbr},
    {"cubic", recovery::congestion_algorithm::cubic},
    {"reno", recovery::congestion_algorithm::new_reno},
};

std::string names(const char* separator) {
  std::string all;
  for (const auto& [name, algorithm] : algorithms) all += (all.empty() ? "" : separator) + name;
  return all;
}

std::string name_of(recovery::congestion_algorithm wanted) {
  for (const auto& [name, algorithm] : algorithms) {
    if (algorithm == wanted) return name;
  }
  return {};
}

std::string check_algorithm(const std::string& value) {
  return algorithms.count(value) != 0 ? std::string() : "'" + value + "' is none of " + names(", ");
}

}  // namespace

void add_congestion_options(CLI::App& app, congestion_arguments& out, const std::string& group) {
  const recovery::congestion_settings usual;
  app.add_option("--congestion", out.algorithm,
                 "How to find out what the network can take. Default: " + name_of(usual.algorithm))
      ->check(check_algorithm)
      ->type_name(names("|"))
      ->group(group);
  app.add_option("--initial-window", out.initial_window,
                 "Packets that a connection may have under way at first. Default: " +
                     std::to_string(usual.initial_window_packets))
      ->type_name("PACKETS")
      ->check(CLI::Range(2u, 10'000u).description(""))
      ->group(group);
  app.add_option("--max-pacing-rate", out.max_pacing_megabits,
                 "Let no connection send faster than so many megabits a second. Default: no limit")
      ->type_name("MBIT")
      ->check(CLI::Range(0.01, 1'000'000.0).description(""))
      ->group(group);
}

void apply(const congestion_arguments& chosen, quic::settings& transport) {
  if (!chosen.algorithm.empty()) transport.congestion.algorithm = algorithms.at(chosen.algorithm);
  if (chosen.initial_window > 0) {
    // Whoever asks for so many packets knows better than the limit in bytes of RFC 9002, section 7.2.
    constexpr std::uint64_t largest_datagram = 65527;
    transport.congestion.initial_window_packets = chosen.initial_window;
    transport.congestion.initial_window_limit = chosen.initial_window * largest_datagram;
  }
  if (chosen.max_pacing_megabits > 0) {
    transport.pacer.maximum_rate = static_cast<std::uint64_t>(chosen.max_pacing_megabits * 125'000);
  }
}

}  // namespace quasio::apps
