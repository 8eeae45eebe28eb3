#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "client/arguments.hpp"
#include "client/progress.hpp"
#include "quasio/asio.hpp"

namespace quasio::apps {

/// All that quasio-client says on standard error: messages, details (-v), and a progress bar where that is a terminal.
///
/// Threads: one.
class reporter {
public:
  explicit reporter(const client_arguments& arguments);

  /// Clears the progress bar.
  ~reporter();
  reporter(const reporter&) = delete;
  reporter& operator=(const reporter&) = delete;

  /// A sentence about what went wrong.
  void error(std::string_view sentence);

  /// Says nothing from now on.
  void mute();

  /// With -v: what the client does ("* ...").
  void step(std::string_view text);

  /// With -v: a line sent ('>') or received ('<') by the transfer of this number.
  void detail(char mark, std::size_t transfer, std::string_view text);

  /// With -v: which version a connection speaks, once for each.
  void connection(const driver::connection_info& info);

  void expect(std::optional<std::uint64_t> size) noexcept { progress_.expect(size); }
  void advance(std::uint64_t bytes) noexcept { progress_.advance(bytes); }
  void complete_one() noexcept { progress_.complete_one(); }

  /// Draws the progress bar several times a second, until it is cancelled. Returns at once where there is none.
  asio::awaitable<void> keep_drawing();

private:
  void draw();
  void clear();
  void print(std::string_view text);

  bool silent_;
  bool verbose_;
  bool numbered_;  // Several transfers at once: each line says whose it is.
  bool has_bar_;
  bool drawn_ = false;
  progress progress_;
  std::set<std::pair<network_path, duration>> told_;  // Connections that connection() has told of.
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace quasio::apps
