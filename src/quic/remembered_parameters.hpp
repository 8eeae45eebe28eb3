#pragma once

#include <string_view>

#include "quasio/wire/transport_parameters.hpp"

namespace quasio::quic {

/// What of a server's transport parameters early data of a later connection goes by (RFC 9000, section 7.4.1): all but
/// those that belong to one connection, or that are taken anew in any case.
transport_parameters remembered(const transport_parameters& of_server);

/// The name of a limit that is below the remembered one, so that early data might be beyond it; empty when there is
/// none. Both ends ask this: a server before it accepts, a client afterwards.
std::string_view reduced_limit(const transport_parameters& now, const transport_parameters& before) noexcept;

}  // namespace quasio::quic
