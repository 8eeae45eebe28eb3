#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "driver/exchange.hpp"
#include "quasio/driver/error.hpp"

namespace quasio::http3 {

/// Keeps a client's response to its time limits: it is held as long as anybody wants the response, and gives the
/// exchange up when it is too slow.
class response_watch final : public std::enable_shared_from_this<response_watch> {
public:
  using clock = std::chrono::steady_clock;

  explicit response_watch(const std::shared_ptr<driver::exchange>& with) : timer_(with->executor()), with_(with) {}

  /// Gives up with `why` at that time.
  void set_deadline(clock::time_point when, client_error why);

  /// Gives up with client_error::body_timeout when a read waits so long for a byte. 0: never.
  void watch_body(std::chrono::milliseconds idle);

  void stop() noexcept;

private:
  struct deadline {
    clock::time_point when;
    client_error why;
  };

  void look();
  void sleep();
  void give_up(client_error why);

  asio::steady_timer timer_;
  std::weak_ptr<driver::exchange> with_;
  std::optional<deadline> deadline_;
  std::chrono::milliseconds idle_{0};
  std::optional<clock::time_point> waiting_since_;
  std::uint64_t bytes_then_ = 0;
};

}  // namespace quasio::http3
