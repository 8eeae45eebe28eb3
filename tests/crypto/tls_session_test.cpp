#include "crypto/tls_session.hpp"

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/tls_pair.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;

struct tls_handshake : testing::Test {
  tls_world world;
  tls_pair_options options = world.pair_options();

  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty"; }
};

void expect_agreement(const tls_pair& pair) {
  ASSERT_TRUE(pair.complete()) << (pair.client.error ? pair.client.error->reason : "")
                               << (pair.server.error ? pair.server.error->reason : "");
  for (const auto level : {encryption_level::handshake, encryption_level::application}) {
    EXPECT_EQ(pair.client.secret(level, direction::write), pair.server.secret(level, direction::read));
    EXPECT_EQ(pair.client.secret(level, direction::read), pair.server.secret(level, direction::write));
    EXPECT_NE(pair.client.secret(level, direction::read), pair.server.secret(level, direction::read));
  }
}

// [rfc9000 7#1]
TEST_F(tls_handshake, completes_and_agrees_on_everything) {
  tls_pair pair(options);
  pair.run();
  expect_agreement(pair);
  EXPECT_EQ(pair.client.session->alpn(), "h3");
  EXPECT_EQ(pair.server.session->alpn(), "h3");
  EXPECT_EQ(pair.server.peer_parameters, std::vector<tls_end::bytes>{options.client_parameters});
  EXPECT_EQ(pair.client.peer_parameters, std::vector<tls_end::bytes>{options.server_parameters});
  EXPECT_FALSE(pair.client.session->resumed());
  EXPECT_EQ(pair.client.session->cipher_name(), pair.server.session->cipher_name());
  EXPECT_EQ(pair.client.session->cipher_name(), "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(pair.client.session->group_name(), "X25519MLKEM768");
  EXPECT_EQ(pair.server.session->group_name(), "X25519MLKEM768");
  EXPECT_FALSE(pair.client.knows(encryption_level::early_data, direction::write));
}

TEST_F(tls_handshake, completes_when_bytes_come_one_at_a_time) {
  expect_agreement(tls_pair(options).run(1));
  expect_agreement(tls_pair(options).run(2));
  expect_agreement(tls_pair(options).run(7));
}

// [rfc9001 4.9#2]
TEST_F(tls_handshake, tells_each_level_of_the_bytes_it_sends) {
  tls_pair pair(options);
  pair.client.start();
  ASSERT_FALSE(pair.client.sent.empty());
  EXPECT_EQ(pair.client.sent.front().level, encryption_level::initial);
  tls_pair::deliver(pair.client, pair.server);
  EXPECT_EQ(pair.server.sent.front().level, encryption_level::initial);
  EXPECT_EQ(pair.server.sent.back().level, encryption_level::handshake);
  EXPECT_EQ(pair.server.session->read_level(), encryption_level::handshake);
  tls_pair::deliver(pair.server, pair.client);
  EXPECT_TRUE(pair.client.session->handshake_complete());
  EXPECT_FALSE(pair.server.session->handshake_complete());
  ASSERT_EQ(pair.client.sent.size(), 1u);
  EXPECT_EQ(pair.client.sent.front().level, encryption_level::handshake);
  EXPECT_EQ(pair.client.session->read_level(), encryption_level::application);
  tls_pair::deliver(pair.client, pair.server);
  EXPECT_TRUE(pair.server.session->handshake_complete());
  ASSERT_FALSE(pair.server.sent.empty());
  EXPECT_EQ(pair.server.sent.front().level, encryption_level::application) << "the tickets";
}

TEST_F(tls_handshake, a_server_can_write_application_data_before_the_client_is_through) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  EXPECT_TRUE(pair.server.knows(encryption_level::application, direction::write));
  EXPECT_FALSE(pair.server.knows(encryption_level::application, direction::read));
}

TEST_F(tls_handshake, takes_the_protocol_that_the_server_wants_most) {
  options.client_alpn = {"hq-interop", "h3", "doq"};
  options.server_alpn = {"moq", "doq", "h3"};
  tls_pair pair(options);
  pair.run();
  EXPECT_EQ(pair.client.session->alpn(), "doq");
  EXPECT_EQ(pair.server.session->alpn(), "doq");
}

TEST_F(tls_handshake, survives_a_hello_retry_request) {
  const auto context = expect(tls_context::server(world.server_options()));
  set_groups(context, "P-384");
  options.server_context = context;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
    tls_pair pair(options);
    pair.run(piece);
    expect_agreement(pair);
    EXPECT_EQ(pair.client.session->group_name(), "secp384r1");
    EXPECT_EQ(pair.server.peer_parameters.size(), 1u) << "told once, though they come in both ClientHellos";
  }
}

TEST_F(tls_handshake, carries_chains_of_25_kilobytes) {
  const auto intermediate = issue_intermediate(world.root);
  auto identity = issue(intermediate, {.comment_size = 25'000});
  identity.certificate_pem += intermediate.certificate_pem;
  options.server_context = expect(tls_context::server(tls_world::server_options_of(identity)));
  expect_agreement(tls_pair(options).run());
  expect_agreement(tls_pair(options).run(1));
}

TEST_F(tls_handshake, verifies_an_ip_address_and_sends_no_name_for_it) {
  std::vector<std::string> asked;
  auto server = world.server_options();
  server.choose_context = [&](std::string_view name) { return asked.emplace_back(name), tls_context{}; };
  options.server_context = expect(tls_context::server(server));
  for (const std::string name : {"127.0.0.1", "::1", "localhost", "localhost."}) {
    options.server_name = name;
    expect_agreement(tls_pair(options).run());
  }
  EXPECT_EQ(asked, (std::vector<std::string>{"", "", "localhost", "localhost"}));
}

TEST_F(tls_handshake, shows_the_certificate_of_the_name_that_was_asked_for) {
  const auto other = issue(world.root, {.common_name = "other", .dns_names = {"other.test"}});
  const auto other_context = expect(tls_context::server(tls_world::server_options_of(other)));
  auto server = world.server_options();
  server.choose_context = [&](std::string_view name) { return name == "other.test" ? other_context : tls_context{}; };
  options.server_context = expect(tls_context::server(server));
  expect_agreement(tls_pair(options).run());
  options.server_name = "other.test";
  tls_pair pair(options);
  pair.run();
  expect_agreement(pair);
  EXPECT_EQ(pair.client.session->peer_certificate_summary(), "CN = other, issued by CN = quasio test root; verified");
}

TEST_F(tls_handshake, chooses_a_context_in_the_midst_of_a_retry) {
  const auto other = issue(world.root, {.dns_names = {"other.test"}});
  const auto other_context = expect(tls_context::server(tls_world::server_options_of(other)));
  auto server = world.server_options();
  server.choose_context = [&](std::string_view) { return other_context; };
  options.server_context = expect(tls_context::server(server));
  set_groups(options.server_context, "P-384");
  options.server_name = "other.test";
  expect_agreement(tls_pair(options).run());
}

TEST_F(tls_handshake, fails_when_choosing_a_context_throws) {
  auto server = world.server_options();
  server.choose_context = [](std::string_view) -> tls_context { throw std::runtime_error("no database"); };
  options.server_context = expect(tls_context::server(server));
  tls_pair pair(options);
  pair.run();
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, 80);
}

TEST_F(tls_handshake, gives_the_key_log_of_both_ends) {
  std::vector<std::string> client_lines, server_lines;
  auto client = world.client_options();
  client.key_log = [&](std::string_view line) { client_lines.emplace_back(line); };
  auto server = world.server_options();
  server.key_log = [&](std::string_view line) { server_lines.emplace_back(line); };
  options.client_context = expect(tls_context::client(client));
  options.server_context = expect(tls_context::server(server));
  tls_pair(options).run();
  std::sort(client_lines.begin(), client_lines.end());
  std::sort(server_lines.begin(), server_lines.end());
  EXPECT_GE(client_lines.size(), 4u);
  EXPECT_EQ(client_lines, server_lines);
  EXPECT_TRUE(client_lines.front().starts_with("CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
}

TEST_F(tls_handshake, negotiates_each_cipher_suite) {
  const std::pair<const char*, aead_algorithm> suites[] = {
      {"TLS_AES_128_GCM_SHA256", aead_algorithm::aes_128_gcm},
      {"TLS_AES_256_GCM_SHA384", aead_algorithm::aes_256_gcm},
      {"TLS_CHACHA20_POLY1305_SHA256", aead_algorithm::chacha20_poly1305}};
  for (const auto& [name, aead] : suites) {
    options.server_context = expect(tls_context::server(world.server_options()));
    ASSERT_EQ(SSL_CTX_set_ciphersuites(options.server_context.native_handle(), name), 1);
    tls_pair pair(options);
    pair.run();
    expect_agreement(pair);
    EXPECT_EQ(pair.client.session->cipher_name(), name);
    const auto& told = pair.client.secrets.at({encryption_level::application, direction::write});
    EXPECT_EQ(told.aead, aead);
    EXPECT_EQ(told.secret.size(), hash_size(hash_of(aead)));
  }
}

TEST_F(tls_handshake, demands_a_client_certificate_where_it_is_told_to) {
  const auto client_root = make_ca("client root");
  auto server = world.server_options();
  server.client_roots = pem::text(client_root.certificate_pem);
  options.server_context = expect(tls_context::server(server));
  tls_pair without(options);
  without.run();
  ASSERT_TRUE(without.server.error);
  EXPECT_EQ(without.server.error->alert, 116) << "certificate_required";

  const auto identity = issue(client_root, {.common_name = "a client"});
  auto client = world.client_options();
  client.certificate_chain = pem::text(identity.certificate_pem);
  client.private_key = pem::text(identity.key_pem);
  options.client_context = expect(tls_context::client(client));
  tls_pair with(options);
  with.run(100);
  expect_agreement(with);
  EXPECT_EQ(with.server.session->peer_certificate_summary(), "CN = a client, issued by CN = client root; verified");

  const auto stranger = issue(make_ca());
  client.certificate_chain = pem::text(stranger.certificate_pem);
  client.private_key = pem::text(stranger.key_pem);
  options.client_context = expect(tls_context::client(client));
  tls_pair unknown(options);
  unknown.run();
  ASSERT_TRUE(unknown.server.error);
  EXPECT_EQ(unknown.server.error->alert, 48) << "unknown_ca";
}

TEST_F(tls_handshake, remembers_what_was_agreed_on_after_its_release) {
  tls_pair pair(options);
  pair.run();
  const std::string cipher = pair.client.session->cipher_name();
  const std::string summary = pair.client.session->peer_certificate_summary();
  const std::string_view alpn = pair.client.session->alpn();
  pair.client.session->release();
  pair.client.session->release();
  EXPECT_TRUE(pair.client.session->handshake_complete());
  EXPECT_EQ(alpn, "h3");
  EXPECT_EQ(pair.client.session->cipher_name(), cipher);
  EXPECT_EQ(pair.client.session->group_name(), "X25519MLKEM768");
  EXPECT_EQ(pair.client.session->peer_certificate_summary(), summary);
  EXPECT_EQ(summary, "CN = localhost, issued by CN = quasio test root; verified");
  EXPECT_TRUE(pair.client.session->receive(encryption_level::application, std::vector<std::uint8_t>{4, 0, 0, 0}));
  EXPECT_TRUE(pair.client.session->advance());
}

int freed_sessions = 0;

TEST_F(tls_handshake, frees_what_tls_holds_on_release) {
  // Runs as OpenSSL frees any SSL object.
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void*, CRYPTO_EX_DATA*, int, long, void*) { ++freed_sessions; });
  ASSERT_GE(index, 0);
  tls_pair pair(options);
  pair.run();
  freed_sessions = 0;
  pair.client.session->release();
  EXPECT_EQ(freed_sessions, 1);
  pair.server.session->release();
  EXPECT_EQ(freed_sessions, 2);
}

TEST_F(tls_handshake, a_released_server_expects_nothing_more) {
  tls_pair pair(options);
  pair.run();
  pair.server.session->release();
  const auto late = pair.server.session->receive(encryption_level::application, std::vector<std::uint8_t>{4, 0, 0, 0});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().alert, 10);
}

TEST_F(tls_handshake, sessions_can_be_moved_in_the_middle) {
  tls_pair pair(options);
  pair.client.start();
  tls_session moved = std::move(*pair.client.session);
  pair.client.session = std::move(moved);
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  tls_pair::deliver(pair.client, pair.server);
  expect_agreement(pair);
}

}  // namespace
