#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// How many tokens a token_store keeps.
struct token_store_limits {
  std::size_t servers = 256;        ///< Beyond it the one that has given nothing for longest is forgotten.
  std::size_t tokens_a_server = 4;  ///< Beyond it the oldest token is forgotten: the newest is the best.
};

/// The tokens with which a client skips address validation in later connections (RFC 9000, section 8.1.3). Each is
/// given out once: who sees a token twice could tell that two connections are of one client.
///
/// Threads: all calls are safe from any.
class token_store {
public:
  /// An empty one.
  explicit token_store(const token_store_limits& limits = {}) : limits_(limits) {}

  /// Keeps what a new_token_received event brought. `server` is the name that tokens are looked up by.
  void put(std::string_view server, quic_version version, std::vector<std::uint8_t> token);

  /// The newest token of this server for connections of this version (RFC 9369, section 5), and forgets it; empty where
  /// there is none.
  std::vector<std::uint8_t> take(std::string_view server, quic_version version);

  /// Forgets all, e.g. when the network has changed and the client does not want to be recognised.
  void clear();

  std::size_t size() const;

  /// For a file: a line "server version token" each, the last two in hexadecimal, the oldest first.
  std::string to_text() const;

  /// Adds what to_text() gave; lines that are none of its are skipped.
  void add_text(std::string_view text);

private:
  struct kept {
    std::string server;
    quic_version version;
    std::vector<std::vector<std::uint8_t>> tokens;  ///< The oldest first.
  };

  void put_locked(std::string_view server, quic_version version, std::vector<std::uint8_t> token);

  token_store_limits limits_;
  mutable std::mutex mutex_;
  std::vector<kept> servers_;  // The one that gave something last is last.
};

}  // namespace quasio::quic
