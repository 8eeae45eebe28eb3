#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "http3/abuse_guard.hpp"
#include "http3/breach.hpp"
#include "http3/event_queue.hpp"
#include "http3/frame.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/priority.hpp"
#include "quasio/http3/settings.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// A PRIORITY_UPDATE frame for a request (RFC 9218, section 7.2).
struct priority_update {
  stream_id id = 0;
  std::optional<priority> wanted;  ///< Empty: it is malformed.
};

/// The peer's control stream (RFC 9114, section 6.2.1): its settings, its wish to go away, and what a client wishes of
/// responses.
class control_stream {
public:
  control_stream(endpoint_role our_role, const settings& limits, abuse_guard& guard) noexcept
      : role_(our_role), limits_(limits), guard_(guard) {}

  /// Takes the next bytes of the stream, in any pieces, and tells what they say as events. Every error ends the
  /// connection.
  result<void, breach> take(byte_view bytes, event_queue& events);

  const peer_settings& peer() const noexcept { return peer_; }
  bool settings_came() const noexcept { return settings_came_; }

  /// A client in early data goes by the settings of a former connection. The server's own must not be less, unless it
  /// did not take the early data.
  void remember(const peer_settings& former) noexcept { peer_ = former, remembered_ = former; }
  void forget_remembered() noexcept {
    if (!settings_came_) peer_ = {};
    remembered_.reset();
  }

  /// The ID in the peer's last GOAWAY frame; empty when none came.
  std::optional<std::uint64_t> goaway_id() const noexcept { return goaway_id_; }

  /// What came since the last time, in order.
  std::vector<priority_update> take_priority_updates() noexcept { return std::exchange(updates_, {}); }

private:
  result<void, breach> begin_frame(const frame_header& header);
  result<void, breach> begin_first_frame(const frame_header& header);
  result<void, breach> begin_id_frame(const frame_header& header);
  result<void, breach> begin_priority_update(const frame_header& header);
  result<void, breach> take_payload(byte_view& bytes);
  result<void, breach> skip(std::uint64_t count);
  result<void, breach> finish_frame(event_queue& events);
  result<void, breach> finish_settings(event_queue& events);
  result<void, breach> finish_goaway(event_queue& events);
  result<void, breach> finish_max_push_id();
  result<void, breach> finish_priority_update();
  bool keeps_payload() const noexcept;

  endpoint_role role_;
  const settings& limits_;
  abuse_guard& guard_;
  frame_reader frames_;
  std::vector<std::uint8_t> payload_;  ///< Of a frame that is understood, as far as it came.
  peer_settings peer_;
  std::optional<peer_settings> remembered_;
  bool settings_came_ = false;
  std::optional<std::uint64_t> goaway_id_;
  std::optional<std::uint64_t> max_push_id_;
  std::vector<priority_update> updates_;
  std::uint64_t skipped_ = 0;  ///< Bytes since a frame that meant anything.
};

}  // namespace quasio::http3
