#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "driver/exchange.hpp"
#include "quasio/driver/server_limits.hpp"

namespace quasio::http3 {

/// Who is told what a request_watch has found.
class request_watch_listener {
public:
  /// A request's headers take too long. It does not count as one any more.
  virtual void on_headers_late(stream_id id) = 0;

  /// There was no request for too long; and again after the same time.
  virtual void on_unused() = 0;

protected:
  ~request_watch_listener() = default;
};

/// Looks after the requests of one connection, so that no client keeps them waiting for ever (server_limits). Instead
/// of a timer for each read and write there is one for the connection, which looks at all of them a few times within
/// the shortest limit.
class request_watch final : public std::enable_shared_from_this<request_watch> {
public:
  using clock = std::chrono::steady_clock;

  request_watch(const asio::any_io_executor& executor, const server_limits& limits, request_watch_listener& listener);

  /// The handshake is complete, or early data comes.
  void start();

  /// `listener` hears nothing any more.
  void stop() noexcept;

  void on_stream_opened(stream_id id);
  void on_request(stream_id id, std::shared_ptr<driver::exchange> with);
  void on_stream_closed(stream_id id);

private:
  // What one direction had moved when, while somebody waits for it.
  struct progress {
    clock::time_point since;
    std::uint64_t bytes = 0;
  };

  struct watched {
    clock::time_point opened;
    std::shared_ptr<driver::exchange> with;  ///< Null until the headers have come.
    std::optional<progress> read;
    std::optional<progress> written;
    std::optional<clock::time_point> finished;
  };

  void look_after_all();
  bool are_headers_late(const watched& one, clock::time_point now) const;
  void look_after(watched& one, clock::time_point now);
  void sleep();
  std::optional<clock::time_point> next_look(clock::time_point now) const;

  asio::steady_timer timer_;
  server_limits limits_;
  std::chrono::milliseconds interval_{0};  ///< Between looks at requests; 0: none is needed.
  request_watch_listener* listener_;
  std::map<stream_id, watched> requests_;
  clock::time_point unused_since_;
  clock::time_point next_look_ = clock::time_point::max();
};

}  // namespace quasio::http3
