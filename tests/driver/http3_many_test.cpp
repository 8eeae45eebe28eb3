#include <future>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/thread_pool.hpp>

#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

// Waits until `count` coroutines have reported.
class gathering {
public:
  gathering(asio::io_context& context, int count)
      : timer_(context, std::chrono::steady_clock::time_point::max()), left_(count) {}
  void arrive() {
    if (--left_ == 0) timer_.cancel();
  }
  asio::awaitable<void> wait() {
    while (left_ > 0) co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

private:
  asio::steady_timer timer_;
  int left_;
};

asio::awaitable<void> get_one(http3_pair& at, int number, std::set<std::string>& answers, gathering& all) {
  auto response = co_await at.client.get(at.url("/" + std::to_string(number)));
  EXPECT_EQ(response.status(), 200);
  answers.insert(co_await response.read_all());
  all.arrive();
}

TEST(http3_many, two_hundred_requests_share_one_connection) {
  int connections = 0;
  auto options = serve_on_loopback();
  options.on_connection = [&](const driver::connection_info&) { ++connections; };
  http3_pair pair(
      [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        const std::string answer = request.path() + std::string(20'000, '.');
        co_await response.finish(answer);
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    std::set<std::string> answers;
    gathering all(at.context, 200);
    for (int i = 0; i < 200; ++i) asio::co_spawn(at.context, get_one(at, i, answers, all), asio::detached);
    co_await all.wait();
    EXPECT_EQ(answers.size(), 200u);
  }(pair));
  EXPECT_EQ(connections, 1);
}

TEST(http3_many, requests_beyond_the_stream_limit_wait) {
  int most = 0;
  int now = 0;
  auto options = serve_on_loopback();
  options.transport.max_concurrent_bidirectional_streams = 3;
  http3_pair pair(
      [&](http3::request&, http3::response& response) -> asio::awaitable<void> {
        most = std::max(most, ++now);
        asio::steady_timer timer(response.get_executor(), 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        --now;
        co_await response.finish("x");
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    std::set<std::string> answers;
    gathering all(at.context, 40);
    for (int i = 0; i < 40; ++i) asio::co_spawn(at.context, get_one(at, i, answers, all), asio::detached);
    co_await all.wait();
  }(pair));
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 2);
}

TEST(http3_many, two_hundred_connections_at_once) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    co_await response.finish(request.path());
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    std::vector<std::unique_ptr<http3::client>> clients;
    gathering all(at.context, 200);
    int right = 0;
    for (int i = 0; i < 200; ++i) {
      clients.push_back(std::make_unique<http3::client>(at.context.get_executor(), trusting_client()));
      asio::co_spawn(
          at.context,
          [](http3::client& client, std::string url, std::string path, int& count,
             gathering& arrived) -> asio::awaitable<void> {
            auto response = co_await client.get(url);
            if (co_await response.read_all() == path) ++count;
            arrived.arrive();
          }(*clients.back(), at.url("/" + std::to_string(i)), "/" + std::to_string(i), right, all),
          asio::detached);
    }
    co_await all.wait();
    EXPECT_EQ(right, 200);
    EXPECT_EQ(at.server.open_connections(), 200u);
  }(pair));
}

TEST(http3_many, threads_share_the_connections) {
  asio::io_context context{1};
  auto options = serve_on_loopback();
  options.threads = 3;
  std::mutex guard;
  std::set<std::thread::id> threads;
  http3::server server(context.get_executor(), options);
  server.handle([&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    {
      const std::lock_guard lock(guard);
      threads.insert(std::this_thread::get_id());
    }
    const std::string body = co_await request.read_all();
    co_await response.finish(body);
  });
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/";
  run(context, [](asio::io_context& at, http3::server& serving, std::string to) -> asio::awaitable<void> {
    std::vector<std::unique_ptr<http3::client>> clients;
    gathering all(at, 60);
    for (int i = 0; i < 60; ++i) {
      clients.push_back(std::make_unique<http3::client>(at.get_executor(), trusting_client()));
      asio::co_spawn(
          at,
          [](http3::client& client, std::string target, gathering& arrived) -> asio::awaitable<void> {
            const std::string sent(100'000, 'q');
            auto response = co_await client.post(target, sent, "text/plain");
            const std::string received = co_await response.read_all();
            EXPECT_EQ(received, sent);
            arrived.arrive();
          }(*clients.back(), to, all),
          asio::detached);
    }
    co_await all.wait();
    EXPECT_EQ(serving.open_connections(), 60u);
    co_await serving.stop(10s);
  }(context, server, url));
  EXPECT_GE(threads.size(), 2u);
}

TEST(http3_many, strands_of_a_thread_pool_serve_as_executors) {
  asio::thread_pool pool(3);
  http3::server server(asio::make_strand(pool), serve_on_loopback());
  server.handle([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    const std::string body = co_await request.read_all();
    co_await response.finish(body);
  });
  const std::string url = "https://localhost:" + std::to_string(server.start().front().port) + "/";
  std::vector<std::unique_ptr<http3::client>> clients;
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<http3::client>(asio::make_strand(pool), trusting_client()));
    for (int request = 0; request < 10; ++request) {
      answers.push_back(asio::co_spawn(
          asio::make_strand(pool),
          [](http3::client& client, std::string to) -> asio::awaitable<std::string> {
            auto response = co_await client.post(to, std::string(50'000, 's'), "text/plain");
            co_return co_await response.read_all();
          }(*clients.back(), url),
          asio::use_future));
    }
  }
  for (auto& each : answers) {
    ASSERT_EQ(each.wait_for(60s), std::future_status::ready);
    EXPECT_EQ(each.get(), std::string(50'000, 's'));
  }
  std::promise<error_code> stopped;
  server.stop(5s, [&](error_code error) { stopped.set_value(error); });
  EXPECT_FALSE(stopped.get_future().get());
  pool.stop();
  pool.join();
}

}  // namespace
}  // namespace quasio::test
