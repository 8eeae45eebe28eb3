// A client that comes back to a server which demands proof of the address (RFC 9000, section 8.1.3).

#include "driver/http3_pair.hpp"
#include "quasio/crypto/system_random.hpp"

namespace quasio::test {
namespace {

asio::awaitable<void> hello(http3::request&, http3::response& response) { co_await response.finish("hello"); }

http3::server_options doubtful_server() {
  auto options = serve_on_loopback();
  options.retry = quic::retry_policy::always;
  return options;
}

http3::client_options with_store(std::shared_ptr<quic::token_store> tokens) {
  auto options = trusting_client();
  options.tokens = std::move(tokens);
  return options;
}

/// One request by a client of its own: whether its connection began with a Retry.
bool was_asked_for_proof(asio::io_context& context, const std::string& url,
                         const std::shared_ptr<quic::token_store>& tokens) {
  context.restart();
  bool asked = false;
  http3::client client(context.get_executor(), with_store(tokens));
  run(context, [](http3::client& by, const std::string& what, bool& retried) -> asio::awaitable<void> {
    auto got = co_await by.get(what);
    EXPECT_EQ(co_await got.read_all(), "hello");
    retried = got.connection().handshake.after_retry;
  }(client, url, asked));
  client.close();
  context.restart();
  context.poll();
  return asked;
}

TEST(http3_tokens, spare_a_client_that_comes_back_the_proof_of_its_address) {
  http3_pair pair(hello, doubtful_server());
  const auto tokens = std::make_shared<quic::token_store>();
  EXPECT_TRUE(was_asked_for_proof(pair.context, pair.url(), tokens));
  EXPECT_EQ(tokens->size(), 2u);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(was_asked_for_proof(pair.context, pair.url(), tokens));
  EXPECT_LE(tokens->size(), 4u);
  EXPECT_TRUE(was_asked_for_proof(pair.context, pair.url(), std::make_shared<quic::token_store>()));
}

TEST(http3_tokens, are_used_once) {
  http3_pair pair(hello, doubtful_server());
  const auto tokens = std::make_shared<quic::token_store>();
  EXPECT_TRUE(was_asked_for_proof(pair.context, pair.url(), tokens));
  const std::string text = tokens->to_text();
  EXPECT_FALSE(was_asked_for_proof(pair.context, pair.url(), tokens));
  const auto replayed = std::make_shared<quic::token_store>();
  replayed->add_text(text);
  EXPECT_TRUE(was_asked_for_proof(pair.context, pair.url(), replayed)) << "this one was used";
}

TEST(http3_tokens, are_not_kept_by_a_client_that_wants_to_stay_unknown) {
  http3_pair pair(hello, doubtful_server());
  const auto tokens = std::make_shared<quic::token_store>();
  auto options = with_store(tokens);
  options.transport.max_received_tokens = 0;
  http3::client client(pair.context.get_executor(), options);
  run(pair.context, [](http3::client& by, const std::string& what) -> asio::awaitable<void> {
    auto got = co_await by.get(what);
    EXPECT_EQ(co_await got.read_all(), "hello");
    EXPECT_EQ(got.statistics().tokens_received, 0u);
  }(client, pair.url()));
  EXPECT_EQ(tokens->size(), 0u);
}

TEST(http3_tokens, hold_after_a_restart_with_the_same_keys) {
  crypto::system_random random;
  const auto keys = quic::token_keys::generate(random);
  const auto tokens = std::make_shared<quic::token_store>();
  auto options = doubtful_server();
  options.token_keys = quic::token_keys::import_bytes(keys->export_bytes());
  {
    http3_pair first(hello, options);
    options.endpoints = {first.endpoint};
    EXPECT_TRUE(was_asked_for_proof(first.context, first.url(), tokens));
  }
  options.token_keys = quic::token_keys::import_bytes(keys->export_bytes());
  {
    http3_pair again(hello, options);
    EXPECT_FALSE(was_asked_for_proof(again.context, again.url(), tokens));
  }
  options.token_keys = nullptr;
  http3_pair forgetful(hello, options);
  EXPECT_TRUE(was_asked_for_proof(forgetful.context, forgetful.url(), tokens));
}

TEST(http3_tokens, hold_on_every_thread_of_a_server) {
  auto options = doubtful_server();
  options.threads = 3;
  http3_pair pair(hello, options);
  const auto tokens = std::make_shared<quic::token_store>();
  EXPECT_TRUE(was_asked_for_proof(pair.context, pair.url(), tokens));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(was_asked_for_proof(pair.context, pair.url(), tokens));
}

}  // namespace
}  // namespace quasio::test
