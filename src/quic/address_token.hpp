#pragma once

#include <chrono>
#include <memory>
#include <variant>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/base/wall_clock.hpp"
#include "quasio/quic/spent_tokens.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/version.hpp"
#include "quic/rotating_sealer.hpp"

namespace quasio::quic {

/// What a Retry token says to the server that made it, when the client brings it back (RFC 9000, section 8.1.2).
struct retry_claim {
  connection_id original_destination;  ///< Of the client's very first packet.
  connection_id retry_source;          ///< The ID that the Retry gave.
};

/// The token says nothing that is of use: it is another's, damaged, too old, of another address or version, or was used
/// before. Section 8.1.3: that is no worse than no token.
struct no_proof {};

/// It is a Retry token of ours that does not hold here and now: the client will take no other, so that the attempt is
/// lost (section 8.1.2).
struct spoilt_retry {};

/// A NEW_TOKEN token: the client was seen at this address before.
struct known_address {
  std::uint64_t fingerprint = 0;  ///< For spend().
};

using token_verdict = std::variant<no_proof, spoilt_retry, retry_claim, known_address>;

struct address_token_lifetimes {
  std::chrono::seconds retry{10};
  std::chrono::seconds new_token{std::chrono::hours(24)};
};

/// Makes the tokens of one acceptor and judges those that come: sealed, typed, bound to the client's address (a Retry
/// token to its port as well) and to the version, and good for a while (sections 8.1.1 to 8.1.4; RFC 9369, section 5).
class address_tokens {
public:
  address_tokens(std::shared_ptr<const token_keys> keys, std::shared_ptr<spent_tokens> spent,
                 const address_token_lifetimes& lifetimes)
      : sealer_(std::move(keys)), spent_(std::move(spent)), lifetimes_(lifetimes) {}

  void synchronise(const wall_clock& clock) noexcept { clock_ = clock; }

  std::vector<std::uint8_t> make_retry(const retry_claim& claim, const ip_endpoint& client, quic_version version,
                                       random_source& random, time_point now);

  std::vector<std::uint8_t> make_new_token(const ip_endpoint& client, quic_version version, random_source& random,
                                           time_point now);

  token_verdict judge(byte_view token, const ip_endpoint& client, quic_version version, time_point now);

  /// Takes what the token proves: false when somebody has done so before.
  bool spend(const known_address& proof) { return spent_->spend(proof.fingerprint); }

private:
  rotating_sealer sealer_;
  std::shared_ptr<spent_tokens> spent_;
  address_token_lifetimes lifetimes_;
  wall_clock clock_;
};

}  // namespace quasio::quic
