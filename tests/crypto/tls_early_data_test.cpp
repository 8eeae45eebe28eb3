#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/session_ticket.hpp"
#include "crypto/tls_pair.hpp"
#include "crypto/tls_session.hpp"
#include "quasio/crypto/replay_guard.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/crypto/ticket_keys.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;
using bytes = std::vector<std::uint8_t>;

struct tls_early_data : testing::Test {
  tls_world world;
  tls_pair_options options = with_early_data(world.pair_options());

  static tls_pair_options with_early_data(tls_pair_options made) {
    made.client_early_data = made.server_early_data = true;
    made.ticket_context = {9, 8, 7};
    return made;
  }

  /// Gets a ticket for the next pair.
  void fetch_ticket() {
    options.ticket = {};
    tls_pair pair(options);
    pair.run();
    ASSERT_FALSE(pair.client.tickets.empty());
    options.ticket = pair.client.tickets.front();
  }

  void expect_refused(tls_pair& pair, bool resumed) {
    pair.run();
    ASSERT_TRUE(pair.complete());
    EXPECT_EQ(pair.client.session->resumed(), resumed);
    EXPECT_EQ(pair.client.session->early_data(), early_data_state::rejected);
    EXPECT_EQ(pair.server.session->early_data(), early_data_state::rejected);
    EXPECT_FALSE(pair.server.knows(encryption_level::early_data, direction::read));
  }

  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty"; }
};

TEST_F(tls_early_data, gives_both_ends_the_same_secret_before_the_server_answers) {
  fetch_ticket();
  tls_pair pair(options);
  pair.client.start();
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::offered);
  ASSERT_TRUE(pair.client.knows(encryption_level::early_data, direction::write));
  EXPECT_FALSE(pair.client.session->handshake_complete());

  tls_pair::deliver(pair.client, pair.server);
  ASSERT_TRUE(pair.server.knows(encryption_level::early_data, direction::read));
  EXPECT_EQ(pair.server.session->early_data(), early_data_state::accepted);
  EXPECT_EQ(pair.server.secret(encryption_level::early_data, direction::read),
            pair.client.secret(encryption_level::early_data, direction::write));
  EXPECT_TRUE(pair.server.knows(encryption_level::application, direction::write)) << "it may answer at once";
  EXPECT_FALSE(pair.server.knows(encryption_level::application, direction::read));
  EXPECT_FALSE(pair.server.session->handshake_complete());
  EXPECT_EQ(pair.server.session->read_level(), encryption_level::handshake);

  while (tls_pair::deliver(pair.server, pair.client) || tls_pair::deliver(pair.client, pair.server)) {
  }
  EXPECT_TRUE(pair.complete());
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::accepted);
  EXPECT_TRUE(pair.client.session->resumed());
  EXPECT_EQ(pair.server.secret(encryption_level::application, direction::read),
            pair.client.secret(encryption_level::application, direction::write));
}

// [rfc9001 4.6.1#1]
TEST_F(tls_early_data, works_with_messages_in_pieces_and_with_tickets_of_tickets) {
  fetch_ticket();
  for (const std::size_t piece : {100'000u, 1u, 7u}) {
    tls_pair pair(options);
    pair.run(piece);
    ASSERT_TRUE(pair.complete());
    EXPECT_EQ(pair.client.session->early_data(), early_data_state::accepted);
    pair.client.session->release();
    pair.server.session->release();
    EXPECT_EQ(pair.client.session->early_data(), early_data_state::accepted);
    EXPECT_EQ(pair.server.session->early_data(), early_data_state::accepted);
    ASSERT_EQ(pair.client.tickets.size(), 1u) << "a ticket for a ticket";
    EXPECT_EQ(pair.client.max_early_data.front(), unlimited_early_data);
    options.ticket = pair.client.tickets.front();
  }
}

TEST_F(tls_early_data, brings_back_what_was_bound_into_the_ticket) {
  fetch_ticket();
  options.ticket_context = {1};
  tls_pair pair(options);
  pair.run();
  EXPECT_EQ(pair.server.early_context, (bytes{9, 8, 7}));
  EXPECT_EQ(pair.server.resumed_context, (bytes{9, 8, 7}));
  EXPECT_EQ(pair.server.client_random.size(), 32u);

  options.ticket = pair.client.tickets.front();
  tls_pair next(options);
  next.run();
  EXPECT_EQ(next.server.early_context, (bytes{1}));
  EXPECT_NE(next.server.client_random, pair.server.client_random);
}

// [rfc9001 4.6.1#1]
TEST_F(tls_early_data, is_promised_by_tickets_only_where_it_is_taken) {
  options.server_early_data = false;
  tls_pair pair(options);
  pair.run();
  ASSERT_EQ(pair.client.max_early_data.size(), 2u);
  EXPECT_EQ(pair.client.max_early_data.front(), 0u);
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::not_offered);
  options.ticket = pair.client.tickets.front();
  options.server_early_data = true;
  tls_pair next(options);
  next.run();
  EXPECT_TRUE(next.client.session->resumed());
  EXPECT_EQ(next.client.session->early_data(), early_data_state::not_offered);
  EXPECT_EQ(next.server.session->early_data(), early_data_state::not_offered);
}

// [rfc9001 5.6#1]
TEST_F(tls_early_data, is_not_offered_unasked) {
  fetch_ticket();
  options.client_early_data = false;
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.client.session->resumed());
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::not_offered);
  EXPECT_FALSE(pair.client.knows(encryption_level::early_data, direction::write));
}

TEST_F(tls_early_data, is_refused_by_a_server_that_takes_none_any_more) {
  fetch_ticket();
  options.server_early_data = false;
  tls_pair pair(options);
  expect_refused(pair, true);
}

TEST_F(tls_early_data, is_refused_where_the_server_says_so) {
  fetch_ticket();
  tls_pair pair(options);
  pair.server.takes_early_data = false;
  expect_refused(pair, true);
  EXPECT_EQ(pair.server.early_context, (bytes{9, 8, 7})) << "it was asked";
}

TEST_F(tls_early_data, is_refused_along_with_the_ticket) {
  fetch_ticket();
  tls_pair pair(options);
  pair.server.takes_tickets = false;
  expect_refused(pair, false);
  EXPECT_FALSE(pair.client.tickets.empty());
}

TEST_F(tls_early_data, is_refused_by_another_server) {
  fetch_ticket();
  options.server_context = expect(tls_context::server(world.server_options()));
  tls_pair pair(options);
  expect_refused(pair, false);
}

// The second ClientHello must do without early data, which OpenSSL by itself would repeat.
TEST_F(tls_early_data, is_given_up_when_the_server_asks_for_another_hello) {
  fetch_ticket();
  set_groups(options.server_context, "P-384");
  for (const std::size_t piece : {100'000u, 1u}) {
    tls_pair pair(options);
    pair.run(piece);
    ASSERT_TRUE(pair.complete()) << (pair.server.error ? pair.server.error->reason : "");
    EXPECT_TRUE(pair.client.session->resumed());
    EXPECT_EQ(pair.client.session->early_data(), early_data_state::rejected);
    EXPECT_NE(pair.server.session->early_data(), early_data_state::accepted);
  }
}

TEST_F(tls_early_data, is_not_offered_for_another_protocol) {
  options.server_alpn = {"h3", "other"};
  fetch_ticket();
  options.client_alpn = {"other"};
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::not_offered);
}

TEST_F(tls_early_data, is_refused_when_the_server_chooses_another_protocol) {
  options.client_alpn = {"h3", "other"};
  fetch_ticket();
  options.server_alpn = {"other"};
  tls_pair pair(options);
  pair.run();
  ASSERT_TRUE(pair.complete());
  EXPECT_EQ(pair.client.session->alpn(), "other");
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::rejected);
  EXPECT_TRUE(pair.server.early_context.empty()) << "nobody needs to be asked";
}

// What RFC 8446, section 8.3 asks for is done by OpenSSL; strike_register's window rests on it.
// [rfc9001 9.2#1]
TEST_F(tls_early_data, is_refused_when_the_claimed_age_of_the_ticket_is_wrong) {
  fetch_ticket();
  const bytes ticket = options.ticket;
  // The client believes that it got the ticket at another time.
  for (const long seconds : {-max_hello_freshness.count() - 1, -3600L}) {
    const session_pointer session = decode_ticket(ticket, "localhost");
    ASSERT_TRUE(session);
    SSL_SESSION_set_time_ex(session.get(), SSL_SESSION_get_time_ex(session.get()) + seconds);
    options.ticket = encode_ticket(session.get(), "localhost");
    tls_pair pair(options);
    expect_refused(pair, true);
  }
}

TEST_F(tls_early_data, is_taken_from_other_machines_that_share_the_keys) {
  system_random random;
  const auto keys = std::make_shared<ticket_key_set>(ticket_key::generate(random));
  const auto server_with = [&](std::shared_ptr<ticket_key_set> set) {
    auto made = world.server_options();
    made.ticket_keys = std::move(set);
    return expect(tls_context::server(made));
  };
  options.server_context = server_with(keys);
  fetch_ticket();
  options.server_context = server_with(keys);
  tls_pair same(options);
  same.run();
  EXPECT_EQ(same.client.session->early_data(), early_data_state::accepted);

  keys->rotate(ticket_key::generate(random));
  tls_pair rotated(options);
  rotated.run();
  EXPECT_EQ(rotated.client.session->early_data(), early_data_state::accepted) << "the previous key still opens";
  EXPECT_FALSE(rotated.client.tickets.empty());

  for (std::size_t i = 0; i < ticket_key_set::max_previous; ++i) keys->rotate(ticket_key::generate(random));
  tls_pair forgotten(options);
  expect_refused(forgotten, false);
}

TEST_F(tls_early_data, survives_the_choice_of_another_context_by_name) {
  const auto chosen = expect(tls_context::server(world.server_options()));
  auto server = world.server_options();
  server.choose_context = [&](std::string_view) { return chosen; };
  options.server_context = expect(tls_context::server(server));
  fetch_ticket();
  tls_pair pair(options);
  pair.run();
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::accepted);
}

TEST_F(tls_early_data, works_with_an_adopted_context) {
  SSL_CTX* const raw = options.server_context.native_handle();
  SSL_CTX* const own = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(own, SSL_CTX_get0_certificate(raw));
  SSL_CTX_use_PrivateKey(own, SSL_CTX_get0_privatekey(raw));
  options.server_context = expect(tls_context::adopt(own));
  SSL_CTX_free(own);
  EXPECT_EQ(options.server_context.ticket_keys(), nullptr);
  fetch_ticket();
  tls_pair pair(options);
  pair.run();
  EXPECT_EQ(pair.client.session->early_data(), early_data_state::accepted);
  EXPECT_EQ(pair.server.early_context, (bytes{9, 8, 7}));
}

}  // namespace
