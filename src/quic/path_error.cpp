#include "quasio/quic/path_error.hpp"

namespace quasio::quic {

std::string_view to_string(path_error error) noexcept {
  switch (error) {
    case path_error::handshake_not_confirmed:
      return "the handshake is not confirmed yet";
    case path_error::not_a_client:
      return "only a client can migrate";
    case path_error::migration_disabled:
      return "the server does not want its clients to migrate";
    case path_error::no_connection_id:
      return "the peer has supplied no connection ID for another path";
    case path_error::unlinkable_impossible:
      return "the server uses empty connection IDs";
    case path_error::unknown_server_address:
      return "the server is not known to have that address";
    case path_error::too_many_paths:
      return "there are too many paths";
    case path_error::unknown_path:
      return "there is no such path";
    case path_error::path_in_use:
      return "no other path is left";
    case path_error::connection_closed:
      return "the connection is closed";
  }
  return "unknown error";
}

}  // namespace quasio::quic
