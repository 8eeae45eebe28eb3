#pragma once

#include <optional>

#include "quasio/quic/connection.hpp"
#include "quasio/runtime/connection_audit.hpp"
#include "quasio/runtime/counters.hpp"
#include "runtime/rate_watch.hpp"

namespace quasio::runtime {

/// What is noted down about one connection while it lives: its times and rates, which become metrics and its audit.
class connection_records {
public:
  connection_records(runtime::counters& counters, time_point now) noexcept
      : counters_(counters), rates_(counters.utilized_bandwidth), born_(now), begun_(now) {}

  /// The application begins the handshake.
  void on_begun(time_point now) noexcept;
  void on_established(time_point now) noexcept;
  void on_id(const connection_id& id) noexcept {
    if (first_id_.size() == 0) first_id_ = id;
  }

  /// Packets leave.
  void on_sent(time_point now) noexcept;

  /// A full socket holds packets back, and takes them again.
  void on_blocked(time_point now) noexcept { blocked_since_ = now; }
  void on_unblocked(time_point now) noexcept;

  /// At the end of each turn.
  void on_turn(const quic::connection& connection, time_point begun, time_point ended) noexcept;

  /// The connection has ended: counts it. False when it had ended before.
  bool on_ended(const quic::connection& connection, const connection_end& how, time_point now) noexcept;

  connection_audit audit(const quic::connection& connection, const connection_end& how, time_point now) const;

private:
  runtime::counters& counters_;
  rate_watch rates_;
  time_point born_;
  time_point begun_;
  connection_id first_id_;
  std::optional<time_point> blocked_since_;
  bool established_ = false;
  bool has_answered_ = false;
  bool has_ended_ = false;
};

}  // namespace quasio::runtime
