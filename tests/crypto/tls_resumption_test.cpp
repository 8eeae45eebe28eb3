#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/tls_engine.hpp"
#include "crypto/tls_pair.hpp"
#include "crypto/tls_session.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;
using bytes = std::vector<std::uint8_t>;

struct tls_resumption : testing::Test {
  tls_world world;
  tls_pair_options options = world.pair_options();

  std::vector<bytes> tickets(std::size_t piece = 100'000) { return tls_pair(options).run(piece).client.tickets; }

  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty"; }
};

TEST_F(tls_resumption, follows_each_ticket_once_and_again) {
  const auto first = tickets();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_NE(first[0], first[1]);
  for (const bytes& ticket : first) {
    options.ticket = ticket;
    tls_pair pair(options);
    pair.run();
    ASSERT_TRUE(pair.complete());
    EXPECT_TRUE(pair.client.session->resumed());
    EXPECT_TRUE(pair.server.session->resumed());
    EXPECT_EQ(pair.client.session->alpn(), "h3");
    EXPECT_FALSE(pair.client.tickets.empty()) << "a resumed connection gets a new ticket";
    pair.client.session->release();
    EXPECT_TRUE(pair.client.session->resumed());
  }
}

// After completion OpenSSL counts as handshaking while a ticket is half there; another SSL_do_handshake() would spoil
// it.
TEST_F(tls_resumption, takes_tickets_that_come_in_pieces) {
  for (const std::size_t piece : {1u, 3u, 50u}) {
    options.ticket = {};
    tls_pair pair(options);
    pair.run(piece);
    EXPECT_FALSE(pair.client.error);
    ASSERT_EQ(pair.client.tickets.size(), 2u);
    EXPECT_TRUE(pair.client.session->handshake_complete());
    options.ticket = pair.client.tickets[1];
    EXPECT_TRUE(tls_pair(options).run().client.session->resumed());
  }
}

TEST_F(tls_resumption, stays_complete_in_the_middle_of_a_ticket) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  tls_pair::deliver(pair.client, pair.server);
  ASSERT_FALSE(pair.server.sent.empty());
  auto flight = pair.server.sent.front();
  ASSERT_EQ(flight.level, encryption_level::application);
  flight.content.resize(flight.content.size() / 2);
  pair.client.receive(flight, 100'000);
  EXPECT_TRUE(pair.client.session->handshake_complete());
  EXPECT_FALSE(pair.client.error);
}

// All tickets of one flight come with one read.
TEST_F(tls_resumption, takes_all_tickets_at_once) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  tls_pair::deliver(pair.client, pair.server);
  tls_end::flight all{encryption_level::application, {}};
  for (const auto& flight : pair.server.sent) {
    all.content.insert(all.content.end(), flight.content.begin(), flight.content.end());
  }
  pair.client.receive(all, 100'000);
  EXPECT_EQ(pair.client.tickets.size(), 2u);
}

TEST_F(tls_resumption, survives_a_hello_retry_request) {
  options.ticket = tickets().front();
  set_groups(options.server_context, "P-384");
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_TRUE(pair.client.session->resumed());
}

// The end is the same whether a session was released or just destroyed: its tickets remain good.
TEST_F(tls_resumption, outlives_the_session_that_got_the_ticket) {
  bytes ticket;
  {
    tls_pair pair(options);
    pair.run();
    ticket = pair.client.tickets.front();
    pair.client.session->release();
    pair.server.session->release();
  }
  options.ticket = ticket;
  EXPECT_TRUE(tls_pair(options).run().client.session->resumed());
}

TEST_F(tls_resumption, is_never_tried_with_another_server) {
  options.ticket = tickets().front();
  options.server_name = "127.0.0.1";
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_FALSE(pair.client.session->resumed());
}

TEST_F(tls_resumption, does_not_launder_a_certificate_that_was_never_verified) {
  auto careless = world.client_options();
  careless.dangerously_accept_any_certificate = true;
  const auto strict_context = options.client_context;
  options.server_context = expect(tls_context::server(tls_world::server_options_of(make_self_signed())));
  options.client_context = expect(tls_context::client(careless));
  options.ticket = tickets().front();
  EXPECT_TRUE(tls_pair(options).run().client.session->resumed());

  options.client_context = strict_context;
  tls_pair pair(options);
  pair.run();
  EXPECT_FALSE(pair.client.session->handshake_complete());
  ASSERT_TRUE(pair.client.error);
  EXPECT_EQ(pair.client.error->alert, 48);
}

TEST_F(tls_resumption, falls_back_when_the_server_forgot_its_keys) {
  options.ticket = tickets().front();
  options.server_context = expect(tls_context::server(world.server_options()));
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_FALSE(pair.client.session->resumed());
}

TEST_F(tls_resumption, does_not_evade_the_demand_for_a_client_certificate) {
  const auto guarded_options = [&] {
    auto made = world.server_options();
    made.client_roots = pem::text(make_ca().certificate_pem);
    return made;
  }();
  const auto guarded = expect(tls_context::server(guarded_options));
  bool choose_guarded = false;
  auto server = world.server_options();
  server.choose_context = [&](std::string_view) { return choose_guarded ? guarded : tls_context{}; };
  options.server_context = expect(tls_context::server(server));
  options.ticket = tickets().front();
  EXPECT_TRUE(tls_pair(options).run().server.session->resumed());
  choose_guarded = true;
  tls_pair pair(options);
  pair.run();
  EXPECT_FALSE(pair.server.session->handshake_complete());
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, 116) << "certificate_required";
}

TEST_F(tls_resumption, ignores_tickets_that_are_none) {
  const bytes good = tickets().front();
  bytes truncated(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2));
  for (const bytes& useless : {bytes{0}, bytes{0xff}, bytes(100, 0x09), truncated}) {
    options.ticket = useless;
    tls_pair pair(options);
    pair.run();
    EXPECT_TRUE(pair.complete());
    EXPECT_FALSE(pair.client.session->resumed());
  }
}

TEST_F(tls_resumption, is_not_offered_when_the_server_issues_no_tickets) {
  auto server = world.server_options();
  server.session_tickets = 0;
  options.server_context = expect(tls_context::server(server));
  EXPECT_TRUE(tickets().empty());
}

TEST_F(tls_resumption, hands_on_a_limited_number_of_tickets) {
  auto server = world.server_options();
  server.session_tickets = 5000;  // Cut to 16.
  options.server_context = expect(tls_context::server(server));
  EXPECT_EQ(tickets().size(), max_session_tickets);

  SSL_CTX_set_num_tickets(options.server_context.native_handle(), 40);
  tls_pair pair(options);
  pair.run();
  EXPECT_FALSE(pair.client.error);
  EXPECT_EQ(pair.client.tickets.size(), max_session_tickets);
}

// Unless it is asked for, whatever an adopted context says: nothing of it may reach the session.
TEST_F(tls_resumption, offers_no_early_data) {
  SSL_CTX_set_max_early_data(options.server_context.native_handle(), 16'384);
  options.ticket = tickets().front();
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_TRUE(pair.client.session->resumed());
  EXPECT_FALSE(pair.client.knows(encryption_level::early_data, direction::write));
  EXPECT_FALSE(pair.server.knows(encryption_level::early_data, direction::read));
}

}  // namespace
