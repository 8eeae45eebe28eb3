#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/fsuid.h>
#include <unistd.h>

namespace quasio::apps::testing {

/// A folder of a test's own, which goes away with the object.
class temporary_folder {
public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "quasio-apps-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// Writes a file, and the folders above it.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

private:
  std::filesystem::path path_;
};

/// While it lives, the superuser's thread touches files as an ordinary user does: permission bits count.
class without_superpowers {
public:
  without_superpowers() {
    if (::geteuid() == 0) ::setfsuid(65534);
  }
  ~without_superpowers() {
    if (::geteuid() == 0) ::setfsuid(0);
  }
  without_superpowers(const without_superpowers&) = delete;
  without_superpowers& operator=(const without_superpowers&) = delete;
};

}  // namespace quasio::apps::testing
