#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace quasio::apps {

/// Codes that all programs of the house share.
inline constexpr int exit_success = 0;
inline constexpr int exit_usage = 2;

/// What a program is to say, and with which code it is to end, where its command line is all that there is to it:
/// --help,
/// --version, or something wrong.
struct early_end {
  int code = exit_success;
  std::string out;    ///< For standard output.
  std::string error;  ///< For standard error.
};

/// Gives the program's help the look of the house: descriptions wrapped at 100 columns, options with the names of their
/// values and nothing else.
void set_help_format(CLI::App& app);

/// An error in the command line: "PROGRAM: MESSAGE", and where to find help.
early_end usage_error(const std::string& program, const std::string& message);

/// The end that a CLI11 exception means for this program.
early_end end_of_parsing(const CLI::App& app, const CLI::ParseError& error);

/// Writes what there is to say; returns the code.
int say(const early_end& end);

/// "0.1.0".
const char* program_version() noexcept;

/// "quasio-client 0.1.0 (OpenSSL 3.5.7)".
std::string version_line(const std::string& program);

}  // namespace quasio::apps
