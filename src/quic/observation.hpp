#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "quasio/quic/observer.hpp"
#include "quic/key_ring.hpp"
#include "quic/packet_space.hpp"
#include "quic/path.hpp"
#include "wire/packet_type.hpp"

namespace quasio::quic {

packet_kind kind_of(wire::packet_type type) noexcept;
packet_kind kind_of(space_id space) noexcept;

/// What an observer was told last, so that it is told only what is new. Exists only where there is an observer.
struct told_things {
  struct told_path {
    std::uint16_t id = 0;
    connection_id own_id;
    connection_id peer_id;
    std::string_view congestion_state;
    std::optional<ecn_state> ecn;
    std::size_t datagram_size = 0;
    bool mtu_search_complete = false;
  };
  struct told_timer {
    std::optional<time_point> deadline;
    std::optional<packet_kind> space;
  };

  /// Made when it is asked for the first time.
  told_path& of(const path& on);

  std::vector<told_path> paths;
  std::vector<std::uint64_t> acknowledged;  // By the ACK frame that is being worked on.
  std::array<told_timer, 5> timers;         // By timer_kind.
  duration idle_timeout{};
  std::uint64_t events = 0;  // Of the event queue, so many.
  sent_datagram_statistics datagrams_out;
  std::uint64_t datagrams_unread = 0;
  early_data_status early_data = early_data_status::not_offered;
  std::optional<quic_version> version;
  send_obstacle obstacle = send_obstacle::none;
  std::uint32_t progress = 0;  // A bit for each connection_progress.
  bool initial_keys = false;
  bool early_keys = false;
  bool handshake_keys = false;
  bool application_keys = false;
};

/// Puts what happens in a connection into the words of its observer, if it has one. Without one no function here does
/// anything.
class observation {
public:
  observation() = default;
  explicit observation(std::shared_ptr<connection_observer> observer)
      : observer_(std::move(observer)), told_(observer_ ? std::make_unique<told_things>() : nullptr) {}

  explicit operator bool() const noexcept { return observer_ != nullptr; }
  connection_observer* operator->() const noexcept { return observer_.get(); }

  /// Only where there is an observer.
  told_things& told() const noexcept { return *told_; }

  /// TLS may have given keys, or those for early data have gone.
  void keys_may_have_changed(const key_ring& keys, endpoint_role role, time_point now);

  /// Each step is told once.
  void reached(connection_progress step, time_point now);

  void peer_parameters(const transport_parameters& theirs, endpoint_role role, time_point now);

  /// An acknowledgment or a loss has changed what is known of this path.
  void recovery_changed(const path& on, std::uint32_t pto_count, time_point now);
  void congestion_state_may_have_changed(const path& on, time_point now);

  /// A packet was acknowledged, and then another, and at last it is known for good what one ACK frame has brought.
  void acknowledged(std::uint64_t number) {
    if (observer_) told_->acknowledged.push_back(number);
  }
  void acknowledgment_ends(space_id space, time_point now);

  /// `peer_id` is null where there is none.
  void path_changed(path_event what, const path& on, const connection_id* peer_id, time_point now);

  /// What `a` knew is now `b`'s, and the other way round.
  void paths_exchanged(const path& a, const connection_id* id_of_a, const path& b, const connection_id* id_of_b,
                       time_point now);

  /// The peer's newest packet came under this ID; ours is about to leave under that one.
  void addressed_by_peer(const path& on, const connection_id& own_id, time_point now);
  void addresses_peer(const path& on, const connection_id& peer_id, time_point now);

  void meets(send_obstacle obstacle, time_point now);

private:
  std::shared_ptr<connection_observer> observer_;
  std::unique_ptr<told_things> told_;
};

}  // namespace quasio::quic
