// A server that asks about each ClientHello, and one that is asked about each client's address.

#include <gtest/gtest.h>

#include "quic/connection_pair.hpp"

namespace quasio::test {
namespace {

using quic::admission;

struct asking_pair : connection_pair {
  explicit asking_pair(pair_options options = {}) : connection_pair(options) {
    acceptor_ = std::make_unique<quic::acceptor>(quic::acceptor_options{.tls = duel_server_tls(),
                                                                        .alpn = {"test"},
                                                                        .transport = options.server,
                                                                        .retry = quic::retry_policy::never,
                                                                        .ask_about_client_hello = true},
                                                 random);
  }

  /// As settle(), with the acceptor that asks.
  void talk() {
    for (int round = 0; round < 200; ++round) {
      const auto forth = collect(*client);
      for (const bytes& datagram : forth) deliver(datagram);
      const auto back = server ? collect(*server) : std::vector<bytes>();
      for (const bytes& datagram : back) to_client(datagram);
      if (forth.empty() && back.empty()) return;
    }
    FAIL() << "the two never stop talking";
  }

  void deliver(bytes datagram) {
    if (!server) {
      bytes reply(1500);
      auto decision = acceptor_->consider(datagram, at_server, 0, reply, now);
      auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (!made) return;
      server = std::move(*made);
    }
    server->receive(datagram, at_server, ecn_codepoint::not_ect, now);
  }

  std::vector<quic::client_hello_received> hellos() {
    std::vector<quic::client_hello_received> told;
    while (auto event = server->poll_event()) {
      if (auto* hello = std::get_if<quic::client_hello_received>(&*event)) told.push_back(std::move(*hello));
    }
    return told;
  }

  std::unique_ptr<quic::acceptor> acceptor_;
};

TEST(client_hello, makes_the_handshake_wait_for_an_answer) {
  asking_pair pair;
  pair.talk();
  ASSERT_TRUE(pair.server);
  const auto told = pair.hellos();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].server_name, "localhost");
  EXPECT_EQ(told[0].alpn, std::vector<std::string>{"test"});
  EXPECT_TRUE(pair.server->awaits_client_hello_answer());
  EXPECT_FALSE(pair.is_established());

  pair.now += 3s;
  pair.server->answer_client_hello(crypto::use_own_context{}, pair.now);
  EXPECT_FALSE(pair.server->awaits_client_hello_answer());
  pair.talk();
  EXPECT_TRUE(pair.is_established());
  EXPECT_TRUE(pair.exchange());
  EXPECT_TRUE(pair.hellos().empty());
}

TEST(client_hello, a_client_that_repeats_itself_meanwhile_is_asked_about_once) {
  asking_pair pair;
  pair.talk();
  EXPECT_EQ(pair.hellos().size(), 1u);
  for (int i = 0; i < 4; ++i) {
    const auto next = pair.client->next_deadline();
    ASSERT_TRUE(next);
    pair.now = std::max(pair.now, *next);
    pair.client->on_timeout(pair.now);
    pair.talk();
  }
  EXPECT_TRUE(pair.hellos().empty());
  EXPECT_FALSE(pair.server->is_closed());
  pair.server->answer_client_hello(crypto::use_own_context{}, pair.now);
  pair.talk();
  EXPECT_TRUE(pair.is_established());
}

TEST(client_hello, a_refusal_is_told_with_its_alert) {
  asking_pair pair;
  pair.talk();
  pair.server->answer_client_hello(crypto::refuse_hello{112}, pair.now);
  EXPECT_TRUE(pair.server->is_closed());
  EXPECT_EQ(pair.server->reason().code, 0x100u + 112u);
  pair.talk();
  ASSERT_TRUE(pair.client->is_closed());
  EXPECT_EQ(pair.client->reason().cause, quic::close_cause::peer_transport);
  EXPECT_EQ(pair.client->reason().code, 0x100u + 112u);
}

TEST(client_hello, without_an_answer_the_handshake_times_out) {
  pair_options options;
  options.server.handshake_timeout = 2s;
  asking_pair pair(options);
  pair.talk();
  pair.now += 2s;
  pair.server->on_timeout(pair.now);
  ASSERT_TRUE(pair.server->is_closed());
  EXPECT_EQ(pair.server->reason().cause, quic::close_cause::handshake_timeout);
  // An answer that comes too late does nothing.
  EXPECT_FALSE(pair.server->awaits_client_hello_answer());
  pair.server->answer_client_hello(crypto::use_own_context{}, pair.now);
  EXPECT_TRUE(pair.server->is_closed());
}

TEST(client_hello, the_server_may_close_meanwhile) {
  asking_pair pair;
  pair.talk();
  pair.server->close(0, "no time", pair.now);
  pair.server->answer_client_hello(crypto::use_own_context{}, pair.now);
  pair.talk();
  EXPECT_TRUE(pair.client->is_closed());
}

TEST(client_hello, an_answer_that_nobody_asked_for_does_nothing) {
  connection_pair pair;
  pair.settle();
  ASSERT_TRUE(pair.is_established());
  pair.server->answer_client_hello(crypto::refuse_hello{80}, pair.now);
  EXPECT_TRUE(pair.exchange());
}

TEST(client_hello, the_handshake_tells_when_it_began_and_when_it_fails) {
  asking_pair pair;
  const time_point begun = pair.now;
  pair.talk();
  EXPECT_EQ(pair.server->handshake().started, begun);
  ASSERT_TRUE(pair.server->handshake().deadline);
  EXPECT_EQ(*pair.server->handshake().deadline, begun + quic::settings{}.handshake_timeout);
  pair.server->answer_client_hello(crypto::use_own_context{}, pair.now);
  pair.talk();
  EXPECT_FALSE(pair.server->handshake().deadline);
}

// --- Admission ------------------------------------------------------------------------------------------------------

struct admitting_door {
  counting_random random;
  time_point now{std::chrono::seconds(1000)};
  network_path path{ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  bytes reply = bytes(1500);
  std::vector<quic::client_knock> knocks;
  admission answer = admission::accept;
  quic::acceptor door{{.tls = duel_server_tls(),
                       .alpn = {"test"},
                       .retry = quic::retry_policy::never,
                       .admit =
                           [this](const quic::client_knock& knock) {
                             knocks.push_back(knock);
                             return answer;
                           }},
                      random};

  quic::acceptor::decision consider(const bytes& datagram) { return door.consider(datagram, path, 3, reply, now); }
};

bytes first_packet() {
  return hostile_peer({.tls = duel_client_tls(),
                       .parameters = generous_parameters(),
                       .own_id = make_id(0xaa),
                       .peer_id = make_id(0xbb)})
      .flush()
      .front();
}

TEST(admission, is_asked_with_what_is_known) {
  admitting_door at;
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<quic::connection>>(at.consider(first_packet())));
  ASSERT_EQ(at.knocks.size(), 1u);
  EXPECT_EQ(at.knocks[0].path, at.path);
  EXPECT_EQ(at.knocks[0].version, quic_version::v1);
  EXPECT_EQ(at.knocks[0].handshaking, 3u);
  EXPECT_FALSE(at.knocks[0].address_proved);
}

TEST(admission, refuses_in_less_bytes_than_it_was_asked_in) {
  admitting_door at;
  at.answer = admission::refuse;
  const bytes first = first_packet();
  const auto decision = at.consider(first);
  const auto* answer = std::get_if<quic::stateless_reply>(&decision);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->what, quic::stateless_reply::kind::not_admitted);
  EXPECT_LT(answer->size, first.size());
}

TEST(admission, a_refused_client_learns_why) {
  counting_random random;
  const time_point now{std::chrono::seconds(1000)};
  admitting_door at;
  at.answer = admission::refuse;
  const network_path path{at.path.peer, at.path.local};
  auto client = quic::connection::connect(
                    {.tls = duel_client_tls(), .server_name = "localhost", .alpn = {"test"}, .path = path}, random, now)
                    .value();
  bytes buffer(1500);
  const auto sent = client->transmit(buffer, 1, now);
  ASSERT_TRUE(sent);
  buffer.resize(sent->size);
  const auto decision = at.consider(buffer);
  const auto* answer = std::get_if<quic::stateless_reply>(&decision);
  ASSERT_TRUE(answer);
  bytes reply(at.reply.begin(), at.reply.begin() + static_cast<std::ptrdiff_t>(answer->size));
  client->receive(reply, path, ecn_codepoint::not_ect, now);
  ASSERT_TRUE(client->is_closed());
  EXPECT_EQ(client->reason().code, static_cast<std::uint64_t>(transport_error_code::connection_refused));
}

TEST(admission, ignores_and_demands_proof) {
  admitting_door at;
  at.answer = admission::ignore;
  const auto silent = at.consider(first_packet());
  ASSERT_TRUE(std::holds_alternative<quic::ignored>(silent));
  EXPECT_EQ(std::get<quic::ignored>(silent).why, quic::ignored::cause::not_admitted);
  at.answer = admission::prove_address;
  const auto asked = at.consider(first_packet());
  ASSERT_TRUE(std::holds_alternative<quic::stateless_reply>(asked));
  EXPECT_EQ(std::get<quic::stateless_reply>(asked).what, quic::stateless_reply::kind::retry);
}

TEST(admission, is_not_asked_about_what_begins_nothing) {
  admitting_door at;
  static_cast<void>(at.consider(bytes(1200, 0x00)));
  bytes small = first_packet();
  small.resize(1199);
  static_cast<void>(at.consider(small));
  EXPECT_TRUE(at.knocks.empty());
}

}  // namespace
}  // namespace quasio::test
