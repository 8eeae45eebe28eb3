#pragma once

#include <cstdint>
#include <vector>

#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// Whose order of preference decides when a server may choose among the versions that a client offers.
enum class version_preference : std::uint8_t { of_client, of_server };

/// Which versions of QUIC an endpoint speaks, and how it comes to terms with its peer (RFC 9368).
///
/// Left alone, a client begins with version 1, which most servers know, and likes it best; a server follows the
/// client. Version 2 does nothing for applications, and session tickets and tokens of one version are useless in the
/// other (RFC 9369, section 5), so nobody is moved to it who did not ask. A client that wants version 2 without the
/// risk of a lost round trip sets `supported` to {v2, v1} and begins with v1.
struct version_settings {
  /// Versions that may be negotiated, the most wanted first. Those that quasio does not speak are ignored. Empty: all
  /// that it speaks; a client then prefers the version that it begins with, a server version 1.
  std::vector<quic_version> supported;

  /// A server's Offered Versions, named in Version Negotiation packets (RFC 9368, section 5). Empty: as `supported`.
  std::vector<quic_version> offered;

  /// A server's Fully Deployed Versions, which clients use to detect a downgrade (RFC 9368, section 5). They differ
  /// from `supported` while a version is being introduced to, or withdrawn from, a fleet of servers. Empty: as
  /// `supported`.
  std::vector<quic_version> deployed;

  /// A server's rule for choosing among compatible versions. The client's wish is only advice (RFC 9368, section 3).
  version_preference preference = version_preference::of_client;

  /// A client offers to be moved to another version within its first flight, and a server makes use of such offers
  /// (compatible negotiation, RFC 9368, section 2.3). It costs no round trip.
  bool compatible_negotiation = true;

  /// A client whose version the server refuses begins again with another one (incompatible negotiation, RFC 9368,
  /// section 2.1), once.
  bool incompatible_negotiation = true;
};

}  // namespace quasio::quic
