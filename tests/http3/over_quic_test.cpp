#include <gtest/gtest.h>

#include <array>
#include <random>

#include "crypto/test_certificates.hpp"
#include "http3/test_bytes.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/quic/acceptor.hpp"

/// HTTP/3 connections over real QUIC connections, joined by a wire without loss, in virtual time.
namespace quasio::http3 {
namespace {

using namespace testing;
using namespace std::chrono_literals;

/// One QUIC connection with its HTTP/3, and what the latter told.
struct endpoint {
  std::unique_ptr<quic::connection> transport;
  std::unique_ptr<connection> http;
  network_path path;
  std::vector<event> events;
  std::optional<quic::close_reason> closed;

  void turn(time_point now) {
    if (!transport) return;
    if (const auto deadline = transport->next_deadline(); deadline && *deadline <= now) transport->on_timeout(now);
    while (auto happened = transport->poll_event()) {
      if (std::holds_alternative<quic::handshake_completed>(*happened)) http->start(*transport, now);
      if (const auto* end = std::get_if<quic::connection_closed>(&*happened)) closed = end->reason;
      http->handle(*transport, *happened, now);
    }
    while (auto told = http->poll_event()) events.push_back(std::move(*told));
  }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const event& one : events) {
      if (const auto* wanted = std::get_if<Kind>(&one)) found.push_back(*wanted);
    }
    return found;
  }
};

class quic_pair {
public:
  explicit quic_pair(quic::settings transport = {}, settings http = {})
      : front_door_(server_options(transport), random_) {
    client.path = {ip_endpoint::v4({127, 0, 0, 1}, 1000), ip_endpoint::v4({127, 0, 0, 1}, 443)};
    server.path = {client.path.peer, client.path.local};
    client.http = std::make_unique<connection>(endpoint_role::client, http, random_);
    server.http = std::make_unique<connection>(endpoint_role::server, http, random_);
    quic::client_options options;
    options.tls = crypto::tls_context::client({.dangerously_accept_any_certificate = true}).value();
    options.server_name = "localhost";
    options.alpn = {"h3"};
    options.path = client.path;
    options.transport = transport;
    client.transport = quic::connection::connect(std::move(options), random_, now).value();
  }

  /// Runs until `done` or for a virtual ten seconds; says whether it was done.
  template <class Done>
  bool run_until(Done done) {
    const time_point limit = now + 10s;
    while (!done()) {
      if (now > limit) return false;
      carry(client, server);
      server.turn(now);
      carry(server, client);
      client.turn(now);
      now += 1ms;
    }
    return true;
  }

  time_point now = time_point(1h);
  endpoint client;
  endpoint server;

private:
  static quic::acceptor_options server_options(const quic::settings& transport) {
    const test::certificate leaf = test::make_self_signed();
    quic::acceptor_options options;
    options.tls = crypto::tls_context::server({.certificate_chain = crypto::pem::text(leaf.certificate_pem),
                                               .private_key = crypto::pem::text(leaf.key_pem)})
                      .value();
    options.alpn = {"h3"};
    options.transport = transport;
    return options;
  }

  void carry(endpoint& from, endpoint& to) {
    if (!from.transport) return;
    bytes buffer(16 * 1500);
    while (const auto sent = from.transport->transmit(buffer, 10, now)) {
      for (std::size_t at = 0; at < sent->size; at += sent->segment_size) {
        const std::size_t size = std::min(sent->segment_size, sent->size - at);
        arrive(to, byte_span(buffer).subspan(at, size), sent->ecn);
      }
    }
  }

  void arrive(endpoint& to, byte_span datagram, ecn_codepoint ecn) {
    if (!to.transport) {
      std::array<std::uint8_t, 1500> reply;
      auto decided = front_door_.consider(datagram, to.path, 0, reply, now);
      auto* accepted = std::get_if<std::unique_ptr<quic::connection>>(&decided);
      ASSERT_NE(accepted, nullptr);
      to.transport = std::move(*accepted);
    }
    to.transport->receive(datagram, to.path, ecn, now);
  }

  crypto::system_random random_;
  quic::acceptor front_door_;
};

std::string pattern(std::size_t size) {
  std::mt19937 engine(7);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + engine() % 26);
  return text;
}

/// Sends as much of a body as there is room for.
void push(endpoint& from, stream_id id, std::string_view text, std::size_t& sent) {
  if (sent == text.size()) return;
  const auto taken = from.http->write_body(*from.transport, id, as_bytes(text.substr(sent)), true);
  ASSERT_TRUE(taken) << to_string(taken.error());
  sent += *taken;
}

/// Reads what is at hand of a body.
void pull(endpoint& to, stream_id id, std::string& got, bool& finished) {
  bytes buffer(10'000);
  while (!finished) {
    const auto read = to.http->read_body(*to.transport, id, buffer);
    ASSERT_TRUE(read) << to_string(read.error());
    got.append(as_text(byte_view(buffer).first(read->size)));
    finished = read->finished;
    if (read->size < buffer.size()) break;
  }
}

TEST(over_quic, an_exchange_of_large_bodies_arrives_whole_and_leaves_nothing_behind) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  const std::string question = pattern(3'000'000);
  const std::string answer = pattern(5'000'000);
  const auto id = net.client.http->send_request(*net.client.transport, post_request(), false);
  ASSERT_TRUE(id) << to_string(id.error());
  ASSERT_TRUE(net.run_until([&] { return !net.server.all<fields_received>().empty(); }));
  EXPECT_EQ(net.server.all<fields_received>()[0].fields, post_request());
  ASSERT_TRUE(net.server.http->send_response(*net.server.transport, *id, response(), false));

  std::size_t asked = 0;
  std::size_t answered = 0;
  std::string heard[2];
  bool finished[2] = {};
  EXPECT_TRUE(net.run_until([&] {
    push(net.client, *id, question, asked);
    push(net.server, *id, answer, answered);
    if (!finished[0]) pull(net.server, *id, heard[0], finished[0]);
    if (!finished[1]) pull(net.client, *id, heard[1], finished[1]);
    return (finished[0] && finished[1]) || ::testing::Test::HasFailure();
  }));
  EXPECT_TRUE(heard[0] == question);
  EXPECT_TRUE(heard[1] == answer);
  EXPECT_TRUE(
      net.run_until([&] { return net.client.http->open_exchanges() == 0 && net.server.http->open_exchanges() == 0; }));
  EXPECT_FALSE(net.client.closed);
  EXPECT_FALSE(net.server.closed);
}

TEST(over_quic, says_when_there_is_room_for_more_of_a_body) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  const auto id = net.client.http->send_request(*net.client.transport, post_request(), false);
  ASSERT_TRUE(id);
  const std::string question = pattern(900'000);
  std::size_t sent = 0;
  push(net.client, *id, question, sent);
  ASSERT_LT(sent, question.size());
  std::size_t told = 0;
  EXPECT_TRUE(net.run_until([&] {
    if (const std::size_t now_told = net.client.all<body_writable>().size(); now_told > told) {
      told = now_told;
      push(net.client, *id, question, sent);
    }
    return sent == question.size() || ::testing::Test::HasFailure();
  }));
  EXPECT_GE(told, 1u);
}

TEST(over_quic, a_thousand_requests_run_through_a_hundred_streams) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  std::size_t asked = 0;
  std::size_t answered = 0;
  EXPECT_TRUE(net.run_until([&] {
    while (asked < 1000) {
      const auto id = net.client.http->send_request(*net.client.transport, get_request(), true);
      if (!id) {
        EXPECT_EQ(id.error(), operation_error::limit_reached);
        break;
      }
      ++asked;
    }
    for (const fields_received& request : net.server.all<fields_received>()) {
      EXPECT_TRUE(net.server.http->send_response(*net.server.transport, request.id, response("204"), true));
    }
    net.server.events.clear();
    answered += net.client.all<exchange_closed>().size();
    net.client.events.clear();
    return answered == 1000 && net.server.http->open_exchanges() == 0;
  }));
  EXPECT_EQ(asked, 1000u);
}

/// Sends so many requests with the same fields, and answers each.
void exchange_often(quic_pair& net, std::size_t count) {
  const field_list question = with(get_request(), "user-agent", "An agent with a rather long name/1.0");
  const field_list answer = with(response(), "x-answer", "one that the static table does not have");
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = net.client.http->send_request(*net.client.transport, question, true);
    ASSERT_TRUE(id);
    ASSERT_TRUE(net.run_until([&] { return !net.server.all<fields_received>().empty(); }));
    EXPECT_EQ(net.server.all<fields_received>()[0].fields, question);
    ASSERT_TRUE(net.server.http->send_response(*net.server.transport, *id, answer, true));
    ASSERT_TRUE(net.run_until([&] { return !net.client.all<fields_received>().empty(); }));
    EXPECT_EQ(net.client.all<fields_received>()[0].fields, answer);
    net.client.events.clear();
    net.server.events.clear();
  }
}

TEST(over_quic, both_sides_fill_their_tables) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  net.client.events.clear();
  exchange_often(net, 20);
  for (const endpoint* side : {&net.client, &net.server}) {
    const qpack_statistics seen = side->http->statistics().qpack;
    EXPECT_GE(seen.encoder.inserted, 1u);
    EXPECT_GE(seen.decoder.inserted, 1u);
    EXPECT_EQ(seen.decoder.outstanding, 0u);
    EXPECT_FALSE(side->closed);
  }
}

/// RFC 9204, section 2.1.3: QUIC gives the encoder stream no more credit than what its type takes and a little.
TEST(over_quic, goes_on_without_tables_when_there_is_no_credit_for_them) {
  quic::settings narrow;
  narrow.initial_stream_window = 24;
  narrow.max_stream_window = 24;
  quic_pair net(narrow);
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  net.client.events.clear();
  exchange_often(net, 20);
  EXPECT_FALSE(net.client.closed);
  EXPECT_FALSE(net.server.closed);
}

TEST(over_quic, cancelling_tells_the_other_side_and_closes_the_exchange) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  const auto id = net.client.http->send_request(*net.client.transport, post_request(), false);
  ASSERT_TRUE(id);
  ASSERT_TRUE(net.run_until([&] { return !net.server.all<fields_received>().empty(); }));
  ASSERT_TRUE(net.client.http->cancel(*net.client.transport, *id, error_code::request_cancelled));
  EXPECT_TRUE(
      net.run_until([&] { return net.client.http->open_exchanges() == 0 && net.server.http->open_exchanges() == 0; }));
  ASSERT_EQ(net.server.all<message_aborted>().size(), 1u);
  EXPECT_EQ(net.server.all<message_aborted>()[0].code, error_code::request_cancelled);
  EXPECT_EQ(net.server.all<message_refused>().size(), 1u);
}

/// Which of the responses to two requests of these priorities is whole first: both have been written before any packet
/// is sent, the second one last.
stream_id first_to_arrive(const char* first, const char* second, std::optional<priority> changed = {}) {
  quic_pair net;
  EXPECT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  std::array<stream_id, 2> ids{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto begun = net.client.http->send_request(*net.client.transport,
                                                     with(get_request(), "priority", i == 0 ? first : second), true);
    EXPECT_TRUE(begun);
    ids[i] = begun.value_or(0);
  }
  if (changed) {
    EXPECT_TRUE(net.client.http->set_priority(*net.client.transport, ids[1], *changed));
  }
  EXPECT_TRUE(net.run_until([&] {
    return net.server.all<fields_received>().size() == 2 &&
           (!changed || net.server.http->statistics().priority_updates_received == 1);
  }));
  const std::string body = pattern(200'000);
  std::array<std::size_t, 2> sent{};
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(net.server.http->send_response(*net.server.transport, ids[i], response(), false));
    push(net.server, ids[i], body, sent[i]);
    EXPECT_EQ(sent[i], body.size()) << "all of it waits in the transport";
  }
  std::array<std::string, 2> heard;
  std::array<bool, 2> finished{};
  EXPECT_TRUE(net.run_until([&] {
    for (std::size_t i = 0; i < 2; ++i) {
      if (!finished[i]) pull(net.client, ids[i], heard[i], finished[i]);
    }
    return finished[0] || finished[1] || ::testing::Test::HasFailure();
  }));
  EXPECT_NE(finished[0], finished[1]);
  return finished[0] ? ids[0] : ids[1];
}

TEST(over_quic, responses_go_in_the_order_of_their_urgency) {
  EXPECT_EQ(first_to_arrive("u=3", "u=3"), 0u) << "of equal ones the first";
  EXPECT_EQ(first_to_arrive("u=3", "u=1"), 4u);
  EXPECT_EQ(first_to_arrive("u=5", "u=6"), 0u);
  EXPECT_EQ(first_to_arrive("u=3", "u=7", priority{0, false}), 4u) << "the client has changed its mind";
}

TEST(over_quic, datagrams_go_beside_their_request) {
  quic::settings transport;
  transport.datagrams.max_frame_size = 65535;
  settings http;
  http.datagrams.enable = http.enable_connect_protocol = true;
  quic_pair net(transport, http);
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  field_list fields = with(get_request(), ":protocol", "connect-udp");
  fields[0].value = "CONNECT";
  const auto id = net.client.http->send_request(*net.client.transport, fields, false);
  ASSERT_TRUE(id) << to_string(id.error());
  const std::size_t most = net.client.http->max_datagram_payload(*net.client.transport, *id);
  ASSERT_GT(most, 1000u);
  // Before the request has left: it may well come first.
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, most}) {
    EXPECT_TRUE(net.client.http->send_datagram(*net.client.transport, *id, bytes(size, 'x')));
  }
  EXPECT_EQ(net.client.http->send_datagram(*net.client.transport, *id, bytes(most + 1, 'x')).error(),
            operation_error::datagram_too_large);
  std::vector<std::size_t> sizes;
  EXPECT_TRUE(net.run_until([&] {
    while (const auto came = net.server.http->peek_datagram(*id)) {
      sizes.push_back(came->size());
      net.server.http->pop_datagram(*id);
    }
    return sizes.size() == 3;
  }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 5, most}));
  ASSERT_TRUE(net.server.http->send_datagram(*net.server.transport, *id, as_bytes("back")));
  EXPECT_TRUE(net.run_until([&] { return net.client.http->peek_datagram(*id).has_value(); }));
}

TEST(over_quic, datagrams_cannot_be_sent_where_quic_takes_none) {
  settings http;
  http.datagrams.enable = true;
  quic_pair net({}, http);
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  const auto id = net.client.http->send_request(*net.client.transport, post_request(), false);
  ASSERT_TRUE(net.client.http->allow_datagrams(*id));
  EXPECT_EQ(net.client.http->max_datagram_payload(*net.client.transport, *id), 0u);
  EXPECT_EQ(net.client.http->send_datagram(*net.client.transport, *id, as_bytes("x")).error(),
            operation_error::not_negotiated);
}

// [rfc9218 7.2#5]
TEST(over_quic, a_priority_beyond_the_limit_of_streams_closes_the_connection) {
  quic::settings transport;
  transport.max_concurrent_bidirectional_streams = 10;
  for (const stream_id id : {std::uint64_t{36}, std::uint64_t{40}}) {
    quic_pair net(transport);
    ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
    const bytes update = frame(frame_type::priority_update_request, varint(id) + bytes_of("u=1"));
    ASSERT_TRUE(net.client.transport->stream_write_whole(2, update, false));
    net.run_until([&] { return net.client.closed || net.server.http->statistics().priority_updates_received > 0; });
    EXPECT_EQ(net.client.closed.has_value(), id == 40);
    if (net.client.closed) {
      EXPECT_EQ(net.client.closed->code, static_cast<std::uint64_t>(error_code::id_error));
    }
  }
}

TEST(over_quic, a_breach_closes_the_connection_with_its_code) {
  quic_pair net;
  ASSERT_TRUE(net.run_until([&] { return !net.client.all<settings_received>().empty(); }));
  const auto id = net.client.transport->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(id);
  ASSERT_TRUE(net.client.transport->stream_write_whole(*id, data("x"), true));
  ASSERT_TRUE(net.run_until([&] { return net.client.closed.has_value() && net.server.closed.has_value(); }));
  EXPECT_EQ(net.client.closed->cause, quic::close_cause::peer_application);
  EXPECT_EQ(net.client.closed->code, static_cast<std::uint64_t>(error_code::frame_unexpected));
  EXPECT_EQ(net.server.http->send_response(*net.server.transport, *id, response(), true).error(),
            operation_error::connection_closed);
}

}  // namespace
}  // namespace quasio::http3
