#pragma once

#include <cstdint>
#include <string_view>

#include "quasio/base/result.hpp"

namespace quasio::quic {

/// Why a path cannot be probed, moved to or given up. None of these ends the connection.
enum class path_error : std::uint8_t {
  handshake_not_confirmed,  ///< Nobody moves before that (RFC 9000, section 9).
  not_a_client,             ///< Only clients migrate (section 9).
  migration_disabled,       ///< The server sent disable_active_migration (section 18.2).
  no_connection_id,         ///< One of the two has no ID of the other's left that is not in use (section 9.5). More may
                            ///< come: try later.
  unlinkable_impossible,    ///< The server uses empty IDs: the paths could be linked (section 9.5).
  unknown_server_address,   ///< Neither the server's address nor its preferred one (section 9).
  too_many_paths,           ///< settings::max_paths; give one up first.
  unknown_path,             ///< There is no such path.
  path_in_use,              ///< The only path left cannot be given up.
  connection_closed,
};

std::string_view to_string(path_error error) noexcept;

/// What a call about paths gives, or why it was refused.
template <class Value>
using path_result = result<Value, path_error>;

}  // namespace quasio::quic
