#include "client/session_file.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace quasio::apps {

namespace {

// More than any session takes; a longer line is none of ours.
constexpr std::size_t max_line = 4096 + 2 * quic::max_saved_session_size;

unexpected<std::string> because(const std::string& what, int error) {
  return unexpected<std::string>(what + ": " + std::system_category().message(error));
}

std::string to_hex(const std::vector<std::uint8_t>& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<unsigned> digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digit(text[i]);
    const auto low = digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

void load_line(std::string_view line, http3::session_cache& into) {
  const std::size_t space = line.find(' ');
  if (space == line.npos || line.size() > max_line) return;
  const auto bytes = from_hex(line.substr(space + 1));
  if (!bytes) return;
  if (auto session = quic::decode_saved_session(*bytes)) into.put(line.substr(0, space), std::move(*session));
}

// Written beside the file and put in its place when it is whole. Only the owner may read it from its first byte on.
bool write_whole(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  const int error = rest.empty() ? 0 : errno;
  const bool closed = ::close(file) == 0;
  if (error != 0) errno = error;
  return error == 0 && closed;
}

}  // namespace

result<void, std::string> load_sessions(const std::string& path, http3::session_cache& into) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  std::ifstream file(path);
  if (!file) return because("cannot read the sessions of " + path, errno);
  for (std::string line; std::getline(file, line);) load_line(line, into);
  if (file.bad()) return because("cannot read the sessions of " + path, errno);
  return {};
}

result<void, std::string> save_sessions(const std::string& path, const http3::session_cache& from) {
  std::string text;
  for (const auto& [origin, session] : from.all()) text += origin + ' ' + to_hex(quic::encode(session)) + '\n';
  const std::string beside = path + ".new";
  if (!write_whole(beside, text)) return because("cannot write the sessions to " + beside, errno);
  std::error_code failed;
  std::filesystem::rename(beside, path, failed);
  if (failed) return because("cannot write the sessions to " + path, failed.value());
  return {};
}

}  // namespace quasio::apps
