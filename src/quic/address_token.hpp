#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "crypto/token_sealer.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/wire/connection_id.hpp"

namespace quasio::quic {

/// What a Retry token says to the server that made it, when the client brings it back (RFC 9000, section 8.1.2).
struct retry_claim {
  connection_id original_destination;  ///< Of the client's very first packet.
  connection_id retry_source;          ///< The ID that the Retry gave.
};

/// Makes Retry tokens and judges them: sealed, bound to the client's address and port, and good for a while
/// (section 8.1.4).
class address_tokens {
public:
  address_tokens(const crypto::token_key& key, std::chrono::seconds lifetime) : sealer_(key), lifetime_(lifetime) {}

  std::vector<std::uint8_t> make(const retry_claim& claim, const ip_endpoint& client, random_source& random,
                                 time_point now);

  /// What the token claims; empty when it is not ours, another client's, or too old.
  std::optional<retry_claim> open(byte_view token, const ip_endpoint& client, time_point now);

private:
  crypto::token_sealer sealer_;
  std::chrono::seconds lifetime_;
};

}  // namespace quasio::quic
