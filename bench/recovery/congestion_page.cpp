#include "recovery/congestion_page.hpp"

#include <algorithm>
#include <cstdio>

namespace quasio::bench {
namespace {

using recovery::congestion_algorithm;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[512];
  const int size = std::snprintf(text, sizeof text, pattern, values...);
  return {text, static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(sizeof text) - 1))};
}

double milliseconds(duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string rate_of(const sim::congestion_cell& cell) {
  const auto megabits = static_cast<unsigned long>(cell.bits_per_second / 1'000'000);
  return megabits >= 1000 ? format("%luGbit", megabits / 1000) : format("%luMbit", megabits);
}

bool same_link(const sim::congestion_cell& a, const sim::congestion_cell& b) {
  return a.algorithm == b.algorithm && a.bits_per_second == b.bits_per_second && a.round_trip == b.round_trip &&
         a.queue_products == b.queue_products;
}

std::vector<congestion_algorithm> algorithms_of(const std::vector<measured_cell>& cells) {
  std::vector<congestion_algorithm> seen;
  for (const measured_cell& each : cells) {
    if (std::find(seen.begin(), seen.end(), each.cell.algorithm) == seen.end()) seen.push_back(each.cell.algorithm);
  }
  return seen;
}

/// What the project wants of a cell, as a share of the link; 0 where it wants nothing.
double wanted_goodput(const sim::congestion_cell& cell) {
  if (cell.algorithm == congestion_algorithm::new_reno) return 0;
  if (cell.loss == 0) return 0.9;
  return cell.algorithm == congestion_algorithm::bbr ? 0.8 : 0;
}

constexpr double wanted_fairness = 0.9;

std::string figures_of(const measured_cell& each) {
  return format(" %.1f | %.1f / %.1f | %.2f |", 100 * each.alone.goodput, milliseconds(each.alone.mean_queueing),
                milliseconds(each.alone.p95_queueing), each.pair.fairness);
}

std::string table_of(congestion_algorithm algorithm, const std::vector<measured_cell>& cells) {
  std::string rows;
  const measured_cell* row = nullptr;
  std::string head = "| Link | RTT | Queue |";
  std::string rule = "|---|---|---|";
  bool head_is_whole = false;
  for (const measured_cell& each : cells) {
    if (each.cell.algorithm != algorithm) continue;
    if (!row || !same_link(row->cell, each.cell)) {
      head_is_whole = row != nullptr;
      rows += format("%s| %s/s | %.0f ms | %.1f BDP |", row ? "\n" : "", rate_of(each.cell).c_str(),
                     milliseconds(each.cell.round_trip), each.cell.queue_products);
    }
    if (!head_is_whole) {
      head += format(" %.1f %% loss: goodput | queueing | Jain |", 100 * each.cell.loss);
      rule += "---:|---:|---:|";
    }
    rows += figures_of(each);
    row = &each;
  }
  return head + "\n" + rule + "\n" + rows + "\n";
}

std::string colour_of(double goodput) {
  const double share = std::clamp(goodput, 0.0, 1.0);
  return format("hsl(%d,65%%,%d%%)", static_cast<int>(130 * share * share), 62);
}

}  // namespace

std::string name_of(const sim::congestion_cell& cell) {
  return format("%s %s %.0fms %.1fBDP %.1f%%", std::string(sim::name_of(cell.algorithm)).c_str(), rate_of(cell).c_str(),
                milliseconds(cell.round_trip), cell.queue_products, 100 * cell.loss);
}

std::string missed_targets(const std::vector<measured_cell>& cells) {
  std::string lines;
  std::size_t asked = 0;
  std::size_t missed = 0;
  for (const measured_cell& each : cells) {
    const double wanted = wanted_goodput(each.cell);
    if (wanted > 0) {
      ++asked;
      if (each.alone.goodput < wanted) {
        ++missed;
        lines += format("- %s: goodput %.1f %%, wanted %.0f %%\n", name_of(each.cell).c_str(), 100 * each.alone.goodput,
                        100 * wanted);
      }
    }
    ++asked;
    if (each.pair.fairness < wanted_fairness) {
      ++missed;
      lines += format("- %s: Jain index %.2f, wanted %.1f\n", name_of(each.cell).c_str(), each.pair.fairness,
                      wanted_fairness);
    }
  }
  return format("%zu of %zu targets are met.", asked - missed, asked) + (missed ? " Missed:\n\n" + lines : "\n");
}

std::string as_markdown(const std::vector<measured_cell>& cells) {
  std::string page = R"(# Congestion controllers in simulated networks

Written by `bench/congestion`; do not edit. Real connections of this library, with their handshake, encryption, loss
recovery, pacing and flow control, run through the deterministic network of `tests/sim` under a virtual clock, so the
figures are the same on every machine.

Each cell is a bottleneck of a rate, a round-trip time without queueing (RTT), a drop-tail queue in bandwidth-delay
products (BDP) and a share of datagrams lost at random on top of what the queue drops. Datagrams have 1452 bytes.
Acknowledgments are delayed at random by up to a hundredth of the RTT.

- **goodput**: stream data delivered by one flow, in percent of the link. Headers and acknowledgments take some 3 %.
- **queueing**: how long its datagrams waited in the queue, mean / 95th percentile, in milliseconds.
- **Jain**: the fairness index of two flows of the kind that begin half a round trip apart: 1 is equal, 0.5 means that
  one of them got everything.

Of one flow the first 5 s and 40 round trips are not measured, the next 20 s and 60 round trips are (at 10 Mbit/s the
first 20 s are not and the next 60 s are). Of two flows the first 40 s and 200 round trips are not measured (at
1 Gbit/s the first 20 s and 100 round trips; of CUBIC without random loss at least three of its cycles), and twice as
long after that is: flows become equal only over several cycles of their controllers.

![Goodput of each cell](congestion.svg)

## Targets

CUBIC and BBR shall reach 90 % of the link without random loss, BBR 80 % with it, and two flows of a kind a Jain index of
0.9. Loss-based controllers take a loss for congestion: at 1 % of loss their rate is what the response functions of
RFC 9438 and RFC 5348 allow, whatever the link could carry, and nothing is asked of them there.

)";
  page += missed_targets(cells);
  for (const congestion_algorithm algorithm : algorithms_of(cells))
    page += "\n## " + std::string(sim::name_of(algorithm)) + "\n\n" + table_of(algorithm, cells);
  return page;
}

std::string as_svg(const std::vector<measured_cell>& cells) {
  constexpr int side = 44;
  constexpr int height = 20;
  constexpr int left = 190;
  const auto algorithms = algorithms_of(cells);
  // Rows are links, columns the losses of one controller after the other.
  std::vector<sim::congestion_cell> links;
  std::vector<double> losses;
  for (const measured_cell& each : cells) {
    const auto same = [&](const sim::congestion_cell& link) {
      sim::congestion_cell compared = each.cell;
      compared.algorithm = link.algorithm;
      return same_link(link, compared);
    };
    if (std::none_of(links.begin(), links.end(), same)) links.push_back(each.cell);
    if (std::find(losses.begin(), losses.end(), each.cell.loss) == losses.end()) losses.push_back(each.cell.loss);
  }
  const int group = side * static_cast<int>(losses.size()) + 16;
  const int width = left + group * static_cast<int>(algorithms.size());
  const int bottom = 60 + height * static_cast<int>(links.size());
  std::string picture = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, bottom);
  for (std::size_t a = 0; a < algorithms.size(); ++a) {
    const int x = left + group * static_cast<int>(a);
    picture += format("<text x=\"%d\" y=\"20\" font-weight=\"bold\">%s</text>\n", x,
                      std::string(sim::name_of(algorithms[a])).c_str());
    for (std::size_t l = 0; l < losses.size(); ++l)
      picture += format("<text x=\"%d\" y=\"40\">%.1f %%</text>\n", x + side * static_cast<int>(l), 100 * losses[l]);
  }
  for (std::size_t row = 0; row < links.size(); ++row) {
    const int y = 50 + height * static_cast<int>(row);
    picture += format("<text x=\"8\" y=\"%d\">%s/s, %.0f ms, %.1f BDP</text>\n", y + 15, rate_of(links[row]).c_str(),
                      milliseconds(links[row].round_trip), links[row].queue_products);
    for (const measured_cell& each : cells) {
      sim::congestion_cell compared = each.cell;
      compared.algorithm = links[row].algorithm;
      if (!same_link(links[row], compared)) continue;
      const auto a = std::find(algorithms.begin(), algorithms.end(), each.cell.algorithm) - algorithms.begin();
      const auto l = std::find(losses.begin(), losses.end(), each.cell.loss) - losses.begin();
      const int x = left + group * static_cast<int>(a) + side * static_cast<int>(l);
      picture += format("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>", x, y, side - 2, height - 2,
                        colour_of(each.alone.goodput).c_str());
      picture += format("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n", x + side / 2, y + 14,
                        100 * each.alone.goodput);
    }
  }
  return picture + "</svg>\n";
}

}  // namespace quasio::bench
