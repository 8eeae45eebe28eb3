#include "quic/version_negotiation.hpp"

#include <algorithm>
#include <array>

namespace quasio::quic {
namespace {

unexpected<transport_error> negotiation_error(const char* reason) {
  return unexpected<transport_error>(transport_error{transport_error_code::version_negotiation_error, 0, reason});
}

bool contains(std::span<const quic_version> versions, quic_version wanted) noexcept {
  return std::ranges::find(versions, wanted) != versions.end();
}

}  // namespace

std::vector<quic_version> supported_versions(const version_settings& settings, quic_version preferred) {
  constexpr std::array all{quic_version::v1, quic_version::v2};
  std::vector<quic_version> supported;
  const auto add = [&supported](quic_version version) {
    if (is_supported_version(version) && !contains(supported, version)) supported.push_back(version);
  };
  if (settings.supported.empty()) add(preferred);
  for (const quic_version version : settings.supported.empty() ? std::span<const quic_version>(all)
                                                               : std::span<const quic_version>(settings.supported)) {
    add(version);
  }
  return supported;
}

quic_version reserved_version(random_source& random) {
  std::array<std::uint8_t, 4> noise{};
  random.fill(noise);
  std::uint32_t version = 0;
  for (const std::uint8_t byte : noise) version = version << 8 | (byte & 0xf0u) | 0x0au;
  return static_cast<quic_version>(version);
}

version_negotiation::version_negotiation(endpoint_role role, quic_version first, const version_settings& settings)
    : role_(role),
      preference_(settings.preference),
      compatible_(settings.compatible_negotiation),
      supported_(supported_versions(settings, role == endpoint_role::client ? first : quic_version::v1)),
      deployed_(settings.deployed.empty() ? supported_ : settings.deployed),
      original_(first),
      chosen_(first),
      current_(first) {
  // RFC 9368, section 3: the chosen version is always among those that a client names.
  if (role == endpoint_role::client && !is_supported(first)) supported_.push_back(first);
}

bool version_negotiation::is_supported(quic_version version) const noexcept { return contains(supported_, version); }

bool version_negotiation::admits(wire::packet_type type, quic_version version) const noexcept {
  if (type == wire::packet_type::one_rtt) return true;
  if (type == wire::packet_type::zero_rtt) return version == chosen_;
  // RFC 9369, section 4.1: a server keeps taking Initial packets of the client's version; the client switches when it
  // learns of the server's choice.
  if (role_ == endpoint_role::server)
    return version == current_ || (type == wire::packet_type::initial && version == chosen_);
  if (settled_ || !compatible_) return version == current_;
  return is_supported(version);
}

version_information version_negotiation::own_information(random_source& random, bool grease) const {
  version_information own{.chosen = current_, .available = {}};
  if (role_ == endpoint_role::server) {
    own.available = deployed_;
  } else if (compatible_) {
    own.available = supported_;
  } else {
    own.available = {chosen_};
  }
  if (!grease) return own;
  // Anywhere in the list, so that nobody learns to look at its beginning or end only.
  std::array<std::uint8_t, 1> place{};
  random.fill(place);
  const auto position = static_cast<std::ptrdiff_t>(place[0] % (own.available.size() + 1));
  own.available.insert(own.available.begin() + position, reserved_version(random));
  return own;
}

transport_result<void> version_negotiation::negotiate(const std::optional<version_information>& of_client) {
  settled_ = true;
  // RFC 9368, section 4: a server may go on without it, and then has nothing to choose from.
  if (!of_client) return {};
  if (of_client->chosen != chosen_) {
    return negotiation_error("the chosen version of version_information is not that of the packets");
  }
  if (!compatible_) return {};
  if (preference_ == version_preference::of_server) {
    current_ = first_supported_in(of_client->available).value_or(chosen_);
    return {};
  }
  const auto wanted = std::ranges::find_if(of_client->available, [&](quic_version each) { return is_supported(each); });
  if (wanted != of_client->available.end()) current_ = *wanted;
  return {};
}

void version_negotiation::settle(quic_version negotiated) noexcept {
  current_ = negotiated;
  settled_ = true;
}

std::optional<quic_version> version_negotiation::first_supported_in(std::span<const quic_version> others) const {
  const auto found = std::ranges::find_if(supported_, [&](quic_version each) { return contains(others, each); });
  return found == supported_.end() ? std::nullopt : std::optional(*found);
}

std::optional<quic_version> version_negotiation::choose_from(const wire::version_list& offered) const {
  const auto found = std::ranges::find_if(supported_, [&](quic_version each) { return offered.contains(each); });
  return found == supported_.end() ? std::nullopt : std::optional(*found);
}

bool version_negotiation::ignores_offer(const wire::version_list& offered) const noexcept {
  return began_again_ || offered.contains(chosen_);
}

void version_negotiation::begin_again(quic_version version) noexcept {
  began_again_ = true;
  chosen_ = version;
  current_ = version;
  settled_ = false;
}

transport_result<void> version_negotiation::check(const std::optional<version_information>& of_server) const {
  if (!of_server) {
    // RFC 9368, section 8: servers that know nothing but version 1 send no version_information, and as good as say
    // this. With any other version that was the answer to a Version Negotiation packet, it is an error.
    const version_information only_version_1{.chosen = quic_version::v1, .available = {quic_version::v1}};
    if (began_again_ && current_ == quic_version::v1) return check(only_version_1);
    if (began_again_) return negotiation_error("version_information is missing after a Version Negotiation packet");
    if (current_ != chosen_) return negotiation_error("the server changed the version without version_information");
    return {};
  }
  if (!is_supported(of_server->chosen) || (!compatible_ && of_server->chosen != chosen_)) {
    return negotiation_error("the server chose a version that was not offered");
  }
  if (of_server->chosen != current_) {
    return negotiation_error("the server's chosen version is not that of its packets");
  }
  return began_again_ ? check_against_downgrade(*of_server) : transport_result<void>();
}

transport_result<void> version_negotiation::check_against_downgrade(const version_information& of_server) const {
  if (of_server.available.empty()) return negotiation_error("the server names no version after it had offered some");
  std::vector<quic_version> known = of_server.available;
  known.push_back(current_);
  // RFC 9368, section 4: whoever forged the Version Negotiation packet could not forge this.
  if (first_supported_in(known) == chosen_) return {};
  return negotiation_error("a Version Negotiation packet hid versions of the server: a downgrade");
}

}  // namespace quasio::quic
