#pragma once

#include <string_view>

#include "quasio/http3/settings.hpp"

namespace quasio::http3 {

/// What settings of ours say to a client, in its words.
peer_settings as_told(const settings& ours) noexcept;

/// What in `now` is less than `before` allowed, so that early data might be beyond it (RFC 9114, section 7.2.4.2; RFC
/// 9204, section 3.2.3; RFC 9220, section 3; RFC 9297, section 2.1.1); empty when nothing is.
std::string_view reduction(const peer_settings& now, const peer_settings& before) noexcept;

}  // namespace quasio::http3
