#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quasio/driver/http3_client.hpp"

namespace quasio::http3 {

/// Looks a host's addresses up: both families at once, each told as soon as it is known (RFC 8305, section 3).
class name_lookup {
public:
  name_lookup() = default;
  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;

  /// Gives up what is under way.
  ~name_lookup();

  /// `on_answer` is called on the executor after each answer, also one without addresses, and never from within.
  void start(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port,
             const resolve_function& resolve, std::function<void()> on_answer);

  /// What has been found since the last time.
  std::vector<ip_endpoint> take_found();

  /// Whether no more will be found, and no more of IPv6.
  bool is_over() const noexcept { return state_->left == 0; }
  bool is_v6_over() const noexcept { return state_->v6_over; }

  /// Why a look-up failed; none where the name is known but has no address.
  const quasio::error_code& error() const noexcept { return state_->error; }

private:
  struct state {
    int left = 0;
    bool v6_over = false;
    std::vector<ip_endpoint> found;
    quasio::error_code error;
    std::function<void()> on_answer;
    asio::cancellation_signal stop_v4;
    asio::cancellation_signal stop_v6;
  };

  static asio::awaitable<void> ask(std::shared_ptr<state> with, resolve_function resolve, std::string host,
                                   std::uint16_t port, ip_family family);
  static asio::awaitable<void> ask_system(std::shared_ptr<state> with, std::string host, std::uint16_t port);

  std::shared_ptr<state> state_ = std::make_shared<state>();
};

}  // namespace quasio::http3
