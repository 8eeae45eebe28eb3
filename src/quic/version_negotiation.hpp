#pragma once

#include <optional>
#include <span>
#include <vector>

#include "quasio/base/random.hpp"
#include "quasio/quic/version_settings.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "wire/packet_type.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::quic {

/// Versions that `settings` let this endpoint speak, the most wanted first. `preferred` counts only where the settings
/// leave the order open.
std::vector<quic_version> supported_versions(const version_settings& settings,
                                             quic_version preferred = quic_version::v1);

/// A version of the pattern 0x?a?a?a?a, which nobody speaks (RFC 9000, section 15).
quic_version reserved_version(random_source& random);

/// The version of one connection, from the client's first packet until it is agreed on and proved (RFC 9368).
///
/// Versions 1 and 2 are compatible with one another (RFC 9369, section 4), and quasio speaks no others: so every
/// version that is supported can be offered along with every first flight.
class version_negotiation {
public:
  /// `first` is the version of the client's first flight.
  version_negotiation(endpoint_role role, quic_version first, const version_settings& settings);

  /// Of the client's very first packet: other than chosen() after incompatible negotiation.
  quic_version original() const noexcept { return original_; }

  /// Of the client's first flight. Its Initial and 0-RTT packets are of this version (RFC 9369, section 4.1).
  quic_version chosen() const noexcept { return chosen_; }

  /// Of the packets that are to be sent now; once is_settled() the negotiated version.
  quic_version current() const noexcept { return current_; }
  bool is_settled() const noexcept { return settled_; }

  /// Whether a long header packet of this type may have this version now. Of a client that knows nothing yet, all that
  /// it offered.
  bool admits(wire::packet_type type, quic_version version) const noexcept;

  /// What goes into the version_information transport parameter; with a reserved version where `grease` says so. A
  /// server's is complete only after negotiate().
  version_information own_information(random_source& random, bool grease) const;

  // --- A server's side ---

  /// Takes the client's version_information and chooses. VERSION_NEGOTIATION_ERROR when it contradicts the packets that
  /// brought it (RFC 9368, section 4).
  transport_result<void> negotiate(const std::optional<version_information>& of_client);

  // --- A client's side ---

  /// An authentic packet showed which version the server has chosen (RFC 9369, section 4.1).
  void settle(quic_version negotiated) noexcept;

  /// Takes the versions of a Version Negotiation packet that answers the first flight. Returns the one to begin again
  /// with; empty when there is none in common. Whether to react at all is ignores_offer().
  std::optional<quic_version> choose_from(const wire::version_list& offered) const;

  /// RFC 9368, section 4: an offer that names the version of the first flight, or that answers a second attempt, is
  /// ignored.
  bool ignores_offer(const wire::version_list& offered) const noexcept;

  /// The next first flight is of this version.
  void begin_again(quic_version version) noexcept;

  /// Judges the server's version_information (RFC 9368, sections 4 and 8). VERSION_NEGOTIATION_ERROR when somebody
  /// meddled.
  transport_result<void> check(const std::optional<version_information>& of_server) const;

private:
  transport_result<void> check_against_downgrade(const version_information& of_server) const;
  std::optional<quic_version> first_supported_in(std::span<const quic_version> others) const;
  bool is_supported(quic_version version) const noexcept;

  endpoint_role role_;
  version_preference preference_;
  bool compatible_;
  std::vector<quic_version> supported_;
  std::vector<quic_version> deployed_;
  quic_version original_;
  quic_version chosen_;
  quic_version current_;
  bool settled_ = false;
  bool began_again_ = false;
};

}  // namespace quasio::quic
