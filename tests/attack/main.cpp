#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "attack/page.hpp"
#include "attack/verdict.hpp"

// Attacks real servers and says what became of them, of the attackers, and of a client that did nothing wrong.
//
//   attack_tests                     all attacks
//   attack_tests --group qpack       those of one chapter
//   attack_tests --only rapid        those whose names contain the text
//   attack_tests --page docs/attacks.md
//                                    all, and writes the page
//   attack_tests --longer 3          each for three times as long
//   attack_tests --list

namespace quasio::attack {
namespace {

struct group {
  std::string name;
  std::string title;
  std::vector<attack> attacks;
};

std::vector<group> all_groups() {
  return {
      {"requests", "Requests that are taken back", attacks_on_requests()},
      {"fields", "Field sections", attacks_on_fields()},
      {"qpack", "QPACK", attacks_on_qpack()},
      {"patience", "Slow clients", attacks_on_patience()},
      {"streams", "Streams, frames and bodies", attacks_on_streams()},
      {"control", "The control stream", attacks_on_control()},
      {"connections", "Connections and datagrams", attacks_on_connections()},
  };
}

struct wishes {
  std::string group;
  std::string only;
  std::string page;
  int longer = 1;
  bool list = false;
};

bool parse(int count, char** values, wishes& out) {
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    if (name == "--list") {
      out.list = true;
      continue;
    }
    if (i + 1 == count) return false;
    if (name == "--group") {
      out.group = values[++i];
    } else if (name == "--only") {
      out.only = values[++i];
    } else if (name == "--page") {
      out.page = values[++i];
    } else if (name == "--longer") {
      out.longer = std::max(1, std::atoi(values[++i]));
    } else {
      return false;
    }
  }
  return true;
}

// A busy machine makes everything late now and then: what is too late is looked at again.
constexpr int tries = 3;

void print(const attack& which, const measurement& seen, const calibration& usual, const verdict& judged) {
  std::printf(
      "%-4s %-28s %-46s %5.1f MB/s %5llu conn  cpu %3.0f %% (%4.2f)  +%5.1f MB  others %5zu p50 %5.2f p99 %6.2f new "
      "%6.2f ms\n",
      judged.is_good() ? "ok" : "BAD", which.name.c_str(), outcome(which, seen).c_str(), seen.bytes_a_second() / 1e6,
      static_cast<unsigned long long>(seen.connections), 100 * seen.processor_share(), worth(seen, usual),
      static_cast<double>(seen.memory_growth) / 1024 / 1024, seen.others.milliseconds.size(),
      well_being::percentile(seen.others.milliseconds, 0.5), well_being::percentile(seen.others.milliseconds, 0.99),
      well_being::percentile(seen.others.newcomer_milliseconds, 0.5));
  for (const std::string& each : judged.faults) std::printf("       %s\n", each.c_str());
  for (const std::string& each : judged.late) std::printf("       %s\n", each.c_str());
  std::fflush(stdout);
}

/// Whether it held.
bool run(const attack& which, const calibration& usual, measurement& seen) {
  for (int left = tries; left > 0; --left) {
    seen = measure(which);
    const verdict judged = judge(which, seen, usual);
    print(which, seen, usual, judged);
    if (judged.is_good()) return true;
    if (!judged.faults.empty()) return false;
  }
  return false;
}

int run_all(const wishes& wanted) {
  calibration usual = calibrate();
  std::printf(
      "in peace: p50 %.2f p99 %.2f ms; honest requests: %.0f a second, %.0f ns of processor a byte, p99 %.2f ms\n",
      well_being::percentile(usual.peace.others.milliseconds, 0.5),
      well_being::percentile(usual.peace.others.milliseconds, 0.99),
      static_cast<double>(usual.honest.met.responses_ended) / usual.honest.seconds, 1e9 * usual.honest_byte(),
      well_being::percentile(usual.honest.others.milliseconds, 0.99));
  std::vector<chapter> chapters;
  int bad = 0;
  int done = 0;
  for (const group& each : all_groups()) {
    if (!wanted.group.empty() && each.name != wanted.group) continue;
    chapter written{each.title, {}};
    for (attack which : each.attacks) {
      which.lasts *= wanted.longer;
      if (which.name.find(wanted.only) == std::string::npos) continue;
      line measured{which, {}};
      if (!run(which, usual, measured.seen)) ++bad;
      ++done;
      written.lines.push_back(std::move(measured));
    }
    chapters.push_back(std::move(written));
  }
  if (!wanted.page.empty()) std::ofstream(wanted.page) << make_page(chapters, usual);
  std::printf("%d attacks, %d not held\n", done, bad);
  return bad == 0 && done > 0 ? 0 : 1;
}

}  // namespace
}  // namespace quasio::attack

int main(int count, char** values) try {
  quasio::attack::wishes wanted;
  if (!quasio::attack::parse(count, values, wanted)) {
    std::cerr << "attack_tests [--group NAME] [--only TEXT] [--page FILE] [--longer TIMES] [--list]\n";
    return 2;
  }
  if (!wanted.list) return quasio::attack::run_all(wanted);
  for (const auto& each : quasio::attack::all_groups()) {
    for (const auto& which : each.attacks) std::cout << each.name << ' ' << which.name << ": " << which.what << '\n';
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "attack_tests: " << error.what() << '\n';
  return 1;
}
