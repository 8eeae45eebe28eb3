#include "client/reporter.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

#include "common/readable.hpp"

namespace quasio::apps {

namespace {

constexpr std::chrono::milliseconds first_drawing{300};  // What is quicker needs no bar.
constexpr std::chrono::milliseconds between_drawings{200};

// A bar amid the body that a terminal shows, or amid the lines of -v, would only disturb.
bool wants_bar(const client_arguments& arguments) {
  if (arguments.silent || arguments.verbose || ::isatty(STDERR_FILENO) == 0) return false;
  const bool to_standard_output = std::any_of(arguments.transfers.begin(), arguments.transfers.end(),
                                              [](const planned_transfer& each) { return each.output.empty(); });
  return !to_standard_output || ::isatty(STDOUT_FILENO) == 0;
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

reporter::reporter(const client_arguments& arguments)
    : silent_(arguments.silent),
      verbose_(arguments.verbose),
      numbered_(arguments.parallel > 1 && arguments.transfers.size() > 1),
      has_bar_(wants_bar(arguments)),
      progress_(arguments.transfers.size()),
      begun_(std::chrono::steady_clock::now()) {}

reporter::~reporter() { clear(); }

void reporter::error(std::string_view sentence) {
  if (!silent_) print("quasio-client: " + std::string(sentence));
}

void reporter::mute() {
  clear();
  silent_ = true;
  verbose_ = false;
  has_bar_ = false;
}

void reporter::connection(const driver::connection_info& info) {
  if (!verbose_ || !told_.emplace(info.path, info.handshake.elapsed).second) return;
  const quic_version version = info.handshake.version;
  const quic_version original = info.handshake.original_version;
  step("the connection speaks " + quic_version_name(version) + " with TLS 1.3" +
       (version == original ? "" : "; it began with " + quic_version_name(original)));
}

void reporter::step(std::string_view text) {
  if (verbose_) print("* " + std::string(text));
}

void reporter::detail(char mark, std::size_t transfer, std::string_view text) {
  if (!verbose_) return;
  const std::string who = numbered_ ? "[" + std::to_string(transfer + 1) + "] " : std::string();
  print(who + mark + (text.empty() ? "" : " ") + std::string(text));
}

asio::awaitable<void> reporter::keep_drawing() {
  if (!has_bar_) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  auto pause = first_drawing;
  for (;;) {
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
    draw();
    pause = between_drawings;
  }
}

void reporter::draw() {
  if (!has_bar_) return;
  const std::string line = progress_.render(std::chrono::steady_clock::now() - begun_, terminal_width() - 1);
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void reporter::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

void reporter::print(std::string_view text) {
  clear();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace quasio::apps
