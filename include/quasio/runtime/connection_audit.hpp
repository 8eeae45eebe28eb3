#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/counters.hpp"
#include "quasio/runtime/error.hpp"

namespace quasio::runtime {

/// What is left to be said of a connection that has ended: for audit logs and for billing.
struct connection_audit {
  network_path path;    ///< The one in use at the end.
  connection_id id;     ///< The first by which the peer addressed this side; empty where it needed none.
  time_point started;   ///< When its first packet came here, or left.
  duration lasted{};    ///< From then to the end.
  duration in_queue{};  ///< How long it waited for incoming_connection::start(); zero for a client's.
  bool established = false;
  quic::handshake_summary handshake;  ///< As far as it came.

  connection_end end;
  ending how = ending::closed_here;

  /// The code of the CONNECTION_CLOSE frame, by who sent it and whose it is; empty where there was none. At most one is
  /// set.
  std::optional<std::uint64_t> transport_code_sent;
  std::optional<std::uint64_t> transport_code_received;
  std::optional<std::uint64_t> application_code_sent;
  std::optional<std::uint64_t> application_code_received;

  std::uint64_t max_bandwidth =
      0;  ///< Bytes a second: the most that acknowledgments measured, looked at 10 times a second.
  double max_loss_percent = 0;  ///< Of the packets sent, the worst tenth of a second or longer with 20 of them.
  quic::statistics statistics;
};

/// Is told of each connection that has ended, once, on the executor, after its application. It must not throw.
using audit_handler = std::function<void(const connection_audit&)>;

/// Which of the endings that counters know this is.
ending classify(const connection_end& end) noexcept;

}  // namespace quasio::runtime
