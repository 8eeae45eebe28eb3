#pragma once

#include <optional>
#include <vector>

#include "quasio/quic/migration_timing.hpp"
#include "quasio/quic/path_error.hpp"
#include "quasio/quic/path_statistics.hpp"
#include "quic/connection_state.hpp"
#include "quic/migration_budget.hpp"

namespace quasio::quic {

/// Moves a connection from path to path (RFC 9000, section 9): a client when it wants to, a server after its client;
/// and back again when the new path does not prove to work.
class migration {
public:
  explicit migration(connection_state& state) noexcept;

  // --- What the receiver tells ---

  /// Whether a datagram from there is looked at.
  bool admits(const network_path& from) noexcept;

  /// The path of an authenticated packet that was addressed to `destination`; null when there is none for it.
  path* path_of(const network_path& from, std::size_t datagram_size, const connection_id& destination);

  /// The newest packet of a client came this way, and was not only probing: data is sent there from now on
  /// (section 9.3).
  void follow_peer(path& from, const connection_id& destination);

  void on_response(const wire::path_data& data);

  /// The peer issued or retired connection IDs: every path that can has one afterwards.
  void on_connection_ids_changed();

  /// A client may move from now on, and does so to the server's preferred address (section 9.6).
  void on_handshake_confirmed();

  // --- What a client wants ---

  path_result<void> probe(const network_path& address);
  path_result<void> migrate(const network_path& address, migration_timing when);
  path_result<void> abandon(const network_path& address);

  // --- Time ---

  std::optional<time_point> deadline() const noexcept { return state_.paths.next_deadline(); }

  /// Repeats challenges and gives paths up. False when no path is left on which the peer can be reached.
  bool on_timeout();

  std::vector<path_statistics> statistics() const;

private:
  path_result<path*> prepare(const network_path& address);
  path_result<void> check_client_may_use(const network_path& address) const;
  bool make_room(bool for_peer);

  void tell(path_event what, const path& on);
  const connection_id* id_of(const path& on) const noexcept;
  void challenge(path& on);
  void on_validated(path& proved);
  bool give_up(path& failed);
  bool go_back();
  void move_to(path& destination, path_change why, bool reused_id);
  void leave_behind(path& left);
  void close(path& gone);
  void drop(path& gone);
  bool take_id(path& on);
  bool may_follow(path& to);
  path_change kind_of_move_to(const path& destination) const noexcept;
  void follow_preferred_address();
  duration validation_timeout() const noexcept;

  connection_state& state_;
  migration_budget budget_;
  ip_endpoint handshake_local_;
  ip_endpoint handshake_peer_;
};

}  // namespace quasio::quic
