#include <thread>

#include "driver/http3_pair.hpp"
#include "quasio/driver/http3_router.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// "/to/307/next" answers with 307 and Location: /next; all else tells what arrived.
http3::router redirecting_routes() {
  http3::router routes;
  routes.any("/to/{status}/{where...}",
             [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
               co_await request.read_all();
               response.status(request.parameter_number<int>("status").value());
               response.set("location", "/" + std::string(request.parameter("where")));
               co_await response.finish("moved");
             });
  routes.any("/elsewhere/{port}", [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    response.status(302);
    response.set("location", "https://localhost:" + std::string(request.parameter("port")) + "/");
    co_await response.finish();
  });
  routes.any("/raw", [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    response.status(302);
    response.set("location", request.query().value_or("location", ""));
    co_await response.finish();
  });
  routes.any("/{path...}", [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    const std::string body = co_await request.read_all();
    std::string text = request.method() + " " + request.path() + " " + body;
    for (const auto& each : request.headers()) text += " " + each.name;
    co_await response.finish(text);
  });
  return routes;
}

http3::client_options following_client() {
  auto options = trusting_client();
  options.redirects.max_redirects = 5;
  return options;
}

struct redirecting_pair : http3_pair {
  explicit redirecting_pair(http3::client_options with = following_client())
      : http3_pair(redirecting_routes(), serve_on_loopback(), std::move(with)) {}
};

asio::awaitable<std::string> fetch(http3_pair& at, std::string method, std::string target, std::string body = {}) {
  http3::client_request what;
  what.method = std::move(method);
  what.url = at.url(target);
  what.body = std::move(body);
  if (!what.body.empty()) what.headers.push_back({"content-type", "text/plain"});
  auto response = co_await at.client.request(std::move(what));
  co_return co_await response.read_all();
}

asio::awaitable<error_code> failure_of_get(http3_pair& at, std::string target) {
  const auto [failed, response] = co_await at.client.get(at.url(target), as_result);
  co_return http3::failure_of(failed).value_or(http3::failure{}).code;
}

TEST(http3_redirects, are_followed_only_by_those_who_want_to) {
  redirecting_pair pair(trusting_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url("/to/302/there"));
    EXPECT_EQ(response.status(), 302);
    EXPECT_EQ(response.redirects(), 0u);
    EXPECT_EQ(response.url(), at.url("/to/302/there"));
    EXPECT_EQ(co_await response.read_all(), "moved");
    http3::client_request what;
    what.url = at.url("/to/302/there");
    what.max_redirects = 1;
    auto followed = co_await at.client.request(std::move(what));
    EXPECT_EQ(followed.status(), 200);
    EXPECT_EQ(followed.redirects(), 1u);
    EXPECT_EQ(followed.url(), at.url("/there"));
  }(pair));
}

TEST(http3_redirects, change_the_method_where_they_must) {
  redirecting_pair pair;
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (const char* status : {"301", "302", "303"}) {
      const std::string got = co_await fetch(at, "POST", std::string("/to/") + status + "/x", "body");
      EXPECT_EQ(got, "GET /x ") << status;
    }
    for (const char* status : {"307", "308"}) {
      const std::string got = co_await fetch(at, "POST", std::string("/to/") + status + "/x", "body");
      EXPECT_EQ(got, "POST /x body content-type content-length") << status;
    }
    EXPECT_EQ(co_await fetch(at, "PUT", "/to/301/x", "body"), "PUT /x body content-type content-length");
    EXPECT_EQ(co_await fetch(at, "PUT", "/to/303/x", "body"), "GET /x ");
    EXPECT_EQ(co_await fetch(at, "HEAD", "/to/303/x"), "");
    EXPECT_EQ(co_await fetch(at, "GET", "/to/300/x"), "moved") << "the choice is the user's";
    EXPECT_EQ(co_await fetch(at, "GET", "/to/304/x"), "");
  }(pair));
}

TEST(http3_redirects, run_a_source_again) {
  redirecting_pair pair;
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    int runs = 0;
    http3::client_request what;
    what.method = "PUT";
    what.url = at.url("/to/307/to/308/x");
    what.source = [&runs](http3::request_writer& writer) -> asio::awaitable<void> {
      ++runs;
      co_await asio::async_write(writer, asio::buffer("streamed", 8), as_result);
    };
    auto response = co_await at.client.request(std::move(what));
    EXPECT_EQ(co_await response.read_all(), "PUT /x streamed");
    EXPECT_EQ(runs, 3);
    EXPECT_EQ(response.redirects(), 2u);
  }(pair));
}

TEST(http3_redirects, end_at_the_limit_and_in_circles) {
  redirecting_pair pair;
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    EXPECT_EQ(co_await fetch(at, "GET", "/to/302/to/302/to/302/to/302/to/302/x"), "GET /x ");
    EXPECT_EQ(co_await failure_of_get(at, "/to/302/to/302/to/302/to/302/to/302/to/302/x"),
              http3::client_error::too_many_redirects);
    EXPECT_EQ(co_await failure_of_get(at, "/raw?location=/raw%3flocation%3d/raw"), error_code()) << "no Location";
    EXPECT_EQ(co_await failure_of_get(at, "/raw?location="), error_code());
    EXPECT_EQ(co_await failure_of_get(at, "/raw?location=%23here"), http3::client_error::redirect_loop);
  }(pair));
}

TEST(http3_redirects, lead_nowhere_but_to_https) {
  redirecting_pair pair;
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (const char* location : {"http://localhost/", "ftp://localhost/", "//user@localhost/", "https:///", "/a%20b"}) {
      const auto code = co_await failure_of_get(at, std::string("/raw?location=") + location);
      EXPECT_EQ(code, http3::client_error::bad_redirect) << location;
    }
  }(pair));
}

TEST(http3_redirects, to_another_origin_leave_secrets_behind) {
  redirecting_pair pair;
  http3_pair other(redirecting_routes());
  std::thread serving([&] { other.context.run(); });
  run(pair.context, [](http3_pair& at, std::uint16_t port) -> asio::awaitable<void> {
    http3::client_request what;
    what.headers.push_back({"authorization", "secret"});
    what.headers.push_back({"cookie", "secret"});
    what.headers.push_back({"x-public", "yes"});
    what.url = at.url("/to/302/x");
    auto same = co_await at.client.request(what);
    EXPECT_EQ(co_await same.read_all(), "GET /x  authorization cookie x-public");
    what.url = at.url("/elsewhere/" + std::to_string(port));
    auto elsewhere = co_await at.client.request(what);
    EXPECT_EQ(co_await elsewhere.read_all(), "GET /  x-public");
    EXPECT_EQ(elsewhere.url(), "https://localhost:" + std::to_string(port) + "/");
  }(pair, other.endpoint.port));
  auto options = following_client();
  options.redirects.to_other_origins = false;
  redirecting_pair faithful(options);
  run(faithful.context, [](http3_pair& at, std::uint16_t port) -> asio::awaitable<void> {
    EXPECT_EQ(co_await failure_of_get(at, "/elsewhere/" + std::to_string(port)), http3::client_error::bad_redirect);
  }(faithful, other.endpoint.port));
  other.context.stop();
  serving.join();
}

}  // namespace
}  // namespace quasio::test
