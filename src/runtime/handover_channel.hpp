#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "quasio/asio_posix.hpp"
#include "quasio/net/descriptor.hpp"
#include "quasio/net/packet_buffer_pool.hpp"
#include "runtime/inbound_run.hpp"

namespace quasio::runtime {

/// Carries datagrams between two processes that share a socket: questions (is this yours?) from the heir to the
/// testator, answers (it is not) back. Like a socket it drops what it has no room for.
///
/// Threads: the shard's.
class handover_channel {
public:
  handover_channel(const asio::any_io_executor& executor, net::descriptor end);

  /// The two ends of a new one.
  static std::pair<net::descriptor, net::descriptor> make_ends(error_code& error);

  /// Whether there was room.
  bool send(const inbound_run& run) noexcept;

  enum class outcome : std::uint8_t {
    received,
    nothing,  ///< For now.
    dropped,  ///< There was something, but no buffer for it.
    ended,    ///< The other process has closed its end, or is gone.
  };
  outcome receive(inbound_run& into, net::packet_buffer_pool& buffers) noexcept;

  template <class Handler>
  void async_wait_readable(Handler&& handler) {
    end_.async_wait(asio::posix::stream_descriptor::wait_read, std::forward<Handler>(handler));
  }

  void close() noexcept;

private:
  asio::posix::stream_descriptor end_;
};

}  // namespace quasio::runtime
