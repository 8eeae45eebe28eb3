#include "server/handover_front.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>

namespace quasio::apps {

namespace {

/// How long either side waits for the other.
constexpr timeval patience{10, 0};

error_code last_error() { return {errno, system_category()}; }

struct unix_address {
  explicit unix_address(const std::string& path) {
    what.sun_family = AF_UNIX;
    fits = path.size() < sizeof what.sun_path;
    if (!fits) return;
    std::memcpy(what.sun_path, path.data(), path.size());
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    // The abstract namespace, as the service manager writes it.
    if (!path.empty() && path.front() == '@') {
      what.sun_path[0] = '\0';
      --size;
    }
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&what); }

  sockaddr_un what{};
  socklen_t size = 0;
  bool fits = false;
};

net::descriptor open_socket(int type) {
  net::descriptor opened(::socket(AF_UNIX, type, 0));
  if (opened) ::fcntl(opened.get(), F_SETFD, FD_CLOEXEC);
  return opened;
}

void limit_waiting(int socket) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

// Whoever may end this process may have its sockets.
bool is_trusted(int socket, pid_t& process) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  process = who.pid;
  return who.uid == 0 || who.uid == ::geteuid();
}

std::pair<std::uint64_t, std::uint64_t> file_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

// Binds beside the path and then takes its place, so that at no time nobody waits there.
error_code listen_in_place_of(const std::string& path, net::descriptor& socket) {
  const std::string beside = path + "." + std::to_string(::getpid());
  const unix_address address(beside);
  if (!address.fits) return asio::error::name_too_long;
  socket = open_socket(SOCK_SEQPACKET);
  if (!socket) return last_error();
  ::unlink(beside.c_str());
  if (::bind(socket.get(), address.get(), address.size) != 0) return last_error();
  const bool is_done = ::chmod(beside.c_str(), S_IRUSR | S_IWUSR) == 0 && ::listen(socket.get(), 1) == 0 &&
                       std::rename(beside.c_str(), path.c_str()) == 0;
  const error_code error = is_done ? error_code() : last_error();
  if (error) ::unlink(beside.c_str());
  return error;
}

}  // namespace

result<std::optional<taken_over>, std::string> take_over(const std::string& path) {
  const auto because = [&](const error_code& code) {
    return unexpected<std::string>("cannot take over from the server at " + path + ": " + code.message());
  };
  const unix_address address(path);
  if (!address.fits) return because(asio::error::name_too_long);
  net::descriptor bond = open_socket(SOCK_SEQPACKET);
  if (!bond) return because(last_error());
  limit_waiting(bond.get());
  if (::connect(bond.get(), address.get(), address.size) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    return because(last_error());
  }
  error_code error;
  runtime::inheritance what = runtime::receive_inheritance(bond.get(), error);
  if (error) return because(error);
  return taken_over{std::move(what), std::move(bond)};
}

handover_front::handover_front(asio::any_io_executor executor, std::string path, source give)
    : executor_(std::move(executor)), path_(std::move(path)), give_(std::move(give)) {}

error_code handover_front::open() {
  net::descriptor socket;
  if (const error_code error = listen_in_place_of(path_, socket)) return error;
  file_ = file_at(path_);
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  listening_ = std::make_unique<asio::posix::stream_descriptor>(executor_, socket.release());
  asio::co_spawn(executor_, wait_for_heirs(), asio::detached);
  return {};
}

void handover_front::close() {
  closed_ = true;
  error_code ignored;
  if (listening_) listening_->close(ignored);
  if (is_own_path()) ::unlink(path_.c_str());
}

bool handover_front::is_own_path() const noexcept { return file_.second != 0 && file_at(path_) == file_; }

// One after the other: only one can have it.
asio::awaitable<void> handover_front::wait_for_heirs() {
  while (!closed_) {
    error_code error;
    co_await listening_->async_wait(asio::posix::stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error || closed_) co_return;
    net::descriptor heir(::accept(listening_->native_handle(), nullptr, nullptr));
    if (heir) co_await serve(std::move(heir));
  }
}

asio::awaitable<void> handover_front::serve(net::descriptor heir) {
  ::fcntl(heir.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(heir.get(), F_SETFL, ::fcntl(heir.get(), F_GETFL) & ~O_NONBLOCK);
  limit_waiting(heir.get());
  pid_t process = 0;
  if (!is_trusted(heir.get(), process)) {
    spdlog::warn("process {} of another user asked for the sockets", process);
    co_return;
  }
  {
    auto [error, what] = co_await give_();
    if (!error) runtime::send_inheritance(heir.get(), what, error);
    if (error) {
      spdlog::warn("the sockets could not be handed to process {}: {}", process, error.message());
      co_return;
    }
  }
  spdlog::info("process {} has the sockets now; the connections that exist stay here until SIGTERM", process);
  asio::posix::stream_descriptor bond(executor_, heir.release());
  error_code ended;
  co_await bond.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ended));
  if (closed_ || ended) co_return;
  spdlog::warn("process {} is gone: clients come here again", process);
  if (is_own_path()) co_return;
  net::descriptor socket;
  if (const error_code error = listen_in_place_of(path_, socket)) {
    spdlog::error("cannot wait at {} again: {}", path_, error.message());
    co_return;
  }
  file_ = file_at(path_);
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  error_code ignored;
  listening_->close(ignored);
  listening_->assign(socket.release(), ignored);
}

void notify_service_manager(const std::string& state) {
  const char* const where = std::getenv("NOTIFY_SOCKET");
  if (where == nullptr || *where == '\0') return;
  const unix_address address(where);
  const net::descriptor socket = open_socket(SOCK_DGRAM);
  if (!address.fits || !socket) return;
  // Should it not listen, that is its affair.
  static_cast<void>(::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, address.get(), address.size));
}

}  // namespace quasio::apps
