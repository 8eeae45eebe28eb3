#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "quasio/base/time.hpp"
#include "quasio/quic/events.hpp"
#include "quasio/runtime/connection_hooks.hpp"

namespace quasio::runtime {

class client_hello_desk;
class io_worker;
class shard_state;

/// A handshake that waits for the program's answer. Answered once, from any thread.
class waiting_hello final : public std::enable_shared_from_this<waiting_hello> {
public:
  waiting_hello(asio::any_io_executor executor, std::weak_ptr<client_hello_desk> desk, std::weak_ptr<io_worker> worker)
      : executor_(std::move(executor)), desk_(std::move(desk)), worker_(std::move(worker)) {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  bool is_answered() const noexcept { return answered_.load(std::memory_order_acquire); }

  /// Any thread.
  void answer(crypto::client_hello_answer how);

  /// On the executor; false when it was answered before.
  bool answer_here(crypto::client_hello_answer how);

  /// The io_context goes away.
  void abandon() noexcept { answered_.store(true, std::memory_order_release); }

private:
  void deliver(crypto::client_hello_answer how);

  asio::any_io_executor executor_;
  std::weak_ptr<client_hello_desk> desk_;
  std::weak_ptr<io_worker> worker_;
  std::atomic<bool> answered_{false};
};

/// Where ClientHellos are shown to the program: bounded in number, and each only for a while. Everything but the
/// answers belongs to the executor.
class client_hello_desk final : public std::enable_shared_from_this<client_hello_desk> {
public:
  client_hello_desk(std::shared_ptr<shard_state> shard, connection_hooks hooks);
  ~client_hello_desk();

  void show(io_worker& worker, const quic::client_hello_received& hello, time_point now);
  void note_answered() noexcept;
  const connection_hooks& hooks() const noexcept { return hooks_; }

  /// Ends the waiting for time: the io_context goes away, or nobody is left who waits.
  void close() noexcept;

private:
  using timer_type = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                                asio::any_io_executor>;

  struct entry {
    time_point deadline;
    std::weak_ptr<waiting_hello> hello;
  };

  void set_timer();
  void refuse_the_late();

  std::shared_ptr<shard_state> shard_;
  connection_hooks hooks_;
  std::size_t waiting_ = 0;
  std::deque<entry> by_deadline_;  // All wait equally long: the first to come is the first to be late.
  timer_type timer_;
  bool timer_is_set_ = false;
};

}  // namespace quasio::runtime
