// HTTP Datagrams (RFC 9297) through driver and controllers, between friends and with peers that mean harm.

#include "driver/controller_pair.hpp"
#include "driver/eventually.hpp"

namespace quasio::test {
namespace {

driver::h3_driver_settings with_datagrams() {
  driver::h3_driver_settings settings;
  settings.http3.datagrams.enable = true;
  settings.http3.enable_connect_protocol = true;
  settings.counters = std::make_shared<driver::h3_counters>();
  return settings;
}

runtime::listen_options listen_for(const driver::h3_driver_settings& settings) {
  auto options = listen_with("h3");
  options.acceptor.transport = driver::match_transport(options.acceptor.transport, settings.http3);
  return options;
}

http3::field_list tunnel_fields() {
  return {{":method", "CONNECT"},
          {":protocol", "made-up"},
          {":scheme", "https"},
          {":authority", "localhost"},
          {":path", "/tunnel"}};
}

/// A server and a client that both take datagrams.
struct datagram_pair : controller_pair {
  explicit datagram_pair(driver::h3_driver_settings server_with = with_datagrams(),
                         driver::h3_driver_settings client_with = with_datagrams())
      : controller_pair(server_with, client_with, listen_for(server_with)) {}

  driver::client_h3_controller connect() {
    auto made = driver::make_client_h3_driver(context.get_executor(), client_settings);
    auto options = connect_with(listener.local_endpoint(), "h3");
    transport.max_idle_timeout = options.client.transport.max_idle_timeout;
    options.client.transport = driver::match_transport(transport, client_settings.http3);
    EXPECT_TRUE(runtime::connect(shard, options, std::move(made.driver)));
    return made.controller;
  }

  quic::settings transport;  ///< The client's.
};

struct tunnel {
  driver::outgoing_request near;
  driver::incoming_request far;

  driver::datagram_flow near_flow() { return near.body.control().datagrams(); }
  driver::datagram_flow far_flow() { return far.response.control().datagrams(); }
};

asio::awaitable<tunnel> open_tunnel(datagram_pair& at, driver::client_h3_controller client) {
  auto near = co_await client.async_send_request(tunnel_fields(), false);
  auto far = co_await at.servers.at(0).async_receive_request();
  co_await far.response.async_send_head(status_fields(), false);
  EXPECT_EQ((co_await near.response.async_receive_head()).status, 200);
  co_return tunnel{std::move(near), std::move(far)};
}

asio::awaitable<std::string> receive(driver::datagram_flow from) {
  std::array<char, 2000> into;
  const std::size_t size = co_await from.async_receive_datagram(asio::buffer(into));
  co_return std::string(into.data(), size);
}

asio::awaitable<error_code> failure_to_receive(driver::datagram_flow from) {
  std::array<char, 2000> into;
  const auto [error, size] = co_await from.async_receive_datagram(asio::buffer(into), as_result);
  co_return error;
}

TEST(datagram_flow, goes_both_ways) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    driver::datagram_flow near = between.near_flow();
    driver::datagram_flow far = between.far_flow();
    EXPECT_EQ(near.id(), between.near.body.id());
    EXPECT_GT(near.max_datagram_payload(), 1000u);
    co_await near.async_send_datagram(asio::buffer("there", 5));
    EXPECT_EQ(co_await receive(far), "there");
    EXPECT_FALSE(far.send_datagram(asio::buffer("and back", 8)));
    EXPECT_EQ(co_await receive(near), "and back");
    co_await near.async_send_datagram(asio::const_buffer());
    EXPECT_EQ(co_await receive(far), "");
    std::array<char, 3> small;
    co_await near.async_send_datagram(asio::buffer("too long", 8));
    const auto [error, size] = co_await far.async_receive_datagram(asio::buffer(small), as_result);
    EXPECT_EQ(error, asio::error::message_size);
    EXPECT_EQ(std::string(small.data(), size), "too");
    error_code none;
    EXPECT_EQ(far.receive_datagram(asio::buffer(small), none), 0u);
    EXPECT_EQ(none, asio::error::would_block);

    const std::string large(near.max_datagram_payload() + 1, 'x');
    EXPECT_EQ(near.send_datagram(asio::buffer(large)), http3::operation_error::datagram_too_large);
    const auto [refused] = co_await near.async_send_datagram(asio::buffer(large), {}, as_result);
    EXPECT_EQ(refused, http3::operation_error::datagram_too_large);

    const auto told = co_await by.async_statistics();
    EXPECT_EQ(told.http.datagrams_sent, 3u);
    EXPECT_EQ(told.http.datagram_bytes_sent, 13u);
    EXPECT_EQ(told.http.datagrams.received, 1u);
  }(pair, client));
}

TEST(datagram_flow, who_waits_is_told_of_the_end) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    {
      tunnel between = co_await open_tunnel(at, by);
      // In order, by reading the body to its end. What had come before can be read all the same.
      co_await between.far_flow().async_send_datagram(asio::buffer("last", 4));
      EXPECT_TRUE(co_await eventually([&] { return at.client_settings.counters->datagrams_received.value() > 0; }));
      co_await between.far.response.async_finish(asio::const_buffer());
      EXPECT_EQ(co_await between.near.response.body().async_read_all(10), "");
      EXPECT_EQ(co_await receive(between.near_flow()), "last");
      EXPECT_EQ(co_await failure_to_receive(between.near_flow()), asio::error::eof);
      EXPECT_EQ(between.far_flow().send_datagram(asio::buffer("late", 4)), http3::operation_error::wrong_state);
    }
    {
      tunnel between = co_await open_tunnel(at, by);
      between.far.response.cancel(http3::error_code::connect_error);
      EXPECT_EQ(co_await failure_to_receive(between.near_flow()), http3::error_code::connect_error);
    }
    {
      tunnel between = co_await open_tunnel(at, by);
      at.servers.at(0).close(http3::error_code::excessive_load, "enough");
      EXPECT_EQ(co_await failure_to_receive(between.near_flow()), http3::error_code::excessive_load);
      const auto [sent] = co_await between.near_flow().async_send_datagram(asio::buffer("x", 1), {}, as_result);
      EXPECT_EQ(sent, http3::error_code::excessive_load);
    }
    EXPECT_EQ(co_await failure_to_receive(driver::datagram_flow()), asio::error::bad_descriptor);
  }(pair, client));
}

TEST(datagram_flow, waiting_can_be_cancelled_and_loses_nothing) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    std::array<char, 100> into;
    asio::cancellation_signal stop;
    error_code outcome;
    bool ended = false;
    between.far_flow().async_receive_datagram(
        asio::buffer(into), asio::bind_cancellation_slot(stop.slot(), [&](const error_code& error, std::size_t) {
          outcome = error;
          ended = true;
        }));
    co_await pause(1ms);
    stop.emit(asio::cancellation_type::total);
    EXPECT_TRUE(co_await eventually([&] { return ended; }));
    EXPECT_EQ(outcome, asio::error::operation_aborted);
    co_await between.near_flow().async_send_datagram(asio::buffer("kept", 4));
    EXPECT_EQ(co_await receive(between.far_flow()), "kept");
  }(pair, client));
}

TEST(datagram_flow, a_full_queue_refuses_or_makes_wait) {
  auto settings = with_datagrams();
  settings.max_waiting_datagram_operations = 3;
  datagram_pair pair(with_datagrams(), settings);
  pair.transport.datagrams.max_to_send = 4;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    driver::datagram_flow flow = between.near_flow();
    // Nothing leaves before this coroutine lets others run.
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(flow.send_datagram(asio::buffer("x", 1)));
    EXPECT_EQ(flow.send_datagram(asio::buffer("y", 1)), http3::operation_error::queue_full);
    EXPECT_EQ(at.client_settings.counters->datagrams_refused.value(), 1u);
    std::vector<error_code> outcomes;
    asio::cancellation_signal stop;
    const auto note = [&](const error_code& error) { outcomes.push_back(error); };
    flow.async_send_datagram(asio::buffer("a", 1), {}, note);
    flow.async_send_datagram(asio::buffer("b", 1), {}, asio::bind_cancellation_slot(stop.slot(), note));
    flow.async_send_datagram(asio::buffer("c", 1), {}, note);
    flow.async_send_datagram(asio::buffer("d", 1), {}, note);
    stop.emit(asio::cancellation_type::terminal);
    EXPECT_TRUE(co_await eventually([&] { return outcomes.size() == 4; }));
    EXPECT_EQ(std::ranges::count(outcomes, make_error_code(runtime::error::too_many_waiting)), 1);
    EXPECT_EQ(std::ranges::count(outcomes, error_code(asio::error::operation_aborted)), 1);
    EXPECT_EQ(std::ranges::count(outcomes, error_code()), 2);
    std::string all;
    for (int i = 0; i < 6; ++i) all += co_await receive(between.far_flow());
    EXPECT_EQ(all, "xxxxac");
  }(pair, client));
}

TEST(datagram_flow, two_exchanges_that_wait_for_room_take_turns) {
  datagram_pair pair;
  pair.transport.datagrams.max_to_send = 2;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel one = co_await open_tunnel(at, by);
    tunnel two = co_await open_tunnel(at, by);
    int done = 0;
    for (int i = 0; i < 50; ++i) {
      one.near_flow().async_send_datagram(asio::buffer("1", 1), {}, [&](const error_code& error) { done += !error; });
      two.near_flow().async_send_datagram(asio::buffer("2", 1), {}, [&](const error_code& error) { done += !error; });
    }
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(co_await receive(one.far_flow()), "1");
      EXPECT_EQ(co_await receive(two.far_flow()), "2");
    }
    EXPECT_EQ(done, 100);
  }(pair, client));
}

TEST(datagram_flow, a_reader_that_does_not_read_costs_no_more_than_its_limits) {
  auto settings = with_datagrams();
  settings.http3.datagrams.max_to_read = 10;
  datagram_pair pair(settings, with_datagrams());
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    for (int i = 0; i < 1000; ++i) co_await between.near_flow().async_send_datagram(asio::buffer(&i, sizeof i));
    const driver::h3_counters& counts = *at.server_settings.counters;
    EXPECT_TRUE(co_await eventually([&] {
      by.async_run([](quic::connection&, time_point) {}, asio::detached);  // Lets the numbers be looked at.
      return counts.datagrams_received.value() == 1000;
    }));
    EXPECT_EQ(counts.datagrams_dropped[driver::datagram_drop::full].value(), 990u);
    EXPECT_EQ(counts.datagram_bytes_waiting.value(), 10 * sizeof(int));
    int last = 0;
    for (int i = 0; i < 10; ++i) co_await between.far_flow().async_receive_datagram(asio::buffer(&last, sizeof last));
    EXPECT_EQ(last, 999);  // The newest are worth most.
  }(pair, client));
}

TEST(datagram_flow, early_ones_wait_for_settings_that_come_late) {
  // The server answers a request before the client has said that it takes datagrams.
  datagram_pair pair;
  run(pair.context, [](datagram_pair& at) -> asio::awaitable<void> {
    auto options = connect_with(at.listener.local_endpoint(), "h3");
    options.client.transport = driver::match_transport({}, at.client_settings.http3);
    auto raw = co_await runtime::async_connect(at.shard, options);
    auto stream = co_await raw.async_open_stream(stream_direction::bidirectional);
    // HEADERS: GET https /, with :authority as a literal (RFC 9204, appendix A for the static references).
    const std::array<std::uint8_t, 10> get = {0x01, 0x08, 0x00, 0x00, 0xd1, 0xd7, 0xc1, 0x50, 0x01, 'a'};
    co_await asio::async_write(stream, asio::buffer(get), asio::use_awaitable);
    auto far = co_await at.servers.at(0).async_receive_request();
    driver::datagram_flow flow = far.response.control().datagrams();
    EXPECT_EQ(flow.send_datagram(asio::buffer("now", 3)), http3::operation_error::not_negotiated);
    bool sent = false;
    flow.async_send_datagram(asio::buffer("then", 4), {}, [&](const error_code& error) { sent = !error; });
    co_await pause(20ms);
    EXPECT_FALSE(sent);
    auto control = co_await raw.async_open_stream(stream_direction::unidirectional);
    const std::array<std::uint8_t, 5> settings = {0x00, 0x04, 0x02, 0x33, 0x01};
    co_await asio::async_write(control, asio::buffer(settings), asio::use_awaitable);
    std::array<char, 100> into;
    const std::size_t size = co_await raw.async_receive_datagram(asio::buffer(into));
    EXPECT_EQ(std::string(into.data(), size), std::string("\0then", 5));
    EXPECT_TRUE(sent);
  }(pair));
}

TEST(datagram_flow, any_request_may_have_them_where_both_ends_say_so) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    auto near = co_await by.async_send_request(post_fields(), false);
    auto far = co_await at.servers.at(0).async_receive_request();
    driver::datagram_flow flow = near.body.control().datagrams();
    std::array<char, 10> none;
    error_code error;
    far.body.control().datagrams().receive_datagram(asio::buffer(none), error);
    EXPECT_EQ(error, asio::error::would_block);
    co_await flow.async_send_datagram(asio::buffer("hello", 5));
    EXPECT_EQ(co_await receive(far.body.control().datagrams()), "hello");
  }(pair, client));
}

TEST(datagram_flow, those_for_a_request_that_has_no_use_for_them_abort_it) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    auto near = co_await by.async_send_request(post_fields(), false);
    auto far = co_await at.servers.at(0).async_receive_request();
    co_await near.body.control().datagrams().async_send_datagram(asio::buffer("hello", 5));
    const auto [error, body] = co_await far.body.async_read_all(10, as_result);
    EXPECT_EQ(error, http3::error_code::datagram_error);
    const auto [seen, head] = co_await near.response.async_receive_head(as_result);
    EXPECT_EQ(seen, http3::error_code::datagram_error);
    EXPECT_TRUE(by.is_usable());
  }(pair, client));
}

TEST(datagram_flow, those_for_exchanges_that_are_over_are_dropped_and_counted) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    const driver::h3_counters& counts = *at.server_settings.counters;
    {
      tunnel between = co_await open_tunnel(at, by);
      co_await between.near.body.async_finish(asio::const_buffer());
      EXPECT_EQ(co_await between.far.body.async_read_all(10), "");
      co_await between.far.response.async_finish(asio::const_buffer());
      EXPECT_EQ(co_await between.near.response.body().async_read_all(10), "");
      EXPECT_TRUE(co_await eventually([&] { return counts.exchanges_open.value() == 0; }));
    }
    tunnel still = co_await open_tunnel(at, by);
    co_await by.async_run([](quic::connection& transport, time_point) {
      const std::array<std::uint8_t, 2> for_the_first = {0x00, 'x'};
      for (int i = 0; i < 100; ++i) EXPECT_TRUE(transport.send_datagram(for_the_first));
    });
    co_await still.near_flow().async_send_datagram(asio::buffer("x", 1));
    EXPECT_EQ(co_await receive(still.far_flow()), "x");
    const auto told = co_await at.servers.at(0).async_statistics();
    EXPECT_EQ(told.http.datagrams.dropped_late, 100u);
    EXPECT_EQ(told.http.datagram_bytes_waiting, 0u);
    EXPECT_TRUE(by.is_usable());
  }(pair, client));
}

TEST(datagram_flow, those_for_requests_that_do_not_come_are_few_and_forgotten) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    co_await by.async_run([](quic::connection& transport, time_point) {
      for (std::uint8_t number = 1; number < 60; ++number) {
        const std::array<std::uint8_t, 2> early = {number, 'x'};
        EXPECT_TRUE(transport.send_datagram(early));
      }
    });
    co_await between.near_flow().async_send_datagram(asio::buffer("x", 1));
    EXPECT_EQ(co_await receive(between.far_flow()), "x");
    const auto told = co_await at.servers.at(0).async_statistics();
    EXPECT_EQ(told.http.datagram_bytes_waiting, 32u);  // datagram_settings::max_early.
    EXPECT_EQ(told.http.datagrams.dropped_full, 59u - 32u);
    EXPECT_TRUE(by.is_usable());
  }(pair, client));
}

TEST(datagram_flow, one_for_a_stream_that_cannot_be_costs_the_connection) {
  datagram_pair pair;
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    tunnel between = co_await open_tunnel(at, by);
    co_await by.async_run([](quic::connection& transport, time_point) {
      const std::array<std::uint8_t, 3> beyond = {0x7f, 0xff, 'x'};
      EXPECT_TRUE(transport.send_datagram(beyond));
    });
    EXPECT_TRUE(co_await failure_to_receive(between.near_flow()));
    EXPECT_EQ(at.server_settings.counters->closes_sent[driver::h3_code::id_error].value(), 1u);
  }(pair, client));
}

TEST(datagram_flow, events_tell_of_those_that_nobody_waits_for) {
  auto settings = with_datagrams();
  settings.max_waiting_events = 100;
  datagram_pair pair(settings, with_datagrams());
  auto client = pair.connect();
  run(pair.context, [](datagram_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    auto near = co_await by.async_send_request(tunnel_fields(), false);
    std::optional<driver::incoming_request> request;
    for (;;) {
      auto event = co_await at.servers.at(0).async_receive_event();
      if (auto* begun = std::get_if<driver::request_begun>(&event)) {
        request.emplace(std::move(begun->request));
        co_await near.body.control().datagrams().async_send_datagram(asio::buffer("news", 4));
      }
      if (auto* arrived = std::get_if<driver::datagrams_arrived>(&event)) {
        EXPECT_EQ(arrived->id, near.body.id());
        EXPECT_EQ(co_await receive(arrived->flow), "news");
        co_return;
      }
    }
  }(pair, client));
}

TEST(datagram_flow, a_transport_that_takes_none_is_a_clear_error) {
  {
    controller_pair pair({}, with_datagrams());
    auto client = pair.connect();
    run(pair.context, [](driver::client_h3_controller by) -> asio::awaitable<void> {
      const auto [error, info] = co_await by.async_wait_established(as_result);
      EXPECT_TRUE(error);
      EXPECT_NE(by.end().message.find("match_transport"), std::string::npos) << by.end().message;
    }(client));
  }
  controller_pair pair(with_datagrams(), {});
  auto client = pair.connect();
  run(pair.context, [](driver::client_h3_controller by) -> asio::awaitable<void> {
    const auto [error, info] = co_await by.async_wait_established(as_result);
    EXPECT_TRUE(error);
  }(client));
}

TEST(datagram_flow, match_transport_changes_only_what_must_be) {
  quic::settings transport;
  EXPECT_EQ(driver::match_transport(transport, {}).datagrams.max_frame_size, 0u);
  EXPECT_EQ(driver::match_transport(transport, with_datagrams().http3).datagrams.max_frame_size, 65535u);
  transport.datagrams.max_frame_size = 1000;
  EXPECT_EQ(driver::match_transport(transport, with_datagrams().http3).datagrams.max_frame_size, 1000u);
  EXPECT_EQ(driver::match_transport(transport, {}).datagrams.max_frame_size, 1000u);
}

}  // namespace
}  // namespace quasio::test
