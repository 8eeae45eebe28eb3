#include "driver/request_watch.hpp"

#include "driver/eventually.hpp"
#include "runtime/loopback.hpp"

namespace quasio::test {
namespace {

struct noted final : http3::request_watch_listener {
  void on_headers_late(stream_id id) override {
    late.push_back(id);
    told_late = std::chrono::steady_clock::now();
  }
  void on_unused() override { ++unused; }
  std::vector<stream_id> late;
  std::chrono::steady_clock::time_point told_late;
  int unused = 0;
};

struct watched_connection {
  explicit watched_connection(http3::server_limits limits)
      : watch(std::make_shared<http3::request_watch>(context.get_executor(), limits, listener)) {}
  asio::io_context context{1};
  noted listener;
  std::shared_ptr<http3::request_watch> watch;
};

TEST(request_watch, tells_of_late_headers_once) {
  http3::server_limits limits;
  limits.headers_timeout = 40ms;
  limits.unused_timeout = 0ms;
  watched_connection at(limits);
  run(at.context, [](watched_connection& with) -> asio::awaitable<void> {
    const auto begin = std::chrono::steady_clock::now();
    with.watch->start();
    with.watch->on_stream_opened(0);
    with.watch->on_stream_opened(4);
    with.watch->on_stream_closed(4);
    EXPECT_TRUE(co_await eventually([&] { return !with.listener.late.empty(); }));
    EXPECT_GE(with.listener.told_late - begin, 40ms);
    co_await pause(100ms);
    EXPECT_EQ(with.listener.late, (std::vector<stream_id>{0}));
    EXPECT_EQ(with.listener.unused, 0);
    with.watch->stop();
  }(at));
}

TEST(request_watch, tells_again_of_a_connection_that_is_not_used) {
  http3::server_limits limits;
  limits.headers_timeout = 30ms;
  limits.unused_timeout = 60ms;
  watched_connection at(limits);
  run(at.context, [](watched_connection& with) -> asio::awaitable<void> {
    with.watch->start();
    // Though its stream is never closed, a request that was refused counts for nothing.
    with.watch->on_stream_opened(0);
    EXPECT_TRUE(co_await eventually([&] { return with.listener.unused == 2; }));
    EXPECT_EQ(with.listener.late.size(), 1u);
    with.watch->stop();
    const int before = with.listener.unused;
    co_await pause(150ms);
    EXPECT_EQ(with.listener.unused, before);
  }(at));
}

TEST(request_watch, leaves_no_timer_behind) {
  watched_connection at({});
  at.watch->start();
  at.watch->on_stream_opened(0);
  at.watch->stop();
  // Else this would take as long as the limits.
  const auto begin = std::chrono::steady_clock::now();
  at.context.run_for(5s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

TEST(request_watch, with_all_limits_off_never_wakes) {
  http3::server_limits off;
  off.headers_timeout = off.body_timeout = off.write_timeout = off.unused_timeout = 0ms;
  watched_connection at(off);
  at.watch->start();
  at.watch->on_stream_opened(0);
  EXPECT_EQ(at.context.run_for(100ms), 0u);
}

}  // namespace
}  // namespace quasio::test
