#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <spdlog/common.h>

#include "common/command_line.hpp"
#include "common/congestion_options.hpp"
#include "common/host_port.hpp"
#include "common/path_options.hpp"
#include "common/qlog_options.hpp"
#include "common/version_options.hpp"
#include "quasio/driver/server_limits.hpp"
#include "quasio/quic/acceptor.hpp"

namespace quasio::apps {

/// Exit code of quasio-server when it cannot begin to serve.
inline constexpr int exit_cannot_start = 1;

/// What the command line of quasio-server says.
struct server_arguments {
  std::vector<host_port> listen;
  bool listen_by_default = false;  ///< Nobody asked for an address: without IPv6 in the system, IPv4 will do.
  std::string root = ".";
  bool hidden_files = false;

  std::string certificate;  ///< Empty: one is made.
  std::string key;
  std::string key_log;  ///< Empty: none.
  std::optional<host_port> metrics;
  std::string handover;  ///< Empty: none.
  qlog_arguments qlog;

  std::size_t threads = 0;  ///< 0: one a processor.
  std::size_t max_connections = 100'000;
  quic::retry_policy retry = quic::retry_policy::automatic;
  std::string token_key_file;  ///< Empty: secrets for this run alone.
  bool early_data = false;
  std::chrono::milliseconds idle_timeout{30'000};
  http3::server_limits limits;
  congestion_arguments congestion;
  version_arguments versions;
  std::chrono::milliseconds drain_timeout{10'000};
  bool tcp = true;

  path_options path;

  spdlog::level::level_enum log_level = spdlog::level::info;
};

std::variant<server_arguments, early_end> parse_server_arguments(int count, const char* const* values);

}  // namespace quasio::apps
