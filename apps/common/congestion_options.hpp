#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "quasio/quic/settings.hpp"

namespace quasio::apps {

/// How fast a program is to send, as its command line says: alike in all programs.
struct congestion_arguments {
  std::string algorithm;             ///< Empty: the library's default.
  std::uint32_t initial_window = 0;  ///< In packets; 0: the library's default.
  double max_pacing_megabits = 0;    ///< A second; 0: no ceiling.
};

void add_congestion_options(CLI::App& app, congestion_arguments& out, const std::string& group);

/// Carries the choice over into the settings of connections.
void apply(const congestion_arguments& chosen, quic::settings& transport);

}  // namespace quasio::apps
