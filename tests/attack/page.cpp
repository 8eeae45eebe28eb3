#include "attack/page.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace quasio::attack {
namespace {

constexpr const char* introduction = R"(# What attackers meet

Written by `attack_tests --page docs/attacks.md`; do not edit. Each line below is a test (CTest label `attack`): a hostile
client attacks a real server as hard as it can, and begins anew whenever it is shut out, while an honest client goes on
asking. The server is `quasio-server` with one thread, which all clients share, and in the cases that need handlers a
server of the easy API (`tests/attack/victim.cpp`), likewise with one. Attacker, server and honest client run on one
machine over loopback; all settings are the defaults, but for timeouts where the line says so.

- **Held by**: the setting that stops it, and its default.
- **Ends with**: how the attacker's connections are closed, its streams reset or its requests answered. A dash: nothing
  has to be stopped, the attack costs what any traffic costs.
- **Conn.**: connections that the attacker used up while the test lasted (0.3 to 3 seconds).
- **Sent**: UDP payload from the attacker, megabytes a second.
- **CPU**: what the server used, in percent of one processor, with the honest client's requests.
- **A byte's cost**: how much processor time a byte of the attack costs the server, beside a byte of honest requests sent
  as fast as the server answers. 1 means that the attacker might as well ask for files. Not told where next to nothing is
  sent.
- **Memory**: by how much the server's resident memory grew at the most; the test's bound is in brackets.
- **Others**: latency of the honest client's requests on its connection, median and 99th percentile, in milliseconds; and
  the median of requests on new connections, with their handshakes. All of its requests succeeded. Where the attacker
  sends as much as one thread can take, others wait while it is taken, as beside any fast upload; most by `qpack_duplicates`
  and its like, where a window full of instructions is a quarter of a second of work.

The tests hold each attack to its outcome and its memory bound, a byte to four times the cost of an honest one, and the
99th percentile of the others to 150 ms more than ten times what it is in peace and twice what it is beside an honest
client in a hurry, so that they hold on small and busy machines as well.

)";

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string waits(const well_being& others) {
  return number(well_being::percentile(others.milliseconds, 0.5), 2) + " / " +
         number(well_being::percentile(others.milliseconds, 0.99), 2) + " / " +
         number(well_being::percentile(others.newcomer_milliseconds, 0.5), 1);
}

void write_line(std::ostream& out, const line& each, const calibration& usual) {
  const measurement& seen = each.seen;
  const double cost = worth(seen, usual);
  out << "| `" << each.which.name << "` | " << each.which.what << " | " << each.which.limit << " | "
      << outcome(each.which, seen) << " | " << seen.connections << " | " << number(seen.bytes_a_second() / 1e6, 2)
      << " | " << number(100 * seen.processor_share(), 0) << " | " << (cost > 0 ? number(cost, 2) : "") << " | "
      << number(static_cast<double>(seen.memory_growth) / 1024 / 1024, 1) << " (" << each.which.memory_megabytes
      << ") | " << waits(seen.others) << " |\n";
}

}  // namespace

std::string outcome(const attack& which, const measurement& seen) {
  std::vector<std::string> parts;
  for (const auto& [what, count] : seen.met.closes) parts.push_back(what);
  if (!which.reset.empty() && seen.met.resets.contains(which.reset)) {
    parts.push_back(which.reset == "Retry" ? which.reset : "streams " + which.reset);
  }
  if (which.status != 0 && seen.met.statuses.contains(which.status)) parts.push_back(std::to_string(which.status));
  std::string all;
  for (const std::string& each : parts) all += (all.empty() ? "" : ", ") + each;
  return all.empty() ? "-" : all;
}

std::string make_page(const std::vector<chapter>& chapters, const calibration& usual) {
  std::ostringstream out;
  const measurement& honest = usual.honest;
  out << introduction;
  out << "Without an attack the honest client waits " << waits(usual.peace.others)
      << " ms (median, 99th percentile, new connections). While another client asks for a small file as fast as the "
         "server answers\n("
      << number(static_cast<double>(honest.met.responses_ended) / honest.seconds, 0) << " requests a second, "
      << number(1e9 * usual.honest_byte(), 0) << " ns of processor for each byte of them) it waits "
      << waits(honest.others) << " ms.\n";
  for (const chapter& each : chapters) {
    out << "\n## " << each.title << "\n\n"
        << "| Attack | What it is | Held by | Ends with | Conn. | Sent, MB/s | CPU, % | A byte's cost | Memory, MB | "
           "Others, ms |\n"
        << "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const line& one : each.lines) write_line(out, one, usual);
  }
  return out.str();
}

}  // namespace quasio::attack
