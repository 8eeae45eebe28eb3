#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/client_hello_guard.hpp"
#include "crypto/tls_pair.hpp"
#include "crypto/tls_session.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;
using bytes = std::vector<std::uint8_t>;

struct tls_refusal : testing::Test {
  tls_world world;
  tls_pair_options options = world.pair_options();

  void serve(const certificate& identity) {
    options.server_context = expect(tls_context::server(tls_world::server_options_of(identity)));
  }

  tls_error client_error() { return tls_pair(options).run().client.error.value_or(tls_error{0, "no error"}); }
  tls_error server_error() { return tls_pair(options).run().server.error.value_or(tls_error{0, "no error"}); }

  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty"; }
};

// [rfc9000 7#1]
TEST_F(tls_refusal, of_a_self_signed_certificate) {
  serve(make_self_signed());
  EXPECT_EQ(client_error(), (tls_error{48, "certificate verify failed: self-signed certificate"}));
}

// [rfc9001 4.4#1]
TEST_F(tls_refusal, of_a_certificate_from_an_unknown_root) {
  serve(issue(make_ca()));
  EXPECT_EQ(client_error(), (tls_error{48, "certificate verify failed: unable to get local issuer certificate"}));
}

// [rfc9001 4.4#1]
TEST_F(tls_refusal, of_a_certificate_with_another_name) {
  serve(issue(world.root, {.dns_names = {"elsewhere.test"}, .ip_addresses = {"192.0.2.1"}}));
  EXPECT_EQ(client_error(), (tls_error{42, "certificate verify failed: hostname mismatch (asked for localhost)"}));
  options.server_name = "127.0.0.1";
  EXPECT_EQ(client_error(), (tls_error{42, "certificate verify failed: IP address mismatch (asked for 127.0.0.1)"}));
}

TEST_F(tls_refusal, of_an_expired_certificate) {
  serve(issue(world.root, {.not_after = -std::chrono::hours(1)}));
  EXPECT_EQ(client_error(), (tls_error{45, "certificate verify failed: certificate has expired"}));
}

TEST_F(tls_refusal, is_not_total_when_verification_is_off) {
  auto client = world.client_options();
  client.dangerously_accept_any_certificate = true;
  options.client_context = expect(tls_context::client(client));
  serve(make_self_signed({.common_name = "whoever", .dns_names = {"elsewhere.test"}}));
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_TRUE(pair.client.session->peer_certificate_summary().starts_with(
      "CN = whoever, issued by CN = whoever; not verified: "))
      << pair.client.session->peer_certificate_summary();
  options.server_name = "";
  EXPECT_TRUE(tls_pair(options).run().complete()) << "nor is a name needed";
}

// [rfc9000 7#2] [rfc9001 8.1#5]
TEST_F(tls_refusal, of_a_client_without_a_common_protocol) {
  options.client_alpn = {"h2", "http/1.1"};
  tls_pair pair(options);
  pair.run();
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{120, "no application protocol"}));
  EXPECT_TRUE(pair.server.sent.empty()) << "nothing answers it";
}

TEST_F(tls_refusal, of_settings_that_cannot_be_used) {
  tls_end end;
  const bytes parameters{1};
  const auto client = [&](std::string_view name, const std::vector<std::string>& alpn) {
    const auto made = tls_session::client(
        world.client, {.server_name = name, .alpn = alpn, .transport_parameters = parameters, .session_ticket = {}},
        end);
    return made ? std::string("no error") : made.error().reason;
  };
  EXPECT_EQ(client("localhost", {"h3"}), "no error");
  EXPECT_EQ(client("localhost", {}), "QUIC needs application protocols (ALPN) of 1 to 255 bytes");
  EXPECT_EQ(client("localhost", {""}), "QUIC needs application protocols (ALPN) of 1 to 255 bytes");
  EXPECT_EQ(client("localhost", {std::string(256, 'x')}), "QUIC needs application protocols (ALPN) of 1 to 255 bytes");
  EXPECT_EQ(client("localhost", {std::string(255, 'x')}), "no error");
  EXPECT_EQ(client("", {"h3"}), "a server name is needed to verify the server");
  EXPECT_EQ(client(std::string_view("local\0host", 10), {"h3"}), "the server name contains a zero byte");
  EXPECT_NE(client(std::string(300, 'x'), {"h3"}), "no error");
  EXPECT_FALSE(tls_session::server(world.server, {}, end));
  const std::vector<std::string> alpn{"h3"};
  EXPECT_EQ(tls_session::server(tls_context(), {.alpn = alpn}, end).error().reason, "there is no TLS context");
}

// RFC 9001, sections 8.1 and 8.2: none of what follows is enforced by OpenSSL. The peer is OpenSSL itself, doing TLS
// over TCP: what it says is seen before its records are made, so that it can be told as CRYPTO data.
class plain_peer {
public:
  plain_peer(const tls_context& context, bool is_client) : ssl_(SSL_new(context.native_handle())) {
    is_client ? SSL_set_connect_state(ssl_) : SSL_set_accept_state(ssl_);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_clear_options(ssl_, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_set_verify(ssl_, SSL_VERIFY_NONE, nullptr);
    SSL_set_msg_callback(ssl_, overhear);
    SSL_ctrl(ssl_, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, this);
  }
  ~plain_peer() { SSL_free(ssl_); }
  plain_peer(const plain_peer&) = delete;
  plain_peer& operator=(const plain_peer&) = delete;

  void hear(const bytes& hello) {
    const auto size = static_cast<std::uint16_t>(hello.size());
    bytes record{22, 3, 1, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    record.insert(record.end(), hello.begin(), hello.end());
    BIO_write(SSL_get_rbio(ssl_), record.data(), static_cast<int>(record.size()));
  }

  void step() {
    SSL_do_handshake(ssl_);
    ERR_clear_error();
  }

  SSL* ssl() { return ssl_; }

  std::deque<tls_end::flight> said;

private:
  static void overhear(int is_writing, int, int type, const void* data, std::size_t size, SSL*, void* self) {
    if (is_writing == 0 || type != SSL3_RT_HANDSHAKE) return;
    auto& said = static_cast<plain_peer*>(self)->said;
    const auto* first = static_cast<const std::uint8_t*>(data);
    const bool is_hello = *first == SSL3_MT_CLIENT_HELLO || *first == SSL3_MT_SERVER_HELLO;
    said.push_back({is_hello ? encryption_level::initial : encryption_level::handshake, {first, first + size}});
  }

  SSL* ssl_;
};

constexpr unsigned char offer_h3[] = {2, 'h', '3'};

int select_first(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
  *out = in + 1;
  *size = in[0];
  return SSL_TLSEXT_ERR_OK;
}

// [rfc9001 8.2#1]
TEST_F(tls_refusal, of_a_client_without_transport_parameters) {
  tls_pair pair(options);
  plain_peer client(options.client_context, true);
  SSL_set_alpn_protos(client.ssl(), offer_h3, sizeof offer_h3);
  client.step();
  ASSERT_EQ(client.said.size(), 1u);
  pair.server.receive(client.said.front(), 1000);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{109, "the peer sent no transport parameters"}));
  EXPECT_TRUE(pair.server.sent.empty()) << "nothing answers it";
}

// [rfc9001 8.1#1]
TEST_F(tls_refusal, of_a_client_that_names_no_protocol) {
  tls_pair pair(options);
  plain_peer client(options.client_context, true);
  client.step();
  pair.server.receive(client.said.front(), 1000);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{120, "the peer named no application protocol (ALPN)"}));
  EXPECT_TRUE(pair.server.sent.empty()) << "nothing answers it";
}

void expect_refusal_of_server(const tls_pair_options& options, const tls_error& expected) {
  tls_pair pair(options);
  plain_peer server(options.server_context, false);
  pair.client.start();
  server.hear(pair.client.sent.front().content);
  pair.client.sent.clear();
  server.step();
  ASSERT_GE(server.said.size(), 4u);
  for (const auto& flight : server.said) {
    if (!pair.client.error) pair.client.receive(flight, 1000);
  }
  ASSERT_TRUE(pair.client.error);
  EXPECT_EQ(*pair.client.error, expected);
  EXPECT_FALSE(pair.client.session->handshake_complete());
  EXPECT_FALSE(pair.client.knows(encryption_level::application, direction::write));
  EXPECT_FALSE(pair.client.knows(encryption_level::application, direction::read));
  EXPECT_TRUE(pair.client.sent.empty()) << "no Finished answers it";
}

// [rfc9000 7#2] [rfc9001 8.1#3 8.1#6]
TEST_F(tls_refusal, of_a_server_that_chooses_no_protocol) {
  // The peer has no session of ours bound to it: our callback selects nothing for it.
  expect_refusal_of_server(options, {120, "the peer named no application protocol (ALPN)"});
}

// [rfc9001 8.2#1]
TEST_F(tls_refusal, of_a_server_without_transport_parameters) {
  options.server_context = expect(tls_context::server(world.server_options()));
  SSL_CTX_set_alpn_select_cb(options.server_context.native_handle(), select_first, nullptr);
  expect_refusal_of_server(options, {109, "the peer sent no transport parameters"});
}

TEST_F(tls_refusal, of_a_server_of_ours_that_set_no_transport_parameters) {
  options.server_parameters = {};
  tls_pair pair(options);
  pair.run();
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{80, "no transport parameters were set"}));
  EXPECT_TRUE(pair.server.sent.empty());
}

TEST_F(tls_refusal, of_bytes_at_the_wrong_level) {
  for (const auto level : {encryption_level::early_data, encryption_level::handshake, encryption_level::application}) {
    tls_pair pair(options);
    pair.client.start();
    pair.client.sent.front().level = level;
    tls_pair::deliver(pair.client, pair.server);
    ASSERT_TRUE(pair.server.error);
    EXPECT_EQ(pair.server.error->alert, 10);
  }
  tls_pair pair(options);
  pair.run();
  pair.client.receive({encryption_level::handshake, {4, 0, 0, 0}}, 100);
  ASSERT_TRUE(pair.client.error);
  EXPECT_EQ(pair.client.error->alert, 10);
}

TEST_F(tls_refusal, of_nonsense) {
  tls_pair pair(options);
  pair.server.receive({encryption_level::initial, bytes(100, 0xff)}, 1000);
  ASSERT_TRUE(pair.server.error);
  EXPECT_NE(pair.server.error->reason, "");
}

// [rfc9001 4.8#1]
TEST_F(tls_refusal, is_repeated_by_every_later_call) {
  tls_pair pair(options);
  pair.server.receive({encryption_level::initial, bytes(4, 0xff)}, 1000);
  ASSERT_TRUE(pair.server.error);
  const auto again = pair.server.session->receive(encryption_level::initial, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), *pair.server.error);
  EXPECT_FALSE(pair.server.session->advance());
}

TEST_F(tls_refusal, of_a_client_hello_that_claims_to_be_huge) {
  const auto announced = [&](std::uint32_t size) {
    tls_pair pair(options);
    const auto byte = [&](int shift) { return static_cast<std::uint8_t>(size >> shift); };
    pair.server.receive({encryption_level::initial, {1, byte(16), byte(8), byte(0)}}, 1);
    return pair.server.error;
  };
  EXPECT_FALSE(announced(max_client_hello_size));
  ASSERT_TRUE(announced(max_client_hello_size + 1));
  EXPECT_EQ(*announced(max_client_hello_size + 1), (tls_error{47, "the ClientHello is too large"}));
  EXPECT_TRUE(announced(0xffffff));
}

// The message is a KeyUpdate (RFC 8446, section 4.6.3), forbidden in QUIC (RFC 9001, section 6).
// [rfc9001 6#2]
TEST_F(tls_refusal, of_key_updates_of_tls) {
  for (const bool of_client : {true, false}) {
    tls_pair pair(options);
    pair.run();
    tls_end& end = of_client ? pair.client : pair.server;
    end.receive({encryption_level::application, {24, 0, 0, 1, 0}}, 100);
    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->alert, 10);
  }
}

TEST_F(tls_refusal, of_bytes_that_trail_a_change_of_level) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  ASSERT_EQ(pair.server.sent.front().level, encryption_level::initial);
  pair.server.sent.front().content.push_back(0);
  tls_pair::deliver(pair.server, pair.client);
  ASSERT_TRUE(pair.client.error);
  EXPECT_EQ(pair.client.error->alert, 10);
}

TEST_F(tls_refusal, of_bytes_that_trail_the_last_finished) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  pair.client.sent.back().content.push_back(0);
  tls_pair::deliver(pair.client, pair.server);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, 10);
}

// In QUIC a ClientHello has no legacy_session_id (RFC 9001, section 8.4): ours never has one, whatever the context
// says.
// [rfc9001 8.4#1]
TEST_F(tls_refusal, is_not_earned_by_a_hello_of_ours) {
  SSL_CTX_set_options(options.client_context.native_handle(), SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  tls_pair pair(options);
  pair.client.start();
  const bytes& hello = pair.client.sent.front().content;
  constexpr std::size_t session_id_at = 4 + 2 + 32;
  ASSERT_GT(hello.size(), session_id_at);
  EXPECT_EQ(hello[session_id_at], 0);
}

// The supported_versions extension (RFC 8446, section 4.2.1), with what it offers and what it chooses.
constexpr std::uint8_t offer_of_13_alone[] = {0, 43, 0, 3, 2, 3, 4};
constexpr std::uint8_t choice_of_13[] = {0, 43, 0, 2, 3, 4};

// [rfc9001 4.2#1 4.2#2]
TEST_F(tls_refusal, of_older_versions_of_tls) {
  const auto make_older = [](bytes& hello, byte_view extension) {
    const auto found = std::search(hello.begin(), hello.end(), extension.begin(), extension.end());
    ASSERT_NE(found, hello.end());
    *(found + static_cast<std::ptrdiff_t>(extension.size()) - 1) = 3;  // TLS 1.2.
  };
  // A context of the application's own may allow more; a session does not.
  SSL_CTX_set_min_proto_version(options.client_context.native_handle(), TLS1_2_VERSION);
  tls_pair offered(options);
  offered.client.start();
  make_older(offered.client.sent.front().content, offer_of_13_alone);
  tls_pair::deliver(offered.client, offered.server);
  ASSERT_TRUE(offered.server.error);
  EXPECT_TRUE(offered.server.sent.empty());

  tls_pair chosen(options);
  chosen.client.start();
  tls_pair::deliver(chosen.client, chosen.server);
  make_older(chosen.server.sent.front().content, choice_of_13);
  tls_pair::deliver(chosen.server, chosen.client);
  ASSERT_TRUE(chosen.client.error);
  EXPECT_FALSE(chosen.client.session->handshake_complete());
}

TEST_F(tls_refusal, of_middlebox_compatibility_in_a_client_hello) {
  tls_pair pair(options);
  pair.client.start();
  bytes& hello = pair.client.sent.front().content;
  constexpr std::size_t session_id_at = 4 + 2 + 32;
  ASSERT_EQ(hello[session_id_at], 0);
  hello[session_id_at] = 32;
  hello.insert(hello.begin() + session_id_at + 1, 32, 0x55);
  const std::size_t size = hello.size() - 4;
  hello[1] = static_cast<std::uint8_t>(size >> 16);
  hello[2] = static_cast<std::uint8_t>(size >> 8);
  hello[3] = static_cast<std::uint8_t>(size);
  for (const std::size_t piece : {1u, 35u, 39u, 10'000u}) {
    tls_end server;
    server.session = expect(tls_session::server(world.server, {.alpn = options.server_alpn}, server));
    server.receive(pair.client.sent.front(), piece);
    ASSERT_TRUE(server.error);
    EXPECT_EQ(*server.error, (tls_error{47, "the ClientHello asks for middlebox compatibility", true}));
  }
}

TEST_F(tls_refusal, of_a_finished_that_was_changed) {
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  pair.client.sent.back().content.back() ^= 1;
  tls_pair::deliver(pair.client, pair.server);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(pair.server.error->alert, 51) << "decrypt_error";
  EXPECT_FALSE(pair.server.session->handshake_complete());
}

TEST_F(tls_refusal, of_other_parameters_in_the_second_client_hello) {
  options.server_context = expect(tls_context::server(world.server_options()));
  set_groups(options.server_context, "P-384");
  tls_pair pair(options);
  pair.client.start();
  tls_pair::deliver(pair.client, pair.server);
  tls_pair::deliver(pair.server, pair.client);
  ASSERT_EQ(pair.client.sent.size(), 1u);
  bytes& hello = pair.client.sent.front().content;
  const bytes extension{0, 57, 0, 3, 1, 2, 3};
  const auto found = std::search(hello.begin(), hello.end(), extension.begin(), extension.end());
  ASSERT_NE(found, hello.end());
  *(found + 6) = 9;
  tls_pair::deliver(pair.client, pair.server);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{47, "the second ClientHello has other transport parameters"}));
}

}  // namespace
