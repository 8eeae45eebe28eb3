#include "common/private_file.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quasio::apps {

namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

class file_handle {
public:
  explicit file_handle(int handle) noexcept : handle_(handle) {}
  file_handle(const file_handle&) = delete;
  file_handle& operator=(const file_handle&) = delete;
  ~file_handle() {
    if (handle_ >= 0) ::close(handle_);
  }
  int get() const noexcept { return handle_; }
  bool is_open() const noexcept { return handle_ >= 0; }

private:
  int handle_;
};

bool write_all(int handle, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(handle, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(handle) == 0;
}

// A finished file under another name, that only has to be given its own.
class draft {
public:
  explicit draft(const std::string& path) : name_(path + ".XXXXXX") {}
  draft(const draft&) = delete;
  draft& operator=(const draft&) = delete;
  ~draft() {
    if (exists_) ::unlink(name_.c_str());
  }

  bool write(std::string_view content) {
    const file_handle file(::mkstemp(name_.data()));  // Readable for the owner alone.
    exists_ = file.is_open();
    return exists_ && write_all(file.get(), content);
  }

  const char* name() const noexcept { return name_.c_str(); }
  void moved() noexcept { exists_ = false; }

private:
  std::string name_;
  bool exists_ = false;
};

}  // namespace

result<std::optional<std::string>, std::error_code> read_private_file(const std::string& path, std::size_t limit) {
  const file_handle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return std::optional<std::string>();
  struct stat about = {};
  if (!file.is_open() || ::fstat(file.get(), &about) != 0) return unexpected<std::error_code>(last_error());
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return unexpected<std::error_code>(std::make_error_code(std::errc::operation_not_permitted));
  }
  std::string content(limit + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unexpected<std::error_code>(last_error());
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) return unexpected<std::error_code>(std::make_error_code(std::errc::file_too_large));
  content.resize(size);
  return std::optional<std::string>(std::move(content));
}

result<bool, std::error_code> create_private_file(const std::string& path, std::string_view content) {
  draft file(path);
  if (!file.write(content)) return unexpected<std::error_code>(last_error());
  if (::link(file.name(), path.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return unexpected<std::error_code>(last_error());
}

result<void, std::error_code> replace_private_file(const std::string& path, std::string_view content) {
  draft file(path);
  if (!file.write(content)) return unexpected<std::error_code>(last_error());
  if (std::rename(file.name(), path.c_str()) != 0) return unexpected<std::error_code>(last_error());
  file.moved();
  return {};
}

}  // namespace quasio::apps
