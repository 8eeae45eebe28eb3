#include "common/version_options.hpp"

#include <algorithm>

namespace quasio::apps {
namespace {

quic_version version_of(const std::string& name) { return name == "2" ? quic_version::v2 : quic_version::v1; }

std::string check_version(const std::string& value) {
  return value == "1" || value == "2" ? std::string() : "'" + value + "' is no version of QUIC; there are 1 and 2";
}

}  // namespace

void add_version_options(CLI::App& app, version_arguments& out, const std::string& group) {
  app.add_option("--versions", out.supported,
                 "Versions of QUIC to speak, the most wanted first. Default: 1,2, where 2 is for who asks for it")
      ->delimiter(',')
      ->expected(1, 2)
      ->allow_extra_args(false)
      ->check(check_version)
      ->type_name("1|2|1,2|2,1")
      ->group(group);
}

void add_first_version_option(CLI::App& app, version_arguments& out, const std::string& group) {
  app.add_option("--quic-version", out.first,
                 "The version of QUIC to begin with. Default: 1, which every server knows; a server that takes "
                 "version 2 changes over without a round trip where --versions says 2,1")
      ->check(check_version)
      ->type_name("1|2")
      ->group(group);
}

void apply(const version_arguments& chosen, quic::version_settings& versions) {
  if (chosen.supported.empty()) return;
  versions.supported.clear();
  for (const std::string& name : chosen.supported) versions.supported.push_back(version_of(name));
  versions.preference = quic::version_preference::of_server;
}

std::optional<quic_version> first_version(const version_arguments& chosen) {
  return chosen.first.empty() ? std::nullopt : std::optional(version_of(chosen.first));
}

std::string contradiction(const version_arguments& chosen) {
  const bool known = chosen.first.empty() || chosen.supported.empty() ||
                     std::ranges::find(chosen.supported, chosen.first) != chosen.supported.end();
  return known ? std::string() : "--quic-version " + chosen.first + " is not among --versions";
}

}  // namespace quasio::apps
