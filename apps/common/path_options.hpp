#pragma once

#include <cstddef>
#include <string>

#include <CLI/CLI.hpp>

#include "quasio/quic/settings.hpp"
#include "quasio/quic/statistics.hpp"

namespace quasio::apps {

/// How a program uses the network's paths, as its command line says.
struct path_options {
  std::size_t max_datagram_size = quic::settings{}.max_datagram_size;
  bool no_mtu_discovery = false;
  std::string ecn = "on";

  void apply_to(quic::settings& transport) const;
};

/// --max-datagram-size, --no-mtu-discovery and --ecn, in this group of the help.
void add_path_options(CLI::App& app, path_options& options, const char* group);

/// "datagrams of 1472 bytes (mtu search_complete), ecn capable (120 marked, 3 of them by congestion)".
std::string path_line(const quic::statistics& counts);

}  // namespace quasio::apps
