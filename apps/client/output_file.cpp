#include "client/output_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/redirect_error.hpp>

namespace quasio::apps {

namespace {

error_code last_error() { return {errno, system_category()}; }

error_code write_all(int handle, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(handle, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // Somebody else has made the pipe non-blocking.
      pollfd wanted{.fd = handle, .events = POLLOUT, .revents = 0};
      if (::poll(&wanted, 1, -1) < 0 && errno != EINTR) return last_error();
    } else if (errno != EINTR) {
      return last_error();
    }
  }
  return {};
}

template <class Token>
auto async_write_elsewhere(asio::thread_pool& pool, int handle, std::string_view bytes, Token&& token) {
  return asio::async_initiate<Token, void(error_code)>(
      [](auto handler, asio::thread_pool& where, int to, std::string_view what) {
        auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        asio::post(where, [handler = std::move(handler), home = std::move(home), to, what]() mutable {
          const error_code error = write_all(to, what);
          asio::post(home, [handler = std::move(handler), error]() mutable { std::move(handler)(error); });
        });
      },
      token, std::ref(pool), handle, bytes);
}

}  // namespace

output_file::~output_file() {
  if (is_open() && handle_ != STDOUT_FILENO) ::close(handle_);
}

error_code output_file::open() {
  handle_ = path_.empty() ? STDOUT_FILENO : ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (handle_ < 0) return last_error();
  struct stat status {};
  may_wait_ = ::fstat(handle_, &status) != 0 || !S_ISREG(status.st_mode);
  return {};
}

asio::awaitable<error_code> output_file::write(std::string_view bytes) {
  if (!may_wait_) co_return write_all(handle_, bytes);
  error_code error;
  co_await async_write_elsewhere(slow_, handle_, bytes, asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

error_code output_file::close() {
  const int handle = std::exchange(handle_, -1);
  if (handle < 0 || handle == STDOUT_FILENO) return {};
  return ::close(handle) == 0 ? error_code() : last_error();
}

}  // namespace quasio::apps
