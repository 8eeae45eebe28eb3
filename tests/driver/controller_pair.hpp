#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "quasio/driver/h3_driver.hpp"
#include "quasio/runtime/connect.hpp"
#include "quasio/runtime/listen.hpp"
#include "runtime/loopback.hpp"

namespace quasio::test {

inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

inline http3::field_list get_fields(const std::string& path = "/") {
  return {{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}};
}

inline http3::field_list post_fields(const std::string& path = "/") {
  auto fields = get_fields(path);
  fields[0].value = "POST";
  return fields;
}

inline http3::field_list status_fields(int status = 200) { return {{":status", std::to_string(status)}}; }

/// A server and a client at the level of drivers and controllers, on one io_context.
struct controller_pair {
  explicit controller_pair(driver::h3_driver_settings server_with = {}, driver::h3_driver_settings client_with = {},
                           runtime::listen_options listening = listen_with("h3"))
      : server_settings(std::move(server_with)), client_settings(std::move(client_with)) {
    error_code error;
    listener = runtime::listen(shard, loopback(), listening, error);
    EXPECT_FALSE(error) << error.message();
    listener.on_accept([this](runtime::incoming_connection incoming) {
      auto made = driver::make_server_h3_driver(incoming.get_executor(), server_settings);
      servers.push_back(made.controller);
      incoming.start(std::move(made.driver));
    });
  }

  driver::client_h3_controller connect() {
    auto made = driver::make_client_h3_driver(context.get_executor(), client_settings);
    auto options = connect_with(listener.local_endpoint(), "h3");
    const auto begun = runtime::connect(shard, options, std::move(made.driver));
    EXPECT_TRUE(begun) << begun.error().message;
    return made.controller;
  }

  /// A request without a body, to the end of its response.
  asio::awaitable<std::pair<error_code, int>> fetch(driver::client_h3_controller client, std::string path = "/") {
    auto [refused, request] = co_await client.async_send_request(get_fields(path), true, as_result);
    if (refused) co_return std::pair{refused, 0};
    const auto [error, head] = co_await request.response.async_receive_head(as_result);
    if (error) co_return std::pair{error, 0};
    const auto [broken, body] = co_await request.response.body().async_read_all(1 << 20, as_result);
    co_return std::pair{broken, head.status};
  }

  asio::io_context context{1};
  runtime::shard shard{context.get_executor()};
  driver::h3_driver_settings server_settings;
  driver::h3_driver_settings client_settings;
  runtime::listener listener;
  std::deque<driver::server_h3_controller> servers;
};

/// Answers every request that a controller hands out.
inline asio::awaitable<void> answer_all(driver::server_h3_controller server) {
  for (;;) {
    auto [error, request] = co_await server.async_receive_request(as_result);
    if (error) co_return;
    asio::co_spawn(
        server.get_executor(),
        [](driver::incoming_request asked) -> asio::awaitable<void> {
          co_await asked.response.async_write_with_head(status_fields(), asio::buffer("hello", 5),
                                                        driver::write_extent::last, as_result);
        }(std::move(request)),
        asio::detached);
  }
}

/// Lets handlers run until something holds, and fails after ten seconds.
template <class Condition>
void run_until(asio::io_context& context, Condition holds) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  context.restart();
  while (!holds()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    context.run_one_for(100ms);
  }
}

}  // namespace quasio::test
