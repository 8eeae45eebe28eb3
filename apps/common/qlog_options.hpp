#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "quasio/base/result.hpp"
#include "quasio/runtime/qlog_folder.hpp"

namespace quasio::apps {

/// What a command line says about logs of connections.
struct qlog_arguments {
  std::string folder;  ///< Empty: no logs.
  runtime::log_compression compression = runtime::log_compression::none;
};

/// --qlog-dir and --qlog-compression.
void add_qlog_options(CLI::App& app, qlog_arguments& out, const std::string& group);

/// Null where no logs are wanted. What goes wrong is said in a sentence.
result<std::unique_ptr<runtime::qlog_folder>, std::string> open_qlog(const qlog_arguments& arguments);

}  // namespace quasio::apps
