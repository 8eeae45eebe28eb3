#include "common/command_line.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string_view>

#include <openssl/crypto.h>

namespace quasio::apps {

namespace {

constexpr std::size_t option_column = 30;
constexpr std::size_t line_width = 100;

// The text in lines, each but the first indented as far as the column of descriptions.
std::string wrapped(std::string_view text) {
  std::string out;
  std::size_t used = option_column;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (used != option_column && used + 1 + word.size() > line_width) {
      out += "\n" + std::string(option_column, ' ');
      used = option_column;
    }
    if (used != option_column) {
      out.push_back(' ');
      ++used;
    }
    out += word;
    used += word.size();
  }
  return out;
}

class help_format : public CLI::Formatter {
public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string left = "  " + option->get_name(is_positional, true);
    if (const std::string type = option->get_type_name();
        !is_positional && option->get_items_expected_max() > 0 && !type.empty()) {
      left += " " + type;
    }
    left += left.size() + 2 > option_column ? "\n" + std::string(option_column, ' ')
                                            : std::string(option_column - left.size(), ' ');
    return left + wrapped(option->get_description()) + "\n";
  }
};

}  // namespace

void set_help_format(CLI::App& app) { app.formatter(std::make_shared<help_format>()); }

early_end usage_error(const std::string& program, const std::string& message) {
  return {.code = exit_usage, .error = program + ": " + message + "\nTry '" + program + " --help'.\n"};
}

early_end end_of_parsing(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr) {
    return {.out = std::string(error.what()) + "\n"};
  }
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return {.out = app.help()};
  return usage_error(app.get_name(), error.what());
}

int say(const early_end& end) {
  std::cout << end.out << std::flush;
  std::cerr << end.error << std::flush;
  return end.code;
}

const char* program_version() noexcept { return QUASIO_VERSION; }

std::string version_line(const std::string& program) {
  return program + " " + program_version() + " (" + "OpenSSL " + OpenSSL_version(OPENSSL_VERSION_STRING) + ")";
}

}  // namespace quasio::apps
