#include <csignal>
#include <exception>
#include <iostream>
#include <variant>

#include "client/arguments.hpp"
#include "client/session.hpp"

int main(int count, char** values) try {
  auto parsed = quasio::apps::parse_client_arguments(count, values);
  if (const auto* end = std::get_if<quasio::apps::early_end>(&parsed)) return quasio::apps::say(*end);
  // A closed pipe is an error of the write (23), with a message.
  std::signal(SIGPIPE, SIG_IGN);
  auto& arguments = std::get<quasio::apps::client_arguments>(parsed);
  return static_cast<int>(quasio::apps::client_session(std::move(arguments)).run());
} catch (const std::exception& error) {
  std::cerr << "quasio-client: " << error.what() << '\n';
  return static_cast<int>(quasio::apps::client_exit::transfer);
}
