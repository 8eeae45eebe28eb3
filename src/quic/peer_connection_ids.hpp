#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/range_set.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stateless_reset_token.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quic/sent_frame.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

/// The connection IDs by which this endpoint addresses its peer (RFC 9000, section 5.1): some in use, each on a path of
/// its own, others in reserve.
class peer_connection_ids {
public:
  peer_connection_ids(std::uint64_t active_connection_id_limit, std::size_t max_pending_retirements) noexcept
      : limit_(active_connection_id_limit), max_pending_retirements_(max_pending_retirements) {}

  /// The ID to address the peer by during the handshake: first a guess, then what the peer chose (section 7.2). It has
  /// sequence number 0 and is in use from the start.
  void set_handshake_id(const connection_id& id);
  const connection_id& handshake_id() const noexcept { return handshake_id_; }

  /// From the transport parameters of a server; belongs to its handshake ID.
  void set_handshake_token(const stateless_reset_token& token);

  transport_result<void> receive(const wire::new_connection_id_frame& frame);

  // --- Use, by sequence numbers ---

  /// Null when the peer has retired it.
  const connection_id* find(std::uint64_t sequence) const noexcept;

  /// Takes an ID into use that was not used before, so that an observer cannot link the paths (section 9.5). Empty when
  /// the peer has provided none. A peer that wants to be addressed without an ID is so on every path.
  std::optional<std::uint64_t> take() noexcept;
  bool has_unused() const noexcept;

  /// Another path uses the same ID too: only where the peer's own address changed under way (section 9.5).
  void share(std::uint64_t sequence) noexcept;

  /// A path does without the ID. After the last one it is retired, and the peer may provide another.
  void release(std::uint64_t sequence);

  bool are_empty() const noexcept { return handshake_id_.empty(); }

  /// Whether these 16 bytes end a Stateless Reset of this connection: they are the token of an ID that packets were
  /// sent to and that is not retired. Takes equally long for every input (section 10.3.1).
  bool is_reset_token(byte_view token) const noexcept;

  bool has_frames_to_send() const noexcept;
  void write_frames(byte_writer& packet, sent_frames& record);
  void on_lost(const sent_frame& frame);
  void on_acked(const sent_frame& frame);

private:
  struct known_id {
    std::uint64_t sequence = 0;
    connection_id id;
    std::optional<stateless_reset_token> token;
    unsigned users = 0;  ///< Paths on which packets are addressed to it.
  };

  /// A RETIRE_CONNECTION_ID that the peer has not acknowledged.
  struct retirement {
    std::uint64_t sequence;
    bool is_due;  ///< To be sent, for the first time or again.
  };

  known_id* look_up(std::uint64_t sequence) noexcept;
  void retire(std::uint64_t sequence);
  transport_result<void> retire_below(std::uint64_t bound);

  connection_id handshake_id_;
  std::uint64_t limit_;
  std::size_t max_pending_retirements_;
  std::vector<known_id> known_{known_id{.users = 1}};
  std::uint64_t retired_below_ = 0;
  range_set retired_;  // Sequence numbers from retired_below_ on that were released.
  std::vector<retirement> retirements_;
};

}  // namespace quasio::quic
