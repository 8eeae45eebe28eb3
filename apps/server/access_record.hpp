#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace quasio::apps {

/// One request in the log. It is written when the object dies, so that no way out of a handler is forgotten:
///
///   GET /index.html 200 1234 0.42 ms h3 [::1]:50000
///
/// What follows in brackets says what was wrong: "(cut off: the client went away)".
class access_record {
public:
  access_record(std::string_view method, std::string_view target, std::string_view protocol, std::string peer);
  access_record(const access_record&) = delete;
  access_record& operator=(const access_record&) = delete;
  ~access_record();

  void status(int code) noexcept { status_ = code; }

  /// Bytes of the body handed over.
  void add_bytes(std::uint64_t count) noexcept { bytes_ += count; }

  /// How it ended, where that is worth saying.
  void note(std::string text) { note_ = std::move(text); }

private:
  std::string method_;
  std::string target_;
  std::string_view protocol_;
  std::string peer_;
  std::string note_;
  std::chrono::steady_clock::time_point begun_;
  std::uint64_t bytes_ = 0;
  int status_ = 0;
};

}  // namespace quasio::apps
