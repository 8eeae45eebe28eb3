// Runs every controller through every network of the table and writes what came of it. See bench/congestion.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "recovery/congestion_page.hpp"
#include "recovery/processes.hpp"

namespace {

using namespace quasio;
using namespace std::chrono_literals;

constexpr std::array algorithms{recovery::congestion_algorithm::cubic, recovery::congestion_algorithm::bbr,
                                recovery::congestion_algorithm::new_reno};
constexpr std::array<std::uint64_t, 3> rates{10'000'000, 100'000'000, 1'000'000'000};
constexpr std::array<duration, 3> round_trips{10ms, 50ms, 300ms};
constexpr std::array queues{0.5, 1.0, 4.0};
constexpr std::array losses{0.0, 0.001, 0.01};

/// CUBIC takes some ten seconds of a cycle on short fast paths and half a minute on long ones, BBR two to three seconds
/// or a dozen round trips. A second of 1 Gbit/s takes a fifth of a second to simulate.
void set_times(sim::congestion_cell& cell) {
  if (cell.bits_per_second < 100'000'000) {
    cell.warm_up = 20s;
    cell.measured = 60s;
    return;
  }
  cell.warm_up = 5s + 40 * cell.round_trip;
  cell.measured = 20s + 60 * cell.round_trip;
}

/// How long CUBIC takes from one loss to the next where only a full queue loses: K of RFC 9438, section 4.2, with C of
/// 0.4 and beta of 0.7.
duration cubic_cycle(const sim::congestion_cell& cell) {
  constexpr double packet = 1452;
  const double most = (1 + cell.queue_products) * static_cast<double>(sim::bandwidth_delay_product(cell)) / packet;
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(std::cbrt(most * 0.3 / 0.4)));
}

/// Two flows need many cycles to become equal, and then some more to be judged by.
sim::congestion_cell two_flows(sim::congestion_cell cell) {
  cell.flows = 2;
  const bool slow = cell.bits_per_second < 1'000'000'000;
  cell.warm_up = slow ? 40s + 200 * cell.round_trip : 20s + 100 * cell.round_trip;
  if (cell.algorithm == recovery::congestion_algorithm::cubic && cell.loss == 0)
    cell.warm_up = std::max(cell.warm_up, 3 * cubic_cycle(cell));
  cell.measured = 2 * cell.warm_up;
  return cell;
}

std::vector<sim::congestion_cell> whole_table() {
  std::vector<sim::congestion_cell> cells;
  for (const auto algorithm : algorithms)
    for (const std::uint64_t rate : rates)
      for (const duration round_trip : round_trips)
        for (const double queue : queues)
          for (const double loss : losses) {
            sim::congestion_cell cell{.algorithm = algorithm,
                                      .bits_per_second = rate,
                                      .round_trip = round_trip,
                                      .queue_products = queue,
                                      .loss = loss};
            set_times(cell);
            cells.push_back(cell);
          }
  return cells;
}

void show(const sim::dumbbell& network, std::size_t flows) {
  const auto delivered = network.delivered();
  std::printf("  %7.2f s", std::chrono::duration<double>(network.now().time_since_epoch()).count() - 1000);
  for (std::size_t flow = 0; flow < flows && flow < delivered.size(); ++flow) {
    const auto seen = network.client_statistics(flow);
    std::printf(
        " | delivered %10llu window %9llu flight %9llu rtt %6.1f ms lost %6llu events %4llu undone %3llu pto %3llu",
        static_cast<unsigned long long>(delivered[flow]), static_cast<unsigned long long>(seen.congestion_window),
        static_cast<unsigned long long>(seen.bytes_in_flight),
        std::chrono::duration<double, std::milli>(seen.smoothed_rtt).count(),
        static_cast<unsigned long long>(seen.packets_lost), static_cast<unsigned long long>(seen.congestion_events),
        static_cast<unsigned long long>(seen.congestion_events_undone),
        static_cast<unsigned long long>(seen.probe_timeouts));
  }
  std::printf("\n");
}

sim::congestion_result measure(const sim::congestion_cell& cell, bool trace) {
  const duration step = std::max<duration>(cell.round_trip * 2, 200ms);
  return sim::run(cell, trace ? step : duration::zero(),
                  [&cell](const sim::dumbbell& network) { show(network, cell.flows); });
}

bench::measured_cell measure(const sim::congestion_cell& alone, const sim::congestion_cell& pair, bool trace) {
  const auto began = std::chrono::steady_clock::now();
  bench::measured_cell done{alone, measure(alone, trace), measure(pair, trace)};
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%-36s goodput %5.1f %%  queueing %6.1f / %6.1f ms  drops %5.2f %%  two flows %5.1f %%  Jain %.3f  (%.1f s)\n",
      bench::name_of(alone).c_str(), 100 * done.alone.goodput,
      std::chrono::duration<double, std::milli>(done.alone.mean_queueing).count(),
      std::chrono::duration<double, std::milli>(done.alone.p95_queueing).count(), 100 * done.alone.drops,
      100 * done.pair.goodput, done.pair.fairness, took);
  std::fflush(stdout);
  return done;
}

constexpr std::string_view usage =
    "usage: congestion_table FOLDER [--seed N]... [--times WARM_UP MEASURED] [--trace] [--jobs N] [TEXT]...\n"
    "Runs each controller through each network and writes congestion.md and congestion.svg to FOLDER, which says what\n"
    "of the targets is missed.\n"
    "  TEXT      only cells with all these texts in their name, such as \"BBRv3 100Mbit\" and \" 1.0%\"; writes "
    "nothing\n"
    "  --seed N  another course of chance than that of the page (1); may be given several times; writes nothing\n"
    "  --times WARM_UP MEASURED  seconds before what is measured and of it, instead of the page's; writes nothing\n"
    "  --jobs N  so many processes at a time; 1 by default\n"
    "  --trace   shows window, flight and queue as they go; writes nothing\n";

struct options {
  std::string folder;
  std::vector<std::string_view> texts;
  std::vector<std::uint64_t> seeds;
  std::optional<std::pair<std::chrono::seconds, std::chrono::seconds>> times;
  unsigned jobs = 1;
  bool trace = false;

  bool names(const std::string& cell) const {
    return std::ranges::all_of(texts, [&](std::string_view text) { return cell.find(text) != std::string::npos; });
  }
  bool whole() const { return texts.empty() && seeds.empty() && !times && !trace; }
};

std::optional<options> read_options(int count, char** arguments) {
  options read;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--trace") {
      read.trace = true;
    } else if (argument == "--jobs" && i + 1 < count) {
      read.jobs = static_cast<unsigned>(std::max(std::atoi(arguments[++i]), 1));
    } else if (argument == "--times" && i + 2 < count) {
      const std::chrono::seconds warm_up(std::atoi(arguments[++i]));
      const std::chrono::seconds measured(std::atoi(arguments[++i]));
      read.times = {warm_up, measured};
    } else if (argument == "--seed" && i + 1 < count) {
      read.seeds.push_back(std::strtoull(arguments[++i], nullptr, 10));
    } else if (argument.starts_with("--")) {
      return std::nullopt;
    } else if (read.folder.empty()) {
      read.folder = argument;
    } else {
      read.texts.push_back(argument);
    }
  }
  if (read.folder.empty()) return std::nullopt;
  return read;
}

bool write(const std::string& name, const std::string& text) {
  std::ofstream file(name, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int count, char** arguments) {
  const auto options = read_options(count, arguments);
  if (!options) {
    std::fputs(usage.data(), stderr);
    return 2;
  }
  const std::vector<std::uint64_t> seeds = options->seeds.empty() ? std::vector<std::uint64_t>{1} : options->seeds;
  std::vector<std::pair<sim::congestion_cell, sim::congestion_cell>> wanted;
  for (sim::congestion_cell cell : whole_table()) {
    if (!options->names(bench::name_of(cell))) continue;
    sim::congestion_cell pair = two_flows(cell);
    if (options->times) {
      std::tie(cell.warm_up, cell.measured) = *options->times;
      std::tie(pair.warm_up, pair.measured) = *options->times;
    }
    for (const std::uint64_t seed : seeds) {
      cell.seed = pair.seed = seed;
      wanted.emplace_back(cell, pair);
    }
  }
  const auto done = bench::in_processes(wanted.size(), options->jobs, [&](std::size_t index) {
    return measure(wanted[index].first, wanted[index].second, options->trace);
  });
  if (!done) {
    std::fputs("a process failed\n", stderr);
    return 1;
  }
  const std::vector<bench::measured_cell>& measured = *done;
  std::fputs(bench::missed_targets(measured).c_str(), stdout);
  if (!options->whole()) return 0;
  const bool written = write(options->folder + "/congestion.md", bench::as_markdown(measured)) &&
                       write(options->folder + "/congestion.svg", bench::as_svg(measured));
  if (!written) std::fprintf(stderr, "cannot write to %s\n", options->folder.c_str());
  return written ? 0 : 1;
}
