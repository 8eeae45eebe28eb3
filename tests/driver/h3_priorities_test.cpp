// Priorities (RFC 9218) through driver and controllers, down to the transport's scheduler.

#include "driver/controller_pair.hpp"
#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr std::size_t large = 1'000'000;

/// A client that takes so little at once that its server has to choose what to send next.
struct narrow_pair : controller_pair {
  using controller_pair::controller_pair;

  driver::client_h3_controller connect() {
    auto made = driver::make_client_h3_driver(context.get_executor(), client_settings);
    auto options = connect_with(listener.local_endpoint(), "h3");
    options.client.transport.initial_connection_window = 16 * 1024;
    options.client.transport.max_connection_window = 16 * 1024;
    EXPECT_TRUE(runtime::connect(shard, options, std::move(made.driver)));
    return made.controller;
  }
};

http3::field_list get_with(const std::string& priority) {
  auto fields = get_fields("/" + priority);
  if (!priority.empty()) fields.push_back({"priority", priority});
  return fields;
}

/// Two large downloads on one connection: how much of the first had come when the second one was complete, and the
/// other way round.
struct race {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t first_when_second_ended = 0;
  std::size_t second_when_first_ended = 0;
  driver::outgoing_request a;
  driver::outgoing_request b;
  driver::incoming_request at_a;
  driver::incoming_request at_b;
};

asio::awaitable<void> write_all(driver::incoming_request& to, http3::field_list head) {
  const std::string body(large, 'x');
  co_await to.response.async_write_with_head(std::move(head), asio::buffer(body), driver::write_extent::last,
                                             as_result);
}

asio::awaitable<void> read_all(driver::outgoing_request& from, std::size_t& mine, const std::size_t& other,
                               std::size_t& other_then, int& running) {
  std::array<char, 4096> into;
  for (;;) {
    const auto [error, size] = co_await from.response.body().async_read_some(asio::buffer(into), as_result);
    if (error) break;
    mine += size;
  }
  other_then = other;
  --running;
}

asio::awaitable<void> begin(narrow_pair& at, driver::client_h3_controller by, race& of, std::string first,
                            std::string second) {
  of.a = co_await by.async_send_request(get_with(first), true);
  of.at_a = co_await at.servers.at(0).async_receive_request();
  of.b = co_await by.async_send_request(get_with(second), true);
  of.at_b = co_await at.servers.at(0).async_receive_request();
}

// The first response is begun first, so that it comes first where nobody says otherwise.
asio::awaitable<void> finish(narrow_pair& at, race& of, http3::field_list first = status_fields(),
                             http3::field_list second = status_fields()) {
  asio::co_spawn(at.context, write_all(of.at_a, std::move(first)), asio::detached);
  asio::co_spawn(at.context, write_all(of.at_b, std::move(second)), asio::detached);
  int running = 2;
  asio::co_spawn(at.context, read_all(of.a, of.first, of.second, of.second_when_first_ended, running), asio::detached);
  asio::co_spawn(at.context, read_all(of.b, of.second, of.first, of.first_when_second_ended, running), asio::detached);
  EXPECT_TRUE(co_await eventually([&] { return running == 0; }));
  EXPECT_EQ(of.first, large);
  EXPECT_EQ(of.second, large);
}

race run_race(
    const std::string& first, const std::string& second, std::function<void(race&)> before = [](race&) {},
    http3::field_list second_head = status_fields()) {
  narrow_pair pair;
  auto client = pair.connect();
  race result;
  run(pair.context,
      [](narrow_pair& at, driver::client_h3_controller by, race& of, std::string one, std::string two,
         std::function<void(race&)> prepare, http3::field_list head) -> asio::awaitable<void> {
        co_await begin(at, by, of, one, two);
        prepare(of);
        co_await finish(at, of, status_fields(), std::move(head));
      }(pair, client, result, first, second, before, second_head));
  return result;
}

TEST(h3_priorities, equals_come_one_after_the_other) {
  const race came = run_race("", "");
  EXPECT_LT(came.second_when_first_ended, large / 10);
}

TEST(h3_priorities, an_urgent_response_overtakes_a_lazy_one) {
  const race came = run_race("u=7", "u=0");
  EXPECT_LT(came.first_when_second_ended, large / 10);
}

TEST(h3_priorities, incremental_ones_share) {
  const race came = run_race("i", "i");
  EXPECT_GT(came.second_when_first_ended, large * 3 / 4);
}

TEST(h3_priorities, a_server_overrides_the_client) {
  const race came = run_race("u=0", "u=7", [](race& of) {
    of.at_a.response.control().set_priority({.urgency = 6});
    of.at_b.response.control().set_priority({.urgency = 1});
    EXPECT_EQ(of.at_b.response.control().priority(), (http3::priority{1, false}));
  });
  EXPECT_LT(came.first_when_second_ended, large / 10);
}

TEST(h3_priorities, a_response_field_overrides_what_it_names) {
  auto head = status_fields();
  head.push_back({"priority", "u=1"});
  const race came = run_race(
      "", "u=5", [](race&) {}, head);
  EXPECT_LT(came.first_when_second_ended, large / 10);
}

TEST(h3_priorities, urgent_content_does_not_overtake_what_its_own_head_needs) {
  // The head refers to the dynamic table, and the content would use up what the connection may send before the
  // instructions for that have come.
  for (const char* const urgency : {"u=0", "u=0, i", "u=1, i"}) {
    auto head = status_fields();
    head.push_back({"priority", urgency});
    head.push_back({"x-new-to-the-table", std::string(500, 'x')});
    const race came = run_race(
        "", "", [](race&) {}, head);
    EXPECT_LT(came.first_when_second_ended, large / 10);
  }
}

TEST(h3_priorities, a_client_changes_its_mind) {
  narrow_pair pair;
  auto client = pair.connect();
  race came;
  run(pair.context, [](narrow_pair& at, driver::client_h3_controller by, race& of) -> asio::awaitable<void> {
    co_await begin(at, by, of, "u=1", "u=4");
    std::vector<http3::priority> told;
    of.at_b.response.control().on_priority_change([&](const http3::priority& wanted) { told.push_back(wanted); });
    EXPECT_EQ(of.at_b.response.control().priority().urgency, 4);
    of.b.response.control().set_priority({.urgency = 0, .incremental = true});
    EXPECT_EQ(of.b.response.control().priority(), (http3::priority{0, true}));
    EXPECT_TRUE(co_await eventually([&] { return !told.empty(); }));
    EXPECT_EQ(told, std::vector<http3::priority>({{0, true}}));
    EXPECT_EQ(of.at_b.response.control().priority(), (http3::priority{0, true}));
    // And by its controller.
    co_await by.async_set_priority(of.a.body.id(), {.urgency = 7});
    EXPECT_TRUE(co_await eventually([&] { return of.at_a.response.control().priority().urgency == 7; }));
    co_await finish(at, of);
    const auto [unknown] = co_await by.async_set_priority(4000, {}, as_result);
    EXPECT_EQ(unknown, http3::operation_error::unknown_exchange);
    const auto told_by_http = co_await at.servers.at(0).async_statistics();
    EXPECT_EQ(told_by_http.http.priority_updates_received, 2u);
    EXPECT_EQ((co_await by.async_statistics()).http.priority_updates_sent, 2u);
  }(pair, client, came));
  EXPECT_LT(came.first_when_second_ended, large / 10);
}

TEST(h3_priorities, changes_are_told_as_events) {
  driver::h3_driver_settings settings;
  settings.max_waiting_events = 10;
  controller_pair pair(settings);
  auto client = pair.connect();
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    auto sent = co_await by.async_send_request(get_with("u=2"), true);
    std::optional<driver::incoming_request> request;
    for (;;) {
      auto event = co_await at.servers.at(0).async_receive_event();
      if (auto* begun = std::get_if<driver::request_begun>(&event)) {
        EXPECT_EQ(begun->priority, "u=2");
        request.emplace(std::move(begun->request));
        // What nobody has heard of is told as one.
        for (std::uint8_t urgency = 0; urgency < 7; ++urgency)
          co_await by.async_set_priority(sent.body.id(), {.urgency = urgency});
        EXPECT_TRUE(co_await eventually([&] { return request->response.control().priority().urgency == 6; }));
      }
      if (const auto* changed = std::get_if<driver::priority_updated>(&event)) {
        EXPECT_EQ(changed->wanted.urgency, 6);
        co_return;
      }
      EXPECT_FALSE(std::holds_alternative<driver::events_lost>(event));
    }
  }(pair, client));
}

/// Answers every GET, and keeps the other requests waiting.
asio::awaitable<void> answer_gets(driver::server_h3_controller server) {
  std::vector<driver::incoming_request> kept;
  for (;;) {
    auto [error, request] = co_await server.async_receive_request(as_result);
    if (error) co_return;
    if (http3::find_field(request.fields, ":method") == "GET") {
      co_await request.response.async_send_head(status_fields(), true, as_result);
    } else {
      kept.push_back(std::move(request));
    }
  }
}

TEST(h3_priorities, a_flood_of_changes_ends_the_connection_and_no_other) {
  driver::h3_driver_settings settings;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair(settings);
  auto hostile = pair.connect();
  auto other = pair.connect();
  run(pair.context,
      [](controller_pair& at, driver::client_h3_controller by,
         driver::client_h3_controller friendly) -> asio::awaitable<void> {
        co_await by.async_wait_established();
        co_await friendly.async_wait_established();
        EXPECT_TRUE(co_await eventually([&] { return at.servers.size() == 2; }));
        for (const auto& each : at.servers) asio::co_spawn(at.context, answer_gets(each), asio::detached);
        auto open = co_await by.async_send_request(post_fields(), false);
        error_code end;
        for (int i = 0; i < 100'000 && !end; ++i) {
          const auto urgency = static_cast<std::uint8_t>(i % 8);
          const auto [error] = co_await by.async_set_priority(open.body.id(), {.urgency = urgency}, as_result);
          end = error;
        }
        EXPECT_EQ(end, http3::error_code::excessive_load);
        EXPECT_EQ((co_await at.fetch(friendly)).second, 200);
      }(pair, hostile, other));
  EXPECT_EQ(settings.counters->closes_sent[driver::h3_code::excessive_load].value(), 1u);
  EXPECT_LT(settings.counters->priority_updates_received.value(), 3000u);
}

TEST(h3_priorities, the_easy_server_and_client_speak_of_them) {
  std::vector<http3::priority> wanted;
  auto options = trusting_client();
  http3_pair pair(
      [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        wanted.push_back(request.wanted_priority());
        if (request.path() == "/changed") {
          EXPECT_TRUE(co_await eventually([&] { return request.wanted_priority().urgency == 2; }));
          wanted.push_back(request.wanted_priority());
        }
        if (request.path() == "/decided") {
          response.set_priority({.urgency = 1, .incremental = true});
          wanted.push_back(request.wanted_priority());
        }
        co_await response.finish("x");
      },
      serve_on_loopback(), options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    EXPECT_EQ(co_await (co_await at.client.get(at.url())).read_all(), "x");
    http3::client_request what;
    what.url = at.url("/changed");
    what.priority = http3::priority{5, true};
    int sent = 0;
    what.on_sent = [&](const driver::exchange_control& control) {
      ++sent;
      driver::exchange_control(control).set_priority({.urgency = 2});
    };
    EXPECT_EQ(co_await (co_await at.client.request(what)).read_all(), "x");
    EXPECT_EQ(sent, 1);
    EXPECT_EQ(co_await (co_await at.client.get(at.url("/decided"))).read_all(), "x");
  }(pair));
  const std::vector<http3::priority> expected = {{3, false}, {5, true}, {2, false}, {3, false}, {1, true}};
  ASSERT_EQ(wanted.size(), expected.size());
  // The change may overtake the handler's first look.
  wanted[1] = expected[1];
  EXPECT_EQ(wanted, expected);
}

}  // namespace
}  // namespace quasio::test
