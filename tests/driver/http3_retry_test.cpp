// What a client sends again, and what it does not.

#include <thread>

#include "driver/eventually.hpp"
#include "driver/scripted_server.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using visit = scripted_server::visit;

http3::client_options hasty_client() {
  auto options = trusting_client();
  options.retries.backoff = 1ms;
  return options;
}

http3::client_request post(std::string url) {
  http3::client_request what;
  what.method = "POST";
  what.url = std::move(url);
  what.body = "body";
  return what;
}

/// How often the server saw the request, and what came of it.
struct result_of_tries {
  std::string text;
  error_code code;
  int requests = 0;
  int connections = 0;
};

result_of_tries try_it(scripted_server::script script, http3::client_request what,
                       http3::client_options options = hasty_client()) {
  asio::io_context context{1};
  scripted_server server(context, std::move(script));
  http3::client client(context.get_executor(), std::move(options));
  what.url = server.url();
  result_of_tries came;
  run(context, [](http3::client& by, http3::client_request asked, result_of_tries& result) -> asio::awaitable<void> {
    auto [failed, response] = co_await by.request(std::move(asked), as_result);
    if (failed) {
      result.code = http3::failure_of(failed)->code;
    } else {
      auto [error, text] = co_await response.read_all(1000, as_result);
      result.text = text;
      result.code = error;
    }
  }(client, std::move(what), came));
  came.requests = server.requests();
  came.connections = server.connections();
  return came;
}

// The connection dies under the first requests.
scripted_server::script dies(int times) {
  return [times](visit& one) -> asio::awaitable<void> {
    if (one.request <= times) {
      one.controller.close(http3::error_code::internal_error, "a fault");
      co_return;
    }
    co_await one.answer("answer " + std::to_string(one.connection));
  };
}

// The first requests are refused, as by one who has not looked at them.
scripted_server::script rejects(int times) {
  return [times](visit& one) -> asio::awaitable<void> {
    if (one.request <= times) {
      one.incoming.response.cancel(http3::error_code::request_rejected);
      co_return;
    }
    co_await one.answer("answer");
  };
}

TEST(http3_retry, idempotent_requests_survive_the_death_of_their_connection) {
  const auto got = try_it(dies(1), {});
  EXPECT_EQ(got.text, "answer 2");
  EXPECT_EQ(got.requests, 2);
  http3::client_request put = post("");
  put.method = "PUT";
  EXPECT_EQ(try_it(dies(2), put).text, "answer 3");
}

TEST(http3_retry, ends_after_so_many_tries) {
  const auto got = try_it(dies(1000), {});
  EXPECT_EQ(got.code, http3::error_code::internal_error);
  EXPECT_EQ(got.requests, 3);
  auto once = hasty_client();
  once.retries.max_tries = 1;
  EXPECT_EQ(try_it(dies(1000), {}, once).requests, 1);
  auto never = hasty_client();
  never.retries.lost_connections = false;
  EXPECT_EQ(try_it(dies(1), {}, never).requests, 1);
}

TEST(http3_retry, what_may_have_been_done_is_not_done_again) {
  const auto lost = try_it(dies(1), post(""));
  EXPECT_EQ(lost.code, http3::error_code::internal_error);
  EXPECT_EQ(lost.requests, 1);
  http3::client_request known_by_its_key = post("");
  known_by_its_key.idempotent = true;
  EXPECT_EQ(try_it(dies(1), known_by_its_key).text, "answer 2");
  http3::client_request delicate;
  delicate.idempotent = false;
  EXPECT_EQ(try_it(dies(1), delicate).requests, 1);
}

TEST(http3_retry, what_was_not_processed_is_sent_again_whatever_it_is) {
  const auto got = try_it(rejects(1), post(""));
  EXPECT_EQ(got.text, "answer");
  EXPECT_EQ(got.requests, 2);
  EXPECT_EQ(got.connections, 1) << "the connection is as good as ever";
  EXPECT_EQ(try_it(rejects(3), post("")).code, http3::error_code::request_rejected);
}

TEST(http3_retry, other_refusals_are_final) {
  const auto got = try_it(
      [](visit& one) -> asio::awaitable<void> {
        one.incoming.response.cancel(http3::error_code::internal_error);
        co_return;
      },
      {});
  EXPECT_EQ(got.code, http3::error_code::internal_error);
  EXPECT_EQ(got.requests, 1);
}

TEST(http3_retry, nothing_is_sent_again_once_the_response_has_begun) {
  const auto got = try_it(
      [](visit& one) -> asio::awaitable<void> {
        http3::field_list head;
        head.push_back({":status", "200"});
        co_await one.incoming.response.async_send_head(head, false, as_result);
        co_await one.incoming.response.async_write(asio::buffer("part", 4), as_result);
        co_await pause(30ms);
        one.controller.close(http3::error_code::internal_error, "a fault");
      },
      {});
  EXPECT_EQ(got.code, http3::error_code::internal_error);
  EXPECT_EQ(got.requests, 1);
}

TEST(http3_retry, what_was_answered_in_the_meantime_was_processed) {
  // The code says unprocessed, an interim response says that it was not (RFC 9114, section 4.1.1).
  const auto got = try_it(
      [](visit& one) -> asio::awaitable<void> {
        http3::field_list early_hints;
        early_hints.push_back({":status", "103"});
        co_await one.incoming.response.async_send_head(early_hints, false, as_result);
        // The reset may overtake what was sent before, unless that has arrived.
        co_await pause(50ms);
        one.incoming.response.cancel(http3::error_code::request_rejected);
      },
      post(""));
  EXPECT_EQ(got.code, http3::error_code::request_rejected);
  EXPECT_EQ(got.requests, 1);
}

TEST(http3_retry, a_connection_that_refuses_again_is_left) {
  const auto got = try_it(rejects(2), post(""));
  EXPECT_EQ(got.text, "answer");
  EXPECT_EQ(got.requests, 3);
  EXPECT_EQ(got.connections, 2);
}

TEST(http3_retry, what_goaway_leaves_out_goes_to_a_new_connection) {
  // The first connection takes one request, and says so when the second one is on its way.
  asio::io_context context{1};
  driver::h3_driver_settings one_only;
  one_only.max_requests = 1;
  runtime::shard shard(context.get_executor());
  error_code error;
  auto listener = runtime::listen(shard, loopback(), listen_with("h3"), error);
  int connections = 0;
  listener.on_accept([&](runtime::incoming_connection incoming) {
    auto made = driver::make_server_h3_driver(incoming.get_executor(),
                                              ++connections == 1 ? one_only : driver::h3_driver_settings());
    asio::co_spawn(
        context,
        [](driver::server_h3_controller from) -> asio::awaitable<void> {
          for (;;) {
            auto [failed, request] = co_await from.async_receive_request(as_result);
            if (failed) co_return;
            http3::field_list head;
            head.push_back({":status", "200"});
            co_await request.response.async_write_with_head(head, asio::buffer("answer", 6), driver::write_extent::last,
                                                            as_result);
          }
        }(made.controller),
        asio::detached);
    incoming.start(std::move(made.driver));
  });
  http3::client client(context.get_executor(), hasty_client());
  const std::string url = "https://localhost:" + std::to_string(listener.local_endpoint().port) + "/";
  int answered = 0;
  run(context, [](http3::client& by, std::string to, int& answers) -> asio::awaitable<void> {
    for (int i = 0; i < 10; ++i) {
      asio::co_spawn(
          co_await asio::this_coro::executor,
          [](http3::client& at, std::string place, int& done) -> asio::awaitable<void> {
            auto response = co_await at.request(post(place));
            EXPECT_EQ(co_await response.read_all(), "answer");
            ++done;
          }(by, to, answers),
          asio::detached);
    }
    EXPECT_TRUE(co_await eventually([&] { return answers == 10; }));
  }(client, url, answered));
  EXPECT_EQ(connections, 2);
}

TEST(http3_retry, a_source_runs_again) {
  int runs = 0;
  http3::client_request what = post("");
  what.body.clear();
  what.source = [&runs](http3::request_writer& writer) -> asio::awaitable<void> {
    ++runs;
    co_await writer.async_write(asio::buffer("piece", 5), as_result);
  };
  EXPECT_EQ(try_it(rejects(1), std::move(what)).text, "answer");
  EXPECT_EQ(runs, 2);
}

TEST(http3_retry, a_server_that_takes_no_connection_now_is_asked_again) {
  asio::io_context context{1};
  scripted_server server(context, [](visit& one) -> asio::awaitable<void> { co_await one.answer("answer"); });
  http3::client client(context.get_executor(), hasty_client());
  run(context, [](http3::client& by, scripted_server& at) -> asio::awaitable<void> {
    at.refuse(2);
    auto response = co_await by.request(post(at.url()));
    EXPECT_EQ(co_await response.read_all(), "answer");
    EXPECT_EQ(at.requests(), 1);
  }(client, server));
}

TEST(http3_retry, waits_longer_and_longer_for_a_server_to_come) {
  asio::io_context context{1};
  asio::ip::udp::socket taken(context, net::to_udp_endpoint(loopback()));
  const ip_endpoint place = net::to_ip_endpoint(taken.local_endpoint());
  taken.close();
  auto options = hasty_client();
  options.retries.max_tries = 1000;
  options.retries.failed_connects = true;
  options.retries.max_backoff = 20ms;
  http3::client client(context.get_executor(), options);
  std::optional<http3::server> server;
  run(context,
      [](asio::io_context& at, http3::client& by, ip_endpoint where,
         std::optional<http3::server>& to) -> asio::awaitable<void> {
        std::optional<std::string> answer;
        asio::co_spawn(
            at,
            [](http3::client& with, std::string url, std::optional<std::string>& text) -> asio::awaitable<void> {
              auto response = co_await with.get(url);
              text = co_await response.read_all();
            }(by, "https://localhost:" + std::to_string(where.port) + "/", answer),
            asio::detached);
        co_await pause(150ms);
        EXPECT_FALSE(answer);
        auto with = serve_on_loopback();
        with.endpoints.front() = where;
        to.emplace(at.get_executor(), with);
        to->handle([](http3::request&, http3::response& response) -> asio::awaitable<void> {
          co_await response.finish("at last");
        });
        to->start();
        EXPECT_TRUE(co_await eventually([&] { return answer.has_value(); }));
        EXPECT_EQ(answer, "at last");
      }(context, client, place, server));
}

/// A server that dies without a word, and one that takes its place.
struct restarted_server {
  restarted_server() {
    options.reset_token_key.fill(7);
    start();
    kill();
    // Of the place, too, the key is made.
    options.endpoints = {place};
    start();
  }

  void start() {
    context.emplace(1);
    server.emplace(context->get_executor(), options);
    server->handle([this](http3::request& request, http3::response& response) -> asio::awaitable<void> {
      ++requests;
      const std::string body = co_await request.read_all();
      co_await response.finish("answer");
    });
    place = server->start().front();
    thread = std::thread([this] { context->run(); });
  }

  void kill() {
    context->stop();
    thread.join();
    server.reset();
    context.reset();
  }

  std::string url() const { return "https://localhost:" + std::to_string(place.port) + "/"; }

  http3::server_options options = serve_on_loopback();
  std::optional<asio::io_context> context;
  std::optional<http3::server> server;
  std::thread thread;
  ip_endpoint place;
  std::atomic<int> requests{0};
};

TEST(http3_retry, a_pooled_connection_that_died_in_silence_is_replaced) {
  restarted_server server;
  asio::io_context context{1};
  http3::client client(context.get_executor(), hasty_client());
  run(context, [](http3::client& by, restarted_server& of) -> asio::awaitable<void> {
    auto first = co_await by.get(of.url());
    EXPECT_EQ(co_await first.read_all(), "answer");
    of.kill();
    of.start();
    // The new one does not know the connection and says so (RFC 9000, section 10.3).
    auto second = co_await by.get(of.url());
    EXPECT_EQ(co_await second.read_all(), "answer");
    of.kill();
    of.start();
    const auto [failed, posted] = co_await by.request(post(of.url()), as_result);
    EXPECT_EQ(http3::failure_of(failed).value_or(http3::failure{}).code, runtime::error::stateless_reset);
    // That one found out; the next goes to a new connection at once.
    auto third = co_await by.request(post(of.url()));
    EXPECT_EQ(co_await third.read_all(), "answer");
  }(client, server));
  EXPECT_EQ(server.requests, 3);
  server.kill();
}

}  // namespace
}  // namespace quasio::test
