#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "quasio/quic/version_settings.hpp"

namespace quasio::apps {

/// Which versions of QUIC a program is to speak, as its command line says.
struct version_arguments {
  std::vector<std::string> supported;  ///< "1" and "2", the most wanted first; empty: the library's default.
  std::string first;                   ///< Of a client's first packet; empty: the library's default.
};

/// --versions, for servers and clients.
void add_version_options(CLI::App& app, version_arguments& out, const std::string& group);

/// --quic-version, for clients.
void add_first_version_option(CLI::App& app, version_arguments& out, const std::string& group);

/// Carries the choice over into the settings of connections. Whoever names versions wants that order to count.
void apply(const version_arguments& chosen, quic::version_settings& versions);

std::optional<quic_version> first_version(const version_arguments& chosen);

/// What is wrong with the two together; empty: nothing.
std::string contradiction(const version_arguments& chosen);

}  // namespace quasio::apps
