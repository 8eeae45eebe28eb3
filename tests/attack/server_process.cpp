#include "attack/server_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace quasio::attack {
namespace {

constexpr std::chrono::seconds patience_at_the_start{20};

std::string folder_of(pid_t id) { return "/proc/" + std::to_string(id); }

// What a child does between fork and exec.
[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments, int output) {
  std::vector<char*> values = {const_cast<char*>(program.c_str())};
  for (const std::string& each : arguments) values.push_back(const_cast<char*>(each.c_str()));
  values.push_back(nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::execv(program.c_str(), values.data());
  ::_exit(127);
}

}  // namespace

server_process::server_process(const std::string& program, const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  id_ = ::fork();
  if (id_ == 0) become(program, arguments, ends[1]);
  ::close(ends[1]);
  await_ready(ends[0]);
  ::close(ends[0]);
  if (where_.port == 0) throw std::runtime_error(program + " did not begin to serve");
}

server_process::~server_process() {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

void server_process::await_ready(int output) {
  const auto deadline = std::chrono::steady_clock::now() + patience_at_the_start;
  std::string said;
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd waiting{output, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    char piece[512];
    const ssize_t count = ::read(output, piece, sizeof piece);
    if (count <= 0) return;
    said.append(piece, static_cast<std::size_t>(count));
    const std::size_t ready = said.find("ready 127.0.0.1:");
    if (ready == std::string::npos || said.find('\n', ready) == std::string::npos) continue;
    where_ = ip_endpoint::v4({127, 0, 0, 1}, static_cast<std::uint16_t>(std::stoi(said.substr(ready + 16))));
    return;
  }
}

bool server_process::is_alive() {
  if (id_ > 0 && ::waitpid(id_, nullptr, WNOHANG) != 0) id_ = -1;
  return id_ > 0;
}

std::chrono::nanoseconds server_process::processor_time() const {
  std::int64_t total = 0;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(folder_of(id_) + "/task", ignored)) {
    std::int64_t running = 0;
    std::ifstream(thread.path() / "schedstat") >> running;
    total += running;
  }
  return std::chrono::nanoseconds(total);
}

std::uint64_t server_process::memory() const { return status_line("VmRSS:"); }
std::uint64_t server_process::peak_memory() const { return status_line("VmHWM:"); }
void server_process::forget_peak() const { std::ofstream(folder_of(id_) + "/clear_refs") << 5; }

std::uint64_t server_process::status_line(const char* name) const {
  std::ifstream status(folder_of(id_) + "/status");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (status >> word) {
    if (word != name) continue;
    status >> kilobytes;
    break;
  }
  return kilobytes * 1024;
}

}  // namespace quasio::attack
