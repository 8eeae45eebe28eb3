// Runs every controller through every network of the table and writes what came of it. See bench/congestion.

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "recovery/congestion_page.hpp"

namespace {

using namespace quasio;
using namespace std::chrono_literals;

constexpr std::array algorithms{recovery::congestion_algorithm::cubic, recovery::congestion_algorithm::bbr,
                                recovery::congestion_algorithm::new_reno};
constexpr std::array<std::uint64_t, 3> rates{10'000'000, 100'000'000, 1'000'000'000};
constexpr std::array<duration, 3> round_trips{10ms, 50ms, 300ms};
constexpr std::array queues{0.5, 1.0, 4.0};
constexpr std::array losses{0.0, 0.001, 0.01};

/// CUBIC takes some ten seconds of a cycle on short fast paths and half a minute on long ones; two flows need a few of
/// them to become equal. A second of 1 Gbit/s takes a fifth of a second to simulate.
void set_times(sim::congestion_cell& cell) {
  if (cell.bits_per_second < 100'000'000) {
    cell.warm_up = 20s;
    cell.measured = 60s;
    return;
  }
  cell.warm_up = 5s + 40 * cell.round_trip;
  cell.measured = 20s + 60 * cell.round_trip;
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

sim::congestion_result measure(sim::congestion_cell cell, std::size_t flows, bool trace) {
  cell.flows = flows;
  const duration step = std::max<duration>(cell.round_trip * 2, 200ms);
  return sim::run(cell, trace ? step : duration::zero(),
                  [flows](const sim::dumbbell& network) { show(network, flows); });
}

bench::measured_cell measure(const sim::congestion_cell& cell, bool trace) {
  const auto began = std::chrono::steady_clock::now();
  bench::measured_cell done{cell, measure(cell, 1, trace), measure(cell, 2, trace)};
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%-36s goodput %5.1f %%  queueing %6.1f / %6.1f ms  drops %5.2f %%  two flows %5.1f %%  Jain %.3f  (%.1f s)\n",
      bench::name_of(cell).c_str(), 100 * done.alone.goodput,
      std::chrono::duration<double, std::milli>(done.alone.mean_queueing).count(),
      std::chrono::duration<double, std::milli>(done.alone.p95_queueing).count(), 100 * done.alone.drops,
      100 * done.pair.goodput, done.pair.fairness, took);
  std::fflush(stdout);
  return done;
}

bool write(const std::string& name, const std::string& text) {
  std::ofstream file(name, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: congestion_table OUTPUT_FOLDER [[--trace] TEXT_IN_CELL_NAMES]\n");
    return 2;
  }
  const std::string folder = arguments[1];
  const bool trace = count > 2 && std::string_view(arguments[2]) == "--trace";
  const int filter_at = trace ? 3 : 2;
  const std::string filter = count > filter_at ? arguments[filter_at] : "";

  std::vector<bench::measured_cell> measured;
  for (const sim::congestion_cell& cell : whole_table()) {
    if (bench::name_of(cell).find(filter) != std::string::npos) measured.push_back(measure(cell, trace));
  }
  if (!filter.empty()) return 0;
  const bool written = write(folder + "/congestion.md", bench::as_markdown(measured)) &&
                       write(folder + "/congestion.svg", bench::as_svg(measured));
  if (!written) std::fprintf(stderr, "cannot write to %s\n", folder.c_str());
  return written ? 0 : 1;
}
