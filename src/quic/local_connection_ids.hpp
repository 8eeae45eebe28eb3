#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/random.hpp"
#include "quasio/quic/connection_id_generator.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/wire/stateless_reset_token.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quic/event_queue.hpp"
#include "quic/sent_frame.hpp"

namespace quasio::quic {

/// The connection IDs by which the peer addresses this endpoint: issued, announced and retired (RFC 9000, section 5.1).
class local_connection_ids {
public:
  /// `first` is the ID of the handshake, sequence number 0. The peer never holds more than `most` at once.
  local_connection_ids(std::shared_ptr<connection_id_generator> generator,
                       const std::array<std::uint8_t, 32>& reset_token_key, random_source& random, event_queue& events,
                       const connection_id& first, std::uint64_t most = settings().max_issued_connection_ids);

  const connection_id& first() const noexcept { return first_; }
  stateless_reset_token first_reset_token() const;

  /// A server is also addressed by the ID that the client chose for its first packets, until the handshake is
  /// confirmed.
  void add_temporary(const connection_id& id);
  void retire_temporary();

  /// The ID that a server's preferred_address carries along: it has sequence number 1 and is announced with it. Empty
  /// where no IDs are used. Call it before issue().
  struct spare_id {
    connection_id id;
    stateless_reset_token token;
  };
  std::optional<spare_id> issue_with_preferred_address();

  /// Issues IDs until the peer holds as many as it asked for, within our own bound.
  void issue(std::uint64_t peer_active_connection_id_limit);

  bool owns(byte_view id) const noexcept;

  /// RETIRE_CONNECTION_ID from the peer, in a packet that was addressed to `used`.
  transport_result<void> retire(std::uint64_t sequence, const connection_id& used);

  /// Tells the owner that no packet for any of the IDs is wanted any more.
  void retire_all();

  /// A packet of the peer's was addressed to `id`.
  void note_used(const connection_id& id) noexcept;

  /// Whether the peer surely has an ID that it does not use yet, as it needs to answer on a new path; or needs none.
  bool peer_has_unused() const noexcept;

  bool has_frames_to_send() const noexcept { return !unannounced_.empty(); }
  void write_frames(byte_writer& packet, sent_frames& record);
  void on_acked(const sent_frame& frame) noexcept;
  void on_lost(const sent_frame& frame);

private:
  struct issued_id {
    std::uint64_t sequence;
    connection_id id;
    bool is_known = false;  // The peer has acknowledged it.
    bool is_used = false;
  };

  connection_id unused_id();
  const issued_id* find(std::uint64_t sequence) const noexcept;

  std::shared_ptr<connection_id_generator> generator_;
  std::array<std::uint8_t, 32> reset_token_key_;
  random_source& random_;
  event_queue& events_;
  connection_id first_;
  std::uint64_t most_;
  std::optional<connection_id> temporary_;
  std::vector<issued_id> active_;
  connection_id last_used_;
  std::vector<std::uint64_t> unannounced_;  // Sequence numbers that NEW_CONNECTION_ID must still tell.
  std::uint64_t next_sequence_ = 1;
  std::uint64_t announced_below_ = 1;  // The peer may retire sequence numbers below this.
  std::uint64_t wanted_ = 1;
};

}  // namespace quasio::quic
