#pragma once

#include <string>
#include <utility>

namespace quasio::crypto {

/// Where PEM text (certificates, a private key) comes from: a file, a string, or nowhere.
class pem {
public:
  pem() = default;

  /// The path of a file, read when a context is made of it.
  static pem file(std::string path) { return {origin::file, std::move(path)}; }

  /// The PEM text itself.
  static pem text(std::string text) { return {origin::text, std::move(text)}; }

  bool empty() const noexcept { return origin_ == origin::nowhere; }
  /// Whether it names a file; else it is the text itself, or empty.
  bool is_file() const noexcept { return origin_ == origin::file; }

  /// The path, or the text.
  const std::string& value() const noexcept { return value_; }

private:
  enum class origin : unsigned char { nowhere, file, text };

  pem(origin from, std::string value) : origin_(from), value_(std::move(value)) {}

  origin origin_ = origin::nowhere;
  std::string value_;
};

}  // namespace quasio::crypto
