#pragma once

#include <string>
#include <vector>

#include "attack/verdict.hpp"

namespace quasio::attack {

struct line {
  attack which;
  measurement seen;
};

struct chapter {
  std::string title;
  std::vector<line> lines;
};

/// docs/attacks.md.
std::string make_page(const std::vector<chapter>& chapters, const calibration& usual);

/// What was met, in a few words: "H3_EXCESSIVE_LOAD", "streams H3_REQUEST_REJECTED", "431".
std::string outcome(const attack& which, const measurement& seen);

}  // namespace quasio::attack
