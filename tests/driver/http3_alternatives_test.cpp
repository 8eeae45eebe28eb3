// Alternative services (RFC 7838) between clients and servers.

#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

/// An origin and an alternative of it, on one io_context; each says who it is.
struct two_places {
  two_places() {
    origin_port = begin(origin, "origin");
    other_port = begin(other, "alternative");
    advertised = "h3=\":" + std::to_string(other_port) + "\"";
  }

  std::uint16_t begin(std::optional<http3::server>& server, std::string name, crypto::tls_context tls = server_tls()) {
    auto options = serve_on_loopback();
    options.tls = std::move(tls);
    server.emplace(context.get_executor(), options);
    server->handle([this, name](http3::request& request, http3::response& response) -> asio::awaitable<void> {
      if (name == "alternative" && misdirected) {
        response.status(421);
        co_await response.finish();
        co_return;
      }
      if (!advertised.empty()) response.set("alt-svc", advertised);
      used = request.header("alt-used");
      co_await response.finish(name);
    });
    return server->start().front().port;
  }

  std::string url() const { return "https://localhost:" + std::to_string(origin_port) + "/"; }

  http3::client_options client() {
    auto options = trusting_client();
    options.alternatives = cache;
    options.alternative_timeout = 300ms;
    options.trace = [this](std::string_view line) { trace += std::string(line) + "\n"; };
    return options;
  }

  /// Who answers a client that has no connection yet.
  std::string get() { return get(client()); }
  std::string get(http3::client_options options) {
    std::string text;
    trace.clear();
    http3::client by(context.get_executor(), std::move(options));
    run(context, [](http3::client& with, std::string to, std::string& came) -> asio::awaitable<void> {
      auto response = co_await with.get(to);
      came = co_await response.read_all();
    }(by, url(), text));
    return text;
  }

  asio::io_context context{1};
  std::shared_ptr<http3::alt_svc_cache> cache = std::make_shared<http3::alt_svc_cache>();
  std::optional<http3::server> origin;
  std::optional<http3::server> other;
  std::uint16_t origin_port = 0;
  std::uint16_t other_port = 0;
  std::string advertised;
  std::string used;
  std::string trace;
  bool misdirected = false;
};

TEST(http3_alternatives, are_used_by_the_next_connection) {
  two_places at;
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.used, "");
  EXPECT_EQ(at.cache->size(), 1u);
  EXPECT_EQ(at.get(), "alternative");
  EXPECT_EQ(at.used, "localhost:" + std::to_string(at.other_port));
  // What it says is said for the origin.
  at.advertised = "clear";
  EXPECT_EQ(at.get(), "alternative");
  EXPECT_EQ(at.get(), "origin");
}

TEST(http3_alternatives, are_left_alone_where_nobody_wants_them) {
  two_places at;
  auto options = at.client();
  options.use_alternatives = false;
  EXPECT_EQ(at.get(options), "origin");
  EXPECT_EQ(at.cache->size(), 0u);
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.get(options), "origin");
  // Who clients do not share their cache with knows nothing.
  options = trusting_client();
  EXPECT_EQ(at.get(options), "origin");
}

TEST(http3_alternatives, that_do_not_answer_cost_one_attempt) {
  two_places at;
  asio::ip::udp::socket silent(at.context, net::to_udp_endpoint(loopback()));
  at.advertised = "h3=\":" + std::to_string(silent.local_endpoint().port()) + "\"";
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.get(), "origin");
  EXPECT_NE(at.trace.find("the alternative failed"), std::string::npos) << at.trace;
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.trace.find("alternative"), std::string::npos) << at.trace;
}

TEST(http3_alternatives, must_prove_to_be_the_origin) {
  two_places at;
  EXPECT_EQ(at.get(), "origin");
  at.other->abort();
  at.other.reset();
  // The same authority, but a certificate for somebody else.
  certificate_options stranger;
  stranger.common_name = "stranger.example";
  stranger.dns_names = {"stranger.example"};
  stranger.ip_addresses = {};
  const certificate made = issue(test_identity::get().authority, stranger);
  crypto::server_options tls;
  tls.certificate_chain = crypto::pem::text(made.certificate_pem);
  tls.private_key = crypto::pem::text(made.key_pem);
  at.advertised.clear();
  const std::uint16_t port = at.begin(at.other, "alternative", crypto::tls_context::server(tls).value());
  at.advertised = "h3=\":" + std::to_string(port) + "\"";
  at.cache->clear();
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.get(), "origin");
  EXPECT_NE(at.trace.find("certificate"), std::string::npos) << at.trace;
}

TEST(http3_alternatives, that_are_misdirected_are_forgotten) {
  two_places at;
  EXPECT_EQ(at.get(), "origin");
  at.misdirected = true;
  at.advertised.clear();
  EXPECT_EQ(at.get(), "origin");
  EXPECT_NE(at.trace.find("does not serve it"), std::string::npos) << at.trace;
  EXPECT_EQ(at.cache->size(), 0u);
}

TEST(http3_alternatives, that_are_the_origin_itself_are_nothing_special) {
  two_places at;
  at.advertised = "h3=\":" + std::to_string(at.origin_port) + "\"";
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.used, "");
}

TEST(http3_alternatives, that_are_malformed_are_not_heeded) {
  two_places at;
  at.advertised = "h3=\":" + std::to_string(at.other_port) + "\", nonsense";
  EXPECT_EQ(at.get(), "origin");
  EXPECT_EQ(at.cache->size(), 0u);
}

}  // namespace
}  // namespace quasio::test
