#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "quasio/base/result.hpp"
#include "quasio/crypto/master_secret.hpp"
#include "quasio/quic/token_keys.hpp"

namespace quasio::apps {

/// What --token-key-file holds: a line of 64 hexadecimal digits, and maybe a second one, the secret of before.
struct token_secrets {
  crypto::master_secret current;
  std::optional<crypto::master_secret> previous;

  /// For tokens: the same on all machines that share the file.
  std::shared_ptr<quic::token_keys> make_token_keys() const;

  /// For stateless resets: another one on each machine, since a server that does not know a connection must not be able
  /// to reset it where another one does (RFC 9000, section 21.11).
  std::array<std::uint8_t, 32> make_reset_key(const std::string& host_name) const;
};

/// Reads the file; where there is none makes one, for its owner alone. The error is a sentence.
result<token_secrets, std::string> load_token_secrets(const std::string& path);

}  // namespace quasio::apps
