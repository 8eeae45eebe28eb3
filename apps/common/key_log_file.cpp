#include "common/key_log_file.hpp"

#include <cerrno>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace quasio::apps {

namespace {

class key_log_file {
public:
  explicit key_log_file(int handle) noexcept : handle_(handle) {}
  key_log_file(const key_log_file&) = delete;
  key_log_file& operator=(const key_log_file&) = delete;
  ~key_log_file() { ::close(handle_); }

  void write(std::string_view line) const {
    std::string whole(line);
    whole.push_back('\n');
    // With O_APPEND one write is one line. What cannot be written is lost: this is a tool for debugging.
    [[maybe_unused]] const ssize_t written = ::write(handle_, whole.data(), whole.size());
  }

private:
  int handle_;
};

}  // namespace

result<crypto::key_log_function, std::error_code> open_key_log(const std::string& path) {
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (handle < 0) return unexpected<std::error_code>(std::error_code(errno, std::system_category()));
  auto file = std::make_shared<const key_log_file>(handle);
  return crypto::key_log_function([file](std::string_view line) { file->write(line); });
}

}  // namespace quasio::apps
