// A server whose owner says what becomes of each ClientHello, at once or later.

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/tls_pair.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;

struct client_hello : testing::Test {
  tls_world world;
  tls_pair_options options = world.pair_options();

  client_hello() { options.server_asks = true; }

  tls_context context_for(std::string name) {
    certificate_options leaf;
    leaf.common_name = name;
    leaf.dns_names = {name};
    return expect(tls_context::server(tls_world::server_options_of(issue(world.root, leaf))));
  }

  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty"; }
};

TEST_F(client_hello, waits_for_an_answer_and_goes_on) {
  tls_pair pair(options);
  pair.run();
  ASSERT_EQ(pair.server.hellos.size(), 1u);
  EXPECT_EQ(pair.server.hellos[0].server_name, "localhost");
  EXPECT_EQ(pair.server.hellos[0].alpn, (tls_end::bytes{2, 'h', '3'}));
  EXPECT_TRUE(pair.server.session->awaits_answer());
  EXPECT_TRUE(pair.server.sent.empty());
  EXPECT_TRUE(pair.server.secrets.empty());
  EXPECT_TRUE(pair.server.peer_parameters.empty());

  pair.server.answer(use_own_context{});
  EXPECT_FALSE(pair.server.session->awaits_answer());
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_EQ(pair.server.hellos.size(), 1u);
}

TEST_F(client_hello, is_the_time_to_change_the_certificate) {
  options.server_name = "other.example";
  tls_pair pair(options);
  pair.run();
  ASSERT_EQ(pair.server.hellos.size(), 1u);
  EXPECT_EQ(pair.server.hellos[0].server_name, "other.example");
  pair.server.answer(use_context{context_for("other.example")});
  pair.run();
  EXPECT_TRUE(pair.complete()) << (pair.client.error ? pair.client.error->reason : "");

  // Without it the client sees a certificate of another name.
  tls_pair unchanged(options);
  unchanged.run();
  unchanged.server.answer(use_own_context{});
  unchanged.run();
  EXPECT_FALSE(unchanged.complete());
  ASSERT_TRUE(unchanged.client.error);
}

TEST_F(client_hello, an_empty_context_is_the_own_one) {
  tls_pair pair(options);
  pair.run();
  pair.server.answer(use_context{});
  pair.run();
  EXPECT_TRUE(pair.complete());
}

TEST_F(client_hello, can_be_refused_with_an_alert) {
  tls_pair pair(options);
  pair.run();
  pair.server.answer(refuse_hello{112});
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, 112);
  EXPECT_TRUE(pair.server.sent.empty());
  // The session is dead; nothing revives it.
  pair.server.error.reset();
  pair.server.answer(use_own_context{});
  EXPECT_FALSE(pair.server.session->handshake_complete());
}

TEST_F(client_hello, is_asked_about_once_though_it_is_sent_twice) {
  // The client's key share is of a group that the server does not take: a HelloRetryRequest follows.
  set_groups(options.client_context, "X25519:P-384");
  set_groups(options.server_context, "P-384");
  tls_pair pair(options);
  pair.run();
  pair.server.answer(use_own_context{});
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_EQ(pair.server.hellos.size(), 1u);
  EXPECT_EQ(pair.server.session->group_name(), "secp384r1");
}

TEST_F(client_hello, nothing_may_follow_it_before_the_answer) {
  tls_pair pair(options);
  pair.run();
  pair.server.receive({encryption_level::initial, {1, 0, 0, 4, 0, 0, 0, 0}}, 100);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, SSL_AD_UNEXPECTED_MESSAGE);
}

TEST_F(client_hello, a_name_and_protocols_may_be_missing_or_nonsense) {
  options.client_alpn = {"h3", "a-protocol-of-ones-own"};
  tls_pair pair(options);
  pair.run();
  ASSERT_EQ(pair.server.hellos.size(), 1u);
  EXPECT_EQ(pair.server.hellos[0].alpn.size(), 3u + 23u);
}

TEST_F(client_hello, resumption_and_early_data_wait_likewise) {
  options.server_early_data = true;
  options.ticket_context = {1, 2, 3};
  tls_pair first(options);
  first.run();
  first.server.answer(use_own_context{});
  first.run();
  ASSERT_TRUE(first.complete());
  ASSERT_FALSE(first.client.tickets.empty());

  options.ticket = first.client.tickets.front();
  options.client_early_data = true;
  tls_pair second(options);
  second.run();
  EXPECT_TRUE(second.client.knows(encryption_level::early_data, direction::write));
  EXPECT_FALSE(second.server.knows(encryption_level::early_data, direction::read));
  second.server.answer(use_own_context{});
  EXPECT_TRUE(second.server.knows(encryption_level::early_data, direction::read));
  second.run();
  EXPECT_TRUE(second.complete());
  EXPECT_TRUE(second.server.session->resumed());
}

TEST_F(client_hello, choose_context_decides_where_the_owner_has_no_wish) {
  auto with = world.server_options();
  with.choose_context = [other = context_for("other.example")](std::string_view name) {
    return name == "other.example" ? other : tls_context();
  };
  options.server_context = expect(tls_context::server(with));
  options.server_name = "other.example";
  tls_pair pair(options);
  pair.run();
  pair.server.answer(use_own_context{});
  pair.run();
  EXPECT_TRUE(pair.complete());
}

TEST_F(client_hello, an_adopted_context_must_be_prepared) {
  SSL_CTX* const raw = options.server_context.native_handle();
  SSL_CTX* const own = SSL_CTX_new(TLS_server_method());
  ASSERT_EQ(SSL_CTX_use_certificate(own, SSL_CTX_get0_certificate(raw)), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(own, SSL_CTX_get0_privatekey(raw)), 1);

  options.server_context = expect(tls_context::adopt(own));
  EXPECT_FALSE(options.server_context.can_ask_about_client_hello());
  EXPECT_THROW(tls_pair{options}, std::runtime_error);

  options.server_context = expect(tls_context::adopt(own, hello_callback::replace));
  EXPECT_TRUE(options.server_context.can_ask_about_client_hello());
  tls_pair pair(options);
  pair.run();
  ASSERT_EQ(pair.server.hellos.size(), 1u);
  pair.server.answer(use_own_context{});
  pair.run();
  EXPECT_TRUE(pair.complete());
  SSL_CTX_free(own);
}

}  // namespace
