// Events and commands, for those who work below requests and responses.

#include <thread>

#include "driver/controller_pair.hpp"

namespace quasio::test {
namespace {

using driver::h3_event;

driver::h3_driver_settings with_events(std::size_t limit = 1000) {
  driver::h3_driver_settings settings;
  settings.max_waiting_events = limit;
  return settings;
}

/// Gathers the events of one controller as they come.
struct event_diary {
  std::deque<h3_event> seen;  // What was seen stays where it is.
  std::optional<error_code> end;

  template <class Controller>
  void read(asio::io_context& context, Controller controller) {
    asio::co_spawn(
        context,
        [](event_diary& into, Controller from) -> asio::awaitable<void> {
          for (;;) {
            auto [error, event] = co_await from.async_receive_event(as_result);
            if (error) {
              into.end = error;
              co_return;
            }
            into.seen.push_back(std::move(event));
          }
        }(*this, controller),
        asio::detached);
  }

  template <class Event>
  std::vector<const Event*> all() const {
    std::vector<const Event*> found;
    for (const h3_event& each : seen) {
      if (const auto* event = std::get_if<Event>(&each)) found.push_back(event);
    }
    return found;
  }

  template <class Event>
  Event* last() {
    for (auto each = seen.rbegin(); each != seen.rend(); ++each) {
      if (auto* event = std::get_if<Event>(&*each)) return event;
    }
    return nullptr;
  }
};

TEST(h3_events, tell_an_exchange_from_both_ends) {
  controller_pair pair(with_events(), with_events());
  event_diary at_client;
  event_diary at_server;
  auto client = pair.connect();
  at_client.read(pair.context, client);
  run(pair.context,
      [](controller_pair& at, driver::client_h3_controller by, event_diary& server,
         event_diary&) -> asio::awaitable<void> {
        auto fields = post_fields("/upload");
        fields.push_back({"priority", "u=1, i"});
        auto sent = co_await by.async_send_request(fields, false, asio::use_awaitable, 77);
        co_await sent.body.async_finish(asio::buffer(std::string(1000, 'x')), asio::use_awaitable);
        server.read(at.context, at.servers.at(0));
        asio::steady_timer wait(at.context);
        while (server.all<driver::request_begun>().empty()) {
          wait.expires_after(1ms);
          co_await wait.async_wait(asio::use_awaitable);
        }
        auto* begun = server.last<driver::request_begun>();
        EXPECT_EQ(http3::find_field(begun->request.fields, ":path"), "/upload");
        EXPECT_EQ(begun->priority, "u=1, i");
        EXPECT_FALSE(begun->request.end);
        EXPECT_EQ(begun->id, sent.body.id());
        EXPECT_EQ((co_await begun->request.body.async_read_all(5000, asio::use_awaitable)).size(), 1000u);
        co_await begun->request.response.async_send_head(status_fields(103), false, asio::use_awaitable);
        co_await begun->request.response.async_write_with_head(status_fields(), asio::buffer("hello", 5),
                                                               driver::write_extent::all, asio::use_awaitable);
        const http3::field_list trailers{{"x-end", "yes"}};
        co_await begun->request.response.async_send_trailers(trailers, asio::use_awaitable);
        EXPECT_EQ((co_await sent.response.async_receive_head(asio::use_awaitable)).status, 103);
        EXPECT_EQ((co_await sent.response.async_receive_head(asio::use_awaitable)).status, 200);
        EXPECT_EQ(co_await sent.response.body().async_read_all(5000, asio::use_awaitable), "hello");
        while (server.all<driver::exchange_ended>().empty()) {
          wait.expires_after(1ms);
          co_await wait.async_wait(asio::use_awaitable);
        }
        by.close();
        while (!server.end) {
          wait.expires_after(1ms);
          co_await wait.async_wait(asio::use_awaitable);
        }
      }(pair, client, at_server, at_client));

  ASSERT_EQ(at_server.all<driver::settings_told>().size(), 1u);
  ASSERT_EQ(at_server.all<driver::body_received>().size(), 1u);
  EXPECT_EQ(at_server.all<driver::body_received>()[0]->bytes, 1000u);
  const auto ended = at_server.all<driver::exchange_ended>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->audit.method, driver::request_method::post);
  EXPECT_EQ(ended[0]->audit.status, 200);
  EXPECT_EQ(ended[0]->audit.body_bytes_received, 1000u);
  EXPECT_EQ(ended[0]->audit.body_bytes_sent, 5u);
  EXPECT_EQ(ended[0]->audit.sent, driver::message_end::with_body);
  EXPECT_EQ(ended[0]->audit.received, driver::message_end::with_body);
  EXPECT_FALSE(ended[0]->audit.reset_sent || ended[0]->audit.reset_received);
  ASSERT_TRUE(std::holds_alternative<driver::connection_ended>(at_server.seen.back()));
  EXPECT_EQ(std::get<driver::connection_ended>(at_server.seen.back()).end.code, http3::error_code::no_error);

  ASSERT_EQ(at_client.all<driver::request_sent>().size(), 1u);
  EXPECT_EQ(at_client.all<driver::request_sent>()[0]->request_tag, 77u);
  const auto heads = at_client.all<driver::head_received>();
  ASSERT_EQ(heads.size(), 3u);
  EXPECT_EQ(heads[0]->status, 103);
  EXPECT_EQ(heads[1]->status, 200);
  EXPECT_EQ(heads[2]->kind, http3::section_kind::trailers);
}

TEST(h3_events, are_off_unless_they_are_wanted) {
  controller_pair pair;
  auto client = pair.connect();
  run(pair.context, [](driver::client_h3_controller by) -> asio::awaitable<void> {
    const auto [error, event] = co_await by.async_receive_event(as_result);
    EXPECT_EQ(error, asio::error::operation_not_supported);
  }(client));
}

TEST(h3_events, take_the_place_of_the_queue_of_requests) {
  controller_pair pair(with_events());
  auto client = pair.connect();
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    co_await by.async_wait_established();
    const auto [error, request] = co_await at.servers.at(0).async_receive_request(as_result);
    EXPECT_EQ(error, asio::error::operation_not_supported);
  }(pair, client));
}

TEST(h3_events, a_full_queue_loses_news_but_never_requests_or_the_end) {
  auto counters = std::make_shared<driver::h3_counters>();
  auto settings = with_events(4);
  settings.counters = counters;
  controller_pair pair({}, settings);
  auto client = pair.connect();
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  asio::co_spawn(pair.context, answer_all(pair.servers[0]), asio::detached);
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      const auto [error, status] = co_await at.fetch(by);
      EXPECT_FALSE(error) << error.message();
    }
    by.close();
  }(pair, client));
  event_diary diary;
  diary.read(pair.context, client);
  run_until(pair.context, [&] { return diary.end.has_value(); });
  std::string order;
  for (const auto& each : diary.seen) order += std::to_string(each.index()) + " ";
  SCOPED_TRACE(order);
  EXPECT_LE(diary.seen.size(), 4u + 3u);
  ASSERT_EQ(diary.all<driver::settings_told>().size(), 1u);
  ASSERT_EQ(diary.all<driver::connection_ended>().size(), 1u);
  ASSERT_EQ(diary.all<driver::events_lost>().size(), 1u);
  EXPECT_EQ(diary.all<driver::events_lost>()[0]->count, counters->events_dropped.value());
  // Each request makes four: sent, head, body, ended.
  EXPECT_GE(counters->events_dropped.value(), 80u - 4u - 3u);
}

TEST(h3_events, requests_beyond_what_may_wait_are_refused) {
  auto counters = std::make_shared<driver::h3_counters>();
  auto settings = with_events(1);
  settings.max_waiting_requests = 3;
  settings.counters = counters;
  controller_pair pair(settings);
  auto client = pair.connect();
  std::vector<error_code> outcomes;
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(
        pair.context, pair.fetch(client),
        [&](const std::exception_ptr&, const std::pair<error_code, int>& got) { outcomes.push_back(got.first); });
  }
  run_until(pair.context, [&] { return outcomes.size() == 7; });
  for (const auto& each : outcomes) EXPECT_EQ(each, http3::error_code::request_rejected) << each.message();
  EXPECT_EQ(counters->requests_refused.value(), 7u);
  // The three that wait are answered when somebody comes.
  asio::co_spawn(
      pair.context,
      [](driver::server_h3_controller at) -> asio::awaitable<void> {
        for (int answered = 0; answered < 3;) {
          auto event = co_await at.async_receive_event();
          auto* begun = std::get_if<driver::request_begun>(&event);
          if (begun == nullptr) continue;
          ++answered;
          co_await begun->request.response.async_send_head(status_fields(204), true, asio::use_awaitable);
        }
      }(pair.servers[0]),
      asio::detached);
  run_until(pair.context, [&] { return outcomes.size() == 10; });
  for (std::size_t i = 7; i < 10; ++i) EXPECT_FALSE(outcomes[i]) << outcomes[i].message();
}

TEST(h3_events, waiting_for_one_can_be_cancelled) {
  controller_pair pair({}, with_events());
  auto client = pair.connect();
  asio::cancellation_signal signal;
  std::optional<error_code> outcome;
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  pair.context.restart();
  pair.context.run_for(50ms);
  while (!outcome || !*outcome) {  // What is there already comes first.
    outcome.reset();
    client.async_receive_event(
        asio::bind_cancellation_slot(signal.slot(), [&](error_code error, h3_event) { outcome = error; }));
    pair.context.restart();
    pair.context.run_for(10ms);
    if (!outcome) break;
  }
  signal.emit(asio::cancellation_type::terminal);
  run_until(pair.context, [&] { return outcome.has_value(); });
  EXPECT_EQ(*outcome, asio::error::operation_aborted);
}

// --- Commands -------------------------------------------------------------------------------------------------------

TEST(h3_commands, shut_down_half_a_stream) {
  controller_pair pair(with_events(), with_events());
  event_diary at_client;
  event_diary at_server;
  auto client = pair.connect();
  at_client.read(pair.context, client);
  run(pair.context,
      [](controller_pair& at, driver::client_h3_controller by, event_diary& server,
         event_diary& own) -> asio::awaitable<void> {
        auto sent = co_await by.async_send_request(post_fields(), false, asio::use_awaitable);
        co_await sent.body.async_write(asio::buffer("some", 4), asio::use_awaitable);
        server.read(at.context, at.servers.at(0));
        asio::steady_timer wait(at.context);
        const auto until = [&wait](auto holds) -> asio::awaitable<void> {
          for (int i = 0; i < 5000 && !holds(); ++i) {
            wait.expires_after(1ms);
            co_await wait.async_wait(asio::use_awaitable);
          }
          EXPECT_TRUE(holds());
        };
        co_await until([&] { return !server.all<driver::request_begun>().empty(); });
        const stream_id id = sent.body.id();
        // The client does not want to send the rest; the server hears it.
        co_await by.async_shut_down_stream(id, driver::stream_half::writing, http3::error_code::request_cancelled,
                                           asio::use_awaitable);
        const auto [aborted, none] = co_await sent.body.async_write(asio::buffer("more", 4), as_result);
        EXPECT_EQ(aborted, asio::error::operation_aborted);
        co_await until([&] { return !server.all<driver::message_reset>().empty(); });
        EXPECT_EQ(server.all<driver::message_reset>()[0]->code, http3::error_code::request_cancelled);
        // The response still comes.
        co_await server.last<driver::request_begun>()->request.response.async_write_with_head(
            status_fields(), asio::buffer("answer", 6), driver::write_extent::all, asio::use_awaitable);
        EXPECT_EQ((co_await sent.response.async_receive_head(asio::use_awaitable)).status, 200);
        // Until the client does not want it either.
        co_await by.async_shut_down_stream(id, driver::stream_half::reading, http3::error_code::request_cancelled,
                                           asio::use_awaitable);
        co_await until([&] { return !server.all<driver::message_declined>().empty(); });
        co_await until([&] { return !own.all<driver::exchange_ended>().empty(); });
        const auto& audit = own.all<driver::exchange_ended>()[0]->audit;
        EXPECT_EQ(audit.sent, driver::message_end::abandoned);
        EXPECT_EQ(audit.stop_sent, http3::error_code::request_cancelled);
        // And now there is nothing left of it.
        const auto [gone] =
            co_await by.async_shut_down_stream(id, driver::stream_half::both, http3::error_code::no_error, as_result);
        EXPECT_EQ(gone, http3::operation_error::unknown_exchange);
      }(pair, client, at_server, at_client));
}

TEST(h3_commands, shut_down_both_halves_of_a_stream) {
  controller_pair pair;
  auto client = pair.connect();
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    auto sent = co_await by.async_send_request(post_fields(), false, asio::use_awaitable);
    auto asked = co_await at.servers.at(0).async_receive_request();
    const auto [error] = co_await at.servers.at(0).async_shut_down_stream(asked.body.id(), driver::stream_half::both,
                                                                          http3::error_code::excessive_load, as_result);
    EXPECT_FALSE(error);
    const auto [failed, head] = co_await sent.response.async_receive_head(as_result);
    EXPECT_EQ(failed, http3::error_code::excessive_load) << failed.message();
  }(pair, client));
}

TEST(h3_commands, run_a_function_on_the_connection_and_tell_statistics) {
  controller_pair pair;
  auto client = pair.connect();
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  asio::co_spawn(pair.context, answer_all(pair.servers[0]), asio::detached);
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    const auto [error, status] = co_await at.fetch(by);
    EXPECT_EQ(status, 200);
    std::string alpn;
    co_await by.async_run([&](quic::connection& connection, time_point) {
      alpn = connection.alpn();
      connection.set_keep_alive(std::chrono::seconds(5));
    });
    EXPECT_EQ(alpn, "h3");
    const auto numbers = co_await at.servers.at(0).async_statistics();
    EXPECT_GT(numbers.transport.packets_received, 0u);
    EXPECT_EQ(numbers.paths.size(), 1u);
    EXPECT_GT(numbers.peer.max_field_section_size, 0u);
    by.close();
    asio::steady_timer wait(at.context, 50ms);
    co_await wait.async_wait(asio::use_awaitable);
    const auto [over] = co_await by.async_run([](quic::connection&, time_point) { ADD_FAILURE(); }, as_result);
    EXPECT_TRUE(over);
  }(pair, client));
}

TEST(h3_commands, beyond_their_bound_are_refused_at_once) {
  driver::h3_driver_settings settings;
  settings.max_waiting_commands = 8;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair({}, settings);
  auto client = pair.connect();
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  // From another thread none is executed before the executor's turn comes.
  std::vector<error_code> outcomes;
  std::thread([&] {
    for (int i = 0; i < 50; ++i)
      client.async_statistics([&](error_code error, const auto&) { outcomes.push_back(error); });
  }).join();
  run_until(pair.context, [&] { return outcomes.size() == 50; });
  EXPECT_EQ(std::ranges::count(outcomes, make_error_code(runtime::error::too_many_waiting)), 42);
  EXPECT_EQ(settings.counters->commands_refused.value(), 42u);
}

TEST(h3_commands, a_client_may_say_that_it_goes_away) {
  controller_pair pair(with_events());
  auto client = pair.connect();
  event_diary at_server;
  run(pair.context,
      [](controller_pair& at, driver::client_h3_controller by, event_diary& server) -> asio::awaitable<void> {
        co_await by.async_wait_established();
        server.read(at.context, at.servers.at(0));
        co_await by.async_send_goaway();
        EXPECT_FALSE(by.is_usable());
        const auto [error, none] = co_await by.async_send_request(get_fields(), true, as_result);
        EXPECT_EQ(error, http3::operation_error::going_away);
        asio::steady_timer wait(at.context);
        for (int i = 0; i < 5000 && server.all<driver::going_away>().empty(); ++i) {
          wait.expires_after(1ms);
          co_await wait.async_wait(asio::use_awaitable);
        }
        EXPECT_EQ(server.all<driver::going_away>().size(), 1u);
      }(pair, client, at_server));
}

}  // namespace
}  // namespace quasio::test
