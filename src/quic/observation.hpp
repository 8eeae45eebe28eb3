#pragma once

#include <memory>
#include <string_view>

#include "quasio/quic/observer.hpp"
#include "quic/key_ring.hpp"
#include "quic/packet_space.hpp"
#include "quic/path.hpp"
#include "wire/packet_type.hpp"

namespace quasio::quic {

packet_kind kind_of(wire::packet_type type) noexcept;
packet_kind kind_of(space_id space) noexcept;

/// Puts what happens in a connection into the words of its observer, if it has one.
class observation {
public:
  observation() = default;
  explicit observation(std::shared_ptr<connection_observer> observer) noexcept : observer_(std::move(observer)) {}

  explicit operator bool() const noexcept { return observer_ != nullptr; }
  connection_observer* operator->() const noexcept { return observer_.get(); }

  /// TLS may have given keys.
  void keys_may_have_come(const key_ring& keys, time_point now);

  /// An acknowledgment or a loss has changed what is known of this path.
  void recovery_changed(const path& on, std::uint32_t pto_count, time_point now);

private:
  std::shared_ptr<connection_observer> observer_;
  std::string_view congestion_state_;
  bool handshake_keys_ = false;
  bool application_keys_ = false;
};

}  // namespace quasio::quic
