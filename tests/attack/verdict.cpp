#include "attack/verdict.hpp"

#include <algorithm>
#include <sstream>

namespace quasio::attack {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_instrumented = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool is_instrumented = true;
#else
constexpr bool is_instrumented = false;
#endif
#else
constexpr bool is_instrumented = false;
#endif

/// A byte of an attack may cost so many times what a byte of honest requests costs, beside a tenth of a processor in
/// any case, for timers and for what is too little to be measured.
constexpr double costs_at_the_most = 4;
constexpr double spare_share = 0.1;

/// How long the slowest hundredth of the others' requests may take: an attacker and a server that are both busy leave a
/// machine with two processors none for the client.
/// Nor may an attack harm them more than honest clients who ask for all that a server can do.
constexpr double patience_milliseconds = 150;
constexpr double patience_factor = 10;

template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::ostringstream out;
  out.precision(3);
  (out << ... << parts);
  return out.str();
}

double share_of_others(const calibration& usual) { return usual.peace.processor_share(); }

void judge_treatment(const attack& which, const treatment& met, std::vector<std::string>& faults) {
  for (const auto& [what, count] : met.closes) {
    if (what == which.close) continue;
    faults.push_back(sentence(count, " connections were closed with ", what, ", wanted ",
                              which.close.empty() ? "none" : which.close));
  }
  if (!which.close.empty() && !met.closes.contains(which.close)) faults.push_back("never closed with " + which.close);
  if (!which.reset.empty() && !met.resets.contains(which.reset))
    faults.push_back("no stream was reset with " + which.reset);
  if (which.status != 0 && !met.statuses.contains(which.status)) {
    faults.push_back(sentence("never answered with ", which.status));
  }
}

}  // namespace

calibration calibrate() { return {measure(peace()), measure(honest_flood())}; }

double worth(const measurement& seen, const calibration& usual) {
  if (seen.bytes_a_second() < 100'000) return 0;
  const double spent = seen.processor_seconds - share_of_others(usual) * seen.seconds;
  return std::max(0.0, spent) / static_cast<double>(seen.met.bytes_sent) / usual.honest_byte();
}

verdict judge(const attack& which, const measurement& seen, const calibration& usual) {
  verdict made;
  if (!seen.survived) {
    made.faults.emplace_back("the server died");
    return made;
  }
  judge_treatment(which, seen.met, made.faults);
  const std::uint64_t most = which.memory_megabytes * 1024 * 1024;
  if (!is_instrumented && seen.memory_growth > most) {
    made.faults.push_back(sentence("the server took ", static_cast<double>(seen.memory_growth) / 1024.0 / 1024.0,
                                   " MB more, wanted at most ", which.memory_megabytes));
  }
  if (seen.others.failures > 0) {
    made.faults.push_back(sentence(seen.others.failures, " honest requests failed: ", seen.others.trouble));
  }
  if (seen.others.milliseconds.empty()) made.late.emplace_back("no honest request was answered");

  const double affordable = costs_at_the_most * usual.honest_byte() * static_cast<double>(seen.met.bytes_sent) +
                            (spare_share + 2 * share_of_others(usual)) * seen.seconds;
  if (seen.processor_seconds > affordable) {
    made.late.push_back(sentence("it cost ", seen.processor_seconds, " s of processor, wanted at most ", affordable));
  }
  const double usual_wait = well_being::percentile(usual.peace.others.milliseconds, 0.99);
  const double wait = well_being::percentile(seen.others.milliseconds, 0.99);
  const double when_busy = well_being::percentile(usual.honest.others.milliseconds, 0.99);
  const double longest = patience_milliseconds + patience_factor * usual_wait + 2 * when_busy;
  if (wait > longest) made.late.push_back(sentence("others waited ", wait, " ms, wanted at most ", longest));
  return made;
}

}  // namespace quasio::attack
