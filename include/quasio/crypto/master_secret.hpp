#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"

namespace quasio::crypto {

/// One secret from which a server's long-lived keys are made, so that only one needs to be kept in a file or shared:
/// the key of its tokens, of its stateless resets, of its connection IDs. Wiped when it goes.
class master_secret {
public:
  static constexpr std::size_t size = 32;  ///< Bytes.

  /// Of 32 bytes that nobody can predict.
  explicit master_secret(const std::array<std::uint8_t, size>& bytes) noexcept : bytes_(bytes) {}

  /// A fresh one, of bytes that nobody can predict.
  static master_secret generate(random_source& random);

  /// Of 64 hexadecimal digits; empty when the text is anything else.
  static std::optional<master_secret> from_hex(std::string_view text);
  std::string to_hex() const;

  master_secret(const master_secret&) = default;
  master_secret& operator=(const master_secret&) = default;
  ~master_secret();

  /// The key for this purpose: the same each time, and of no help to find the secret or another purpose's key.
  std::array<std::uint8_t, 32> derive(std::string_view purpose) const;

private:
  std::array<std::uint8_t, size> bytes_;
};

}  // namespace quasio::crypto
