#include "site/root_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quasio::apps {

namespace {

// O_NONBLOCK: to open a FIFO for reading would wait for its writer, and some devices for their line.
constexpr int to_read = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

// RESOLVE_BENEATH gives up with EAGAIN when something was renamed at that very moment.
constexpr int attempts_beside_renames = 16;

unexpected<std::error_code> system_failure(int number) {
  return unexpected<std::error_code>(std::error_code(number, std::system_category()));
}

template <class Call>
int retry_when_interrupted(Call call) {
  int value = 0;
  do {
    value = static_cast<int>(call());
  } while (value < 0 && errno == EINTR);
  return value;
}

int open_at(int folder, const char* name, int flags) {
  return retry_when_interrupted([&] { return ::openat(folder, name, flags); });
}

int open_beneath_by_kernel(int folder, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int value = -1;
  for (int attempt = 0; attempt < attempts_beside_renames; ++attempt) {
    value = retry_when_interrupted([&] { return ::syscall(SYS_openat2, folder, path, &how, sizeof(how)); });
    if (value >= 0 || errno != EAGAIN) break;
  }
  return value;
}

bool is_plain(const std::string& segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         segment.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

std::string joined(const std::vector<std::string>& segments) {
  if (segments.empty()) return ".";
  std::string path;
  for (const std::string& segment : segments) {
    if (!path.empty()) path.push_back('/');
    path += segment;
  }
  return path;
}

// Each step opens one plain name in a folder that is open already, and takes no link for it: whatever others rename
// meanwhile, every step lies in the folder before it.
int open_by_walking(int folder, const std::vector<std::string>& segments) {
  if (segments.empty()) return open_at(folder, ".", to_read);
  descriptor here;
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const int next =
        open_at(here ? here.get() : folder, segments[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return next;
    here = descriptor(next);
  }
  return open_at(here ? here.get() : folder, segments.back().c_str(), to_read | O_NOFOLLOW);
}

bool kernel_can_guard(int folder) {
  return descriptor(open_beneath_by_kernel(folder, ".", O_PATH | O_CLOEXEC)).get() >= 0;
}

}  // namespace

descriptor::descriptor(descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

descriptor::~descriptor() {
  if (value_ >= 0) ::close(value_);
}

result<root_folder, std::error_code> root_folder::open(const std::string& path, guard how) {
  descriptor folder(open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_failure(errno);
  // Older kernels and some sandboxes refuse openat2.
  if (how == guard::automatic) how = kernel_can_guard(folder.get()) ? guard::kernel : guard::walk;
  return root_folder(std::move(folder), how);
}

result<std::shared_ptr<const open_file>, std::error_code> root_folder::open_beneath(
    const std::vector<std::string>& segments) const {
  if (!std::all_of(segments.begin(), segments.end(), is_plain)) return system_failure(EINVAL);
  const int opened = guard_ == guard::walk ? open_by_walking(folder_.get(), segments)
                                           : open_beneath_by_kernel(folder_.get(), joined(segments).c_str(), to_read);
  if (opened < 0) return system_failure(errno);
  auto file = std::make_shared<open_file>();
  file->handle = descriptor(opened);
  if (::fstat(opened, &file->status) != 0) return system_failure(errno);
  return file;
}

}  // namespace quasio::apps
