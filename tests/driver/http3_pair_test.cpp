#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

asio::awaitable<void> echo(http3::request& request, http3::response& response) {
  const std::string body = co_await request.read_all();
  response.set("x-method", request.method()).set("x-path", request.path());
  co_await response.finish(body);
}

TEST(http3_pair, get_and_post_are_answered) {
  http3_pair pair(echo);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto got = co_await at.client.get(at.url("/some?thing"));
    EXPECT_EQ(got.status(), 200);
    EXPECT_EQ(got.header("x-method"), "GET");
    EXPECT_EQ(got.header("x-path"), "/some?thing");
    EXPECT_EQ(got.content_length(), 0u);
    EXPECT_EQ(co_await got.read_all(), "");

    auto posted = co_await at.client.post(at.url(), "a body", "text/plain");
    EXPECT_EQ(posted.header("x-method"), "POST");
    EXPECT_EQ(posted.content_length(), 6u);
    EXPECT_EQ(co_await posted.read_all(), "a body");
    EXPECT_EQ(posted.connection().handshake.alpn, "h3");
  }(pair));
}

}  // namespace
}  // namespace quasio::test
