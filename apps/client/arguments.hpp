#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/command_line.hpp"
#include "common/congestion_options.hpp"
#include "common/path_options.hpp"
#include "common/qlog_options.hpp"
#include "common/version_options.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/url.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::apps {

/// One URL to fetch, and where its body goes.
struct planned_transfer {
  std::string text;  ///< The URL as the user wrote it.
  http3::url url;
  std::string output;  ///< A path; empty: standard output.
};

/// The body of the requests: bytes, or a file or standard input, which are read while they are sent.
struct request_body {
  std::string bytes;
  std::string file;             ///< When not empty, instead of `bytes`.
  bool standard_input = false;  ///< Instead of both.
};

/// What the command line of quasio-client says.
struct client_arguments {
  std::vector<planned_transfer> transfers;
  std::size_t parallel = 1;

  std::string method = "GET";
  http3::field_list headers;
  std::optional<request_body> body;
  bool fail = false;

  std::string ca_file;  ///< Empty: the system's roots.
  bool insecure = false;
  std::string token_file;  ///< Empty: none.
  std::string key_log;     ///< Empty: none.
  qlog_arguments qlog;
  std::string session_file;  ///< Empty: none.
  bool early_data = false;

  std::vector<http3::connect_to> connect_to;
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds keep_alive{0};  ///< 0: never.
  congestion_arguments congestion;
  std::chrono::milliseconds max_time{0};  ///< 0: for ever.

  path_options path;
  version_arguments versions;
  std::uint64_t update_keys_after = 0;  ///< Bytes; 0: when the library does.

  /// Body bytes of a transfer after which the connection moves to a new port; 0: never.
  std::uint64_t migrate_after = 0;

  bool json = false;
  bool verbose = false;
  bool silent = false;
};

std::variant<client_arguments, early_end> parse_client_arguments(int count, const char* const* values);

}  // namespace quasio::apps
