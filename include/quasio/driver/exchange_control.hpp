#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "quasio/asio.hpp"
#include "quasio/driver/datagram_flow.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/http3/priority.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::driver {

class exchange;

/// Called on the executor with the client's new wish; it must not throw.
using priority_handler = std::function<void(const http3::priority&)>;

/// What concerns an exchange as a whole and not its messages: its priority, its datagrams, its end. Copies speak for
/// the same exchange; none of them keeps it open, and on one that has ended they do nothing.
///
/// Threads: any, but for what is said to be for the executor.
class exchange_control {
public:
  /// Nobody's.
  exchange_control() noexcept = default;
  explicit exchange_control(std::shared_ptr<exchange> state) noexcept : state_(std::move(state)) {}

  bool is_open() const noexcept { return state_ != nullptr; }
  stream_id id() const noexcept;

  /// Server: how the response is sent, from now on, whatever the client says or has said, or the response's Priority
  /// field does. To go by the client's wish but for some part of it, put that part into a Priority field instead
  /// (RFC 9218, section 8). Client: tells the server how the response is wanted from now on (PRIORITY_UPDATE), and
  /// sends what is left of the request accordingly. An urgency above 7 counts as 7.
  void set_priority(const http3::priority& wanted);

  /// How the exchange is scheduled: as the client wishes (by default urgency 3, not incremental), unless the server has
  /// said otherwise. Keeps its last value. Executor.
  http3::priority priority() const;

  /// Server: tells when the client changes its wish, which the order of sending follows by itself; a program that makes
  /// responses may go by it, too. One handler at a time; an empty one ends it. Executor.
  void on_priority_change(priority_handler handler);

  /// HTTP Datagrams of the exchange (RFC 9297, section 2).
  datagram_flow datagrams() const { return datagram_flow(state_); }

  /// Gives up the whole exchange; pending operations end with operation_aborted.
  void cancel(http3::error_code code);

private:
  std::shared_ptr<exchange> state_;
};

}  // namespace quasio::driver
