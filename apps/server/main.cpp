#include <csignal>
#include <exception>
#include <iostream>
#include <variant>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "server/arguments.hpp"
#include "server/service.hpp"

int main(int count, char** values) try {
  auto parsed = quasio::apps::parse_server_arguments(count, values);
  if (const auto* end = std::get_if<quasio::apps::early_end>(&parsed)) return quasio::apps::say(*end);
  auto& arguments = std::get<quasio::apps::server_arguments>(parsed);

  const auto log = spdlog::stderr_color_mt("quasio-server");
  log->set_level(arguments.log_level);
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  spdlog::set_default_logger(log);

  // A reader of standard output, or a TCP peer, that has gone is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  return quasio::apps::service(std::move(arguments)).run();
} catch (const std::exception& error) {
  std::cerr << "quasio-server: " << error.what() << '\n';
  return quasio::apps::exit_cannot_start;
}
