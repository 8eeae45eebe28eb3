#pragma once

#include <string>
#include <vector>

#include "sim/congestion_cell.hpp"

namespace quasio::bench {

/// One line of the table: a network, a controller, and how one flow and how two flows of it fared.
struct measured_cell {
  sim::congestion_cell cell;
  sim::congestion_figures alone;
  sim::congestion_figures pair;
};

/// For example "CUBIC 100Mbit 50ms 0.5BDP 0.1%".
std::string name_of(const sim::congestion_cell& cell);

/// How many of the targets are met, and a line for each that is not.
std::string missed_targets(const std::vector<measured_cell>& cells);

/// The page for people: what was measured, which targets were missed, and all figures.
std::string as_markdown(const std::vector<measured_cell>& cells);

/// The goodput of all cells as a picture.
std::string as_svg(const std::vector<measured_cell>& cells);

}  // namespace quasio::bench
