#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/crypto/replay_guard.hpp"

namespace quasio::quic {

/// What became of early data (0-RTT, RFC 9001, section 4.6) in a connection.
enum class early_data_status : std::uint8_t {
  not_offered,
  offered,  ///< By a client that has not heard from the server.
  accepted,
  rejected,
};

/// Why early data was rejected. A client knows only that it was.
enum class early_data_refusal : std::uint8_t {
  none,
  by_peer,      ///< A client's word for all of the following.
  session,      ///< TLS: the ticket is unknown, too old, for another protocol, or the server takes no early data.
  parameters,   ///< Transport parameters that the ticket stands for have become smaller (RFC 9000, section 7.4.1).
  application,  ///< The application's context does not fit any more.
  possibly_a_replay,  ///< The replay guard could not say that it is the first of its kind.
};

std::string_view to_string(early_data_status status) noexcept;
std::string_view to_string(early_data_refusal refusal) noexcept;

/// Whether and how a server takes early data. What arrives before the client's first Initial packet is dropped: a
/// client sends it again.
struct early_data_options {
  /// Early data can be recorded and sent again by others, so that only applications may switch it on which have a
  /// profile for it (RFC 9001, section 5.6); HTTP has one (RFC 8470). Without it connections are resumed all the same.
  bool accept = false;

  /// What the application will want to know when a client comes back, bound into the tickets: HTTP/3's settings, for
  /// one. Up to some hundred bytes.
  std::vector<std::uint8_t> application_context;

  /// Says whether early data that was written under a former application_context can be understood now. Null: only
  /// under the very same. Called by the threads that run connections, several at a time.
  std::function<bool(byte_view former)> accepts_context;

  /// One for all listeners and machines that share ticket keys. Null: each acceptor has one of its own, of the default
  /// size, which distrusts its start where the ticket keys came from outside.
  std::shared_ptr<crypto::replay_guard> replay_guard;
};

}  // namespace quasio::quic
