#include "quasio/crypto/tls_context.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/quic.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "crypto/tls_engine.hpp"
#include "crypto/tls_pair.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;

struct context_deleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using owned_context = std::unique_ptr<SSL_CTX, context_deleter>;

owned_context make(const SSL_METHOD* method) { return owned_context(SSL_CTX_new(method)); }

struct tls_context_making : testing::Test {
  tls_world world;
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("quasio-crypto-test-" + std::to_string(::getpid()));

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override {
    std::filesystem::remove_all(folder);
    EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's error queue must be left empty";
  }

  std::string file(const std::string& name, const std::string& content) {
    const auto path = folder / name;
    std::ofstream(path) << content;
    return path.string();
  }

  static std::string reason(const result<tls_context, tls_error>& made) {
    return made ? "no error" : made.error().reason;
  }

  std::string server_reason(const pem& chain, const pem& key) {
    server_options options;
    options.certificate_chain = chain;
    options.private_key = key;
    return reason(tls_context::server(options));
  }

  std::string client_reason(const pem& roots) {
    auto options = world.client_options();
    options.additional_roots = roots;
    return reason(tls_context::client(options));
  }
};

TEST_F(tls_context_making, reads_files_as_well_as_text) {
  const pem chain = pem::file(file("cert.pem", world.leaf.certificate_pem));
  const pem key = pem::file(file("key.pem", world.leaf.key_pem));
  server_options options;
  options.certificate_chain = chain;
  options.private_key = key;
  auto client = world.client_options();
  client.additional_roots = pem::file(file("roots.pem", make_ca().certificate_pem + world.root.certificate_pem));
  auto pair_options = world.pair_options();
  pair_options.server_context = expect(tls_context::server(options));
  pair_options.client_context = expect(tls_context::client(client));
  EXPECT_TRUE(tls_pair(pair_options).run().complete());
}

TEST_F(tls_context_making, names_the_file_that_is_missing) {
  const std::string missing = (folder / "missing.pem").string();
  const pem chain = pem::text(world.leaf.certificate_pem);
  EXPECT_EQ(server_reason(pem::file(missing), pem::text(world.leaf.key_pem)),
            "cannot read certificate chain \"" + missing + "\": No such file or directory");
  EXPECT_EQ(server_reason(chain, pem::file(missing)),
            "cannot read private key \"" + missing + "\": No such file or directory");
  EXPECT_EQ(client_reason(pem::file(missing)),
            "cannot read additional roots \"" + missing + "\": No such file or directory");
  EXPECT_EQ(client_reason(pem::file(folder.string())),
            "cannot read additional roots \"" + folder.string() + "\": Is a directory");
}

TEST_F(tls_context_making, says_what_was_not_given) {
  EXPECT_EQ(server_reason({}, {}), "no certificate chain was given");
  EXPECT_EQ(server_reason(pem::text(world.leaf.certificate_pem), {}), "no private key was given");
  auto client = world.client_options();
  client.private_key = pem::text(world.leaf.key_pem);
  EXPECT_EQ(reason(tls_context::client(client)), "no certificate chain was given");
}

TEST_F(tls_context_making, says_what_is_no_certificate_or_key) {
  const pem chain = pem::text(world.leaf.certificate_pem);
  const std::string empty = file("empty.pem", "");
  EXPECT_EQ(server_reason(pem::file(empty), {}), "certificate chain \"" + empty + "\" holds no PEM certificate");
  EXPECT_EQ(server_reason(pem::text("nonsense"), {}), "certificate chain (given as text) holds no PEM certificate");
  EXPECT_EQ(server_reason(chain, pem::text("nonsense")), "private key (given as text) holds no PEM private key");
  EXPECT_EQ(client_reason(pem::text(world.leaf.key_pem)), "additional roots (given as text) holds no PEM certificate");

  std::string broken = world.leaf.certificate_pem;
  broken.replace(100, 4, "!!!!");
  EXPECT_TRUE(server_reason(pem::text(broken), {}).starts_with("cannot use certificate chain (given as text): "));
  EXPECT_TRUE(server_reason(pem::text(world.leaf.certificate_pem + broken), {})
                  .starts_with("cannot use certificate chain (given as text): "))
      << "the second of a chain counts as well";
}

TEST_F(tls_context_making, checks_that_key_and_certificate_belong_together) {
  const std::string key = file("key.pem", issue(world.root).key_pem);
  const std::string reason = server_reason(pem::text(world.leaf.certificate_pem), pem::file(key));
  EXPECT_TRUE(reason.starts_with("private key \"" + key + "\" does not belong to certificate chain (given as text): "))
      << reason;
}

// Asked at the terminal for its password, a server would stand still.
TEST_F(tls_context_making, refuses_an_encrypted_key_without_asking) {
  const auto key = detail::parse(world.leaf).key;
  const detail::bio_pointer memory(BIO_new(BIO_s_mem()));
  unsigned char password[] = "secret";
  ASSERT_EQ(PEM_write_bio_PrivateKey(memory.get(), key.get(), EVP_aes_256_cbc(), password, 6, nullptr, nullptr), 1);
  const std::string reason =
      server_reason(pem::text(world.leaf.certificate_pem), pem::text(detail::text_of(memory.get())));
  EXPECT_TRUE(reason.starts_with("cannot use private key (given as text): ")) << reason;
}

TEST_F(tls_context_making, trusts_nobody_else_without_the_systems_roots) {
  client_options options;
  options.trust_system_roots = false;
  EXPECT_TRUE(tls_context::client(options));
  options.trust_system_roots = true;
  EXPECT_TRUE(tls_context::client(options));
}

TEST_F(tls_context_making, counts_references) {
  tls_context copy = world.client;
  EXPECT_EQ(copy, world.client);
  EXPECT_EQ(copy.native_handle(), world.client.native_handle());
  tls_context moved = std::move(copy);
  EXPECT_EQ(moved, world.client);
  EXPECT_FALSE(copy);  // NOLINT: a moved-from context is empty.
  copy = moved;
  moved = tls_context();
  EXPECT_TRUE(copy);
  EXPECT_FALSE(moved);
}

TEST_F(tls_context_making, adopts_what_the_program_has_configured) {
  const auto client = make(TLS_client_method());
  const auto server = make(TLS_method());
  const auto root = detail::parse(world.root).certificate;
  const auto leaf = detail::parse(world.leaf);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(client.get()), root.get());
  SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_use_certificate(server.get(), leaf.certificate.get());
  SSL_CTX_use_PrivateKey(server.get(), leaf.key.get());
  SSL_CTX_set_mode(server.get(), SSL_MODE_ASYNC);
  SSL_CTX_set_options(server.get(), SSL_OP_ENABLE_KTLS);

  auto options = world.pair_options();
  options.client_context = expect(tls_context::adopt(client.get()));
  options.server_context = expect(tls_context::adopt(server.get()));
  EXPECT_TRUE(tls_pair(options).run().complete());
  EXPECT_EQ(SSL_CTX_get_min_proto_version(server.get()), 0) << "the program's own settings are left alone";
  EXPECT_TRUE(expect(tls_context::adopt(server.get()))) << "as often as one likes";

  options.server_name = "elsewhere.test";
  EXPECT_EQ(tls_pair(options).run().client.error->alert, 42) << "its wish to verify is honoured";
}

TEST_F(tls_context_making, outlives_the_context_that_it_adopted) {
  tls_context adopted;
  {
    const auto theirs = make(TLS_method());
    adopted = expect(tls_context::adopt(theirs.get()));
  }
  EXPECT_EQ(SSL_CTX_get_max_proto_version(adopted.native_handle()), 0);
}

// [rfc9001 4.2#2]
TEST_F(tls_context_making, refuses_to_adopt_what_cannot_speak_quic) {
  EXPECT_EQ(reason(tls_context::adopt(nullptr)), "there is no TLS context to adopt");

  const auto old = make(TLS_method());
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  EXPECT_EQ(reason(tls_context::adopt(old.get())),
            "the TLS context cannot speak QUIC: its maximum version lies below TLS 1.3");

  const auto off = make(TLS_method());
  SSL_CTX_set_options(off.get(), SSL_OP_NO_TLSv1_3);
  EXPECT_EQ(reason(tls_context::adopt(off.get())), "the TLS context cannot speak QUIC: it switches TLS 1.3 off");

  const auto bare = make(TLS_method());
  SSL_CTX_set_ciphersuites(bare.get(), "");
  EXPECT_EQ(reason(tls_context::adopt(bare.get())),
            "the TLS context cannot speak QUIC: none of its cipher suites can protect QUIC packets");

  const auto ccm = make(TLS_method());
  SSL_CTX_set_ciphersuites(ccm.get(), "TLS_AES_128_CCM_SHA256");
  EXPECT_EQ(reason(tls_context::adopt(ccm.get())),
            "the TLS context cannot speak QUIC: none of its cipher suites can protect QUIC packets");

  const auto dtls = make(DTLS_method());
  EXPECT_EQ(reason(tls_context::adopt(dtls.get())),
            "the TLS context cannot speak QUIC: it is not for TLS (DTLS, or OpenSSL's own QUIC)");

  if (const auto quic = make(OSSL_QUIC_client_method())) {
    EXPECT_EQ(reason(tls_context::adopt(quic.get())),
              "the TLS context cannot speak QUIC: it is not for TLS (DTLS, or OpenSSL's own QUIC)");
  }
}

// [rfc9001 5.3#1]
TEST_F(tls_context_making, never_negotiates_a_suite_that_it_cannot_use) {
  const auto server = make(TLS_server_method());
  const auto leaf = detail::parse(world.leaf);
  SSL_CTX_use_certificate(server.get(), leaf.certificate.get());
  SSL_CTX_use_PrivateKey(server.get(), leaf.key.get());
  SSL_CTX_set_options(server.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_ciphersuites(server.get(), "TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_ciphersuites(world.client.native_handle(), "TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256");
  auto options = world.pair_options();
  options.server_context = expect(tls_context::adopt(server.get()));
  tls_pair pair(options);
  pair.run();
  EXPECT_TRUE(pair.complete());
  EXPECT_EQ(pair.client.session->cipher_name(), "TLS_AES_128_GCM_SHA256");
}

TEST_F(tls_context_making, leaves_the_programs_ticket_callback_in_place) {
  const auto theirs = make(TLS_method());
  const auto callback = +[](SSL*, SSL_SESSION*) { return 0; };
  SSL_CTX_sess_set_new_cb(theirs.get(), callback);
  const auto adopted = expect(tls_context::adopt(theirs.get()));
  EXPECT_EQ(SSL_CTX_sess_get_new_cb(theirs.get()), callback);
}

// A program may look up what it needs for a ClientHello elsewhere, and make TLS wait for it.
struct slow_lookup {
  explicit slow_lookup(SSL_CTX* context) { SSL_CTX_set_client_hello_cb(context, look_up, this); }

  static int look_up(SSL*, int*, void* self) {
    return static_cast<slow_lookup*>(self)->found ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY;
  }

  bool found = false;
};

TEST_F(tls_context_making, lets_the_programs_callbacks_make_tls_wait) {
  auto options = world.pair_options();
  options.server_context = expect(tls_context::adopt(world.server.native_handle()));
  slow_lookup lookup(world.server.native_handle());
  tls_pair pair(options);
  pair.run();
  EXPECT_FALSE(pair.server.error);
  EXPECT_TRUE(pair.server.sent.empty());
  EXPECT_TRUE(pair.server.session->advance());
  EXPECT_TRUE(pair.server.sent.empty());
  lookup.found = true;
  EXPECT_TRUE(pair.server.session->advance());
  EXPECT_FALSE(pair.server.sent.empty());
  while (tls_pair::deliver(pair.server, pair.client) || tls_pair::deliver(pair.client, pair.server)) {
  }
  EXPECT_TRUE(pair.complete());
}

TEST_F(tls_context_making, bounds_what_is_kept_while_tls_waits) {
  auto options = world.pair_options();
  options.server_context = expect(tls_context::adopt(world.server.native_handle()));
  const slow_lookup lookup(world.server.native_handle());
  tls_pair pair(options);
  pair.run();
  const tls_end::flight more{encryption_level::initial, std::vector<std::uint8_t>(max_waiting_crypto_data)};
  pair.server.receive(more, 100'000);
  EXPECT_FALSE(pair.server.error);
  pair.server.receive({encryption_level::initial, {0}}, 1);
  ASSERT_TRUE(pair.server.error);
  EXPECT_EQ(*pair.server.error, (tls_error{80, "too much CRYPTO data while TLS waits"}));
}

}  // namespace
