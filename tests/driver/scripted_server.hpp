#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "driver/http3_pair.hpp"

namespace quasio::test {

/// An HTTP/3 server that does with each request what a test says, well-behaved or not.
class scripted_server {
public:
  struct visit {
    int connection;  ///< From 1.
    int request;     ///< From 1, all connections together.
    driver::server_h3_controller controller;
    driver::incoming_request incoming;

    asio::awaitable<void> answer(std::string text) {
      http3::field_list head;
      head.push_back({":status", "200"});
      co_await incoming.response.async_write_with_head(head, asio::buffer(text), driver::write_extent::last,
                                                       asio::as_tuple(asio::use_awaitable));
    }
  };
  using script = std::function<asio::awaitable<void>(visit&)>;

  scripted_server(asio::io_context& context, script what) : context_(context), script_(std::move(what)) {
    const runtime::shard shard(context.get_executor());
    error_code error;
    listener_ = runtime::listen(shard, loopback(), listen_with("h3"), error);
    EXPECT_FALSE(error) << error.message();
    listener_.on_accept([this](runtime::incoming_connection incoming) { accept(std::move(incoming)); });
  }

  std::string url() const { return "https://localhost:" + std::to_string(listener_.local_endpoint().port) + "/"; }
  /// Takes none of the next connections.
  void refuse(int connections) { refusals_ = connections; }
  int connections() const { return connections_; }
  int requests() const { return requests_; }

private:
  void accept(runtime::incoming_connection incoming) {
    if (refusals_ > 0) {
      --refusals_;
      return incoming.refuse();
    }
    auto made = driver::make_server_h3_driver(incoming.get_executor());
    asio::co_spawn(context_, serve(*this, made.controller, ++connections_), asio::detached);
    incoming.start(std::move(made.driver));
  }

  static asio::awaitable<void> serve(scripted_server& self, driver::server_h3_controller from, int connection) {
    for (;;) {
      auto [failed, incoming] = co_await from.async_receive_request(asio::as_tuple(asio::use_awaitable));
      if (failed) co_return;
      auto one = std::make_shared<visit>(visit{connection, ++self.requests_, from, std::move(incoming)});
      asio::co_spawn(self.context_, act(self, one), asio::detached);
    }
  }

  static asio::awaitable<void> act(scripted_server& self, std::shared_ptr<visit> one) { co_await self.script_(*one); }

  asio::io_context& context_;
  script script_;
  runtime::listener listener_;
  int refusals_ = 0;
  int connections_ = 0;
  int requests_ = 0;
};

}  // namespace quasio::test
