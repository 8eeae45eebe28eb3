#pragma once

#include <chrono>

#include "quasio/asio.hpp"

namespace quasio::test {

/// Lets everything else run until a condition holds, or for `limit`; whether it holds at the end.
template <class Condition>
asio::awaitable<bool> eventually(Condition holds, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  asio::steady_timer tick(co_await asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds() && std::chrono::steady_clock::now() < end) {
    tick.expires_after(std::chrono::milliseconds(2));
    co_await tick.async_wait(asio::use_awaitable);
  }
  co_return holds();
}

/// A wait that is what is tested.
inline asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace quasio::test
