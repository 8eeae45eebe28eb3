#pragma once

#include <string>
#include <vector>

#include "attack/trial.hpp"

namespace quasio::attack {

/// What this machine does when nobody attacks: bounds are told by it.
struct calibration {
  measurement peace;
  measurement honest;

  /// Seconds of processor that a byte of honest requests costs the server.
  double honest_byte() const { return honest.processor_seconds / static_cast<double>(honest.met.bytes_sent); }
};

calibration calibrate();

/// What has to be better, a sentence each; of times it is kept apart, since a busy machine may be to blame.
struct verdict {
  std::vector<std::string> faults;
  std::vector<std::string> late;

  bool is_good() const { return faults.empty() && late.empty(); }
};

verdict judge(const attack& which, const measurement& seen, const calibration& usual);

/// How many bytes of honest requests a byte of the attack is worth, by what it costs the server's processor. Where the
/// attacker hardly sends anything there is no telling: nothing.
double worth(const measurement& seen, const calibration& usual);

}  // namespace quasio::attack
