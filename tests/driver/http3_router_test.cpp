#include "quasio/driver/http3_router.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

asio::awaitable<http3::client_response> ask(http3_pair& at, std::string method, std::string target) {
  http3::client_request what;
  what.method = std::move(method);
  what.url = at.url(target);
  co_return co_await at.client.request(std::move(what));
}

asio::awaitable<void> tell_user(http3::request& request, http3::response& response) {
  std::string text = request.route();
  text.append(" ").append(request.parameter("id")).append(" ").append(request.query().value_or("as", "nobody"));
  co_await response.finish(text);
}

http3::router some_routes() {
  http3::router routes;
  routes.get("/users/{id}", tell_user);
  routes.post("/users", [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    const std::string body = co_await request.read_all();
    response.status(201);
    co_await response.finish(body);
  });
  return routes;
}

TEST(http3_router, hands_requests_to_their_routes) {
  http3_pair pair(some_routes());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto got = co_await at.client.get(at.url("/users/a%20b?as=x+y"));
    EXPECT_EQ(got.status(), 200);
    EXPECT_EQ(co_await got.read_all(), "/users/{id} a b x y");
    auto posted = co_await at.client.post(at.url("/users"), "new", "text/plain");
    EXPECT_EQ(posted.status(), 201);
    EXPECT_EQ(co_await posted.read_all(), "new");
  }(pair));
}

TEST(http3_router, answers_what_the_routes_leave_open) {
  http3_pair pair(some_routes());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto missing = co_await ask(at, "GET", "/nothing");
    EXPECT_EQ(missing.status(), 404);
    auto refused = co_await ask(at, "DELETE", "/users/7");
    EXPECT_EQ(refused.status(), 405);
    EXPECT_EQ(refused.header("allow"), "GET, HEAD, OPTIONS");
    auto options = co_await ask(at, "OPTIONS", "/users");
    EXPECT_EQ(options.status(), 204);
    EXPECT_EQ(options.header("allow"), "OPTIONS, POST");
    auto malformed = co_await ask(at, "GET", "/users/%zz");
    EXPECT_EQ(malformed.status(), 400);
    auto upward = co_await ask(at, "GET", "/users/%2e%2e/x");
    EXPECT_EQ(upward.status(), 400);
    auto head = co_await ask(at, "HEAD", "/users/7");
    EXPECT_EQ(head.status(), 200);
    EXPECT_EQ(head.content_length(), std::string("/users/{id} 7 nobody").size());
    EXPECT_EQ(co_await head.read_all(), "");
  }(pair));
}

TEST(http3_router, runs_middleware_around_all_and_nested_around_its_own) {
  std::vector<std::string> steps;
  const auto note = [&steps](std::string name) -> http3::middleware {
    return [&steps, name](http3::request& request, http3::response& response,
                          http3::next_handler next) -> asio::awaitable<void> {
      steps.push_back(name + " " + request.route());
      co_await next();
      steps.push_back(name + " " + std::to_string(response.status()));
    };
  };
  http3::router inner;
  inner.get("/x/{id}", tell_user).use(note("inner"));
  http3::router outer = some_routes();
  // Added before the middleware, and yet below it.
  outer.mount("/in", inner).use(note("first")).use(note("second"));
  http3_pair pair(outer);
  run(pair.context, [](http3_pair& at, std::vector<std::string>& noted) -> asio::awaitable<void> {
    auto nested = co_await ask(at, "GET", "/in/x/1");
    EXPECT_EQ(co_await nested.read_all(), "/in/x/{id} 1 nobody");
    EXPECT_EQ(noted, (std::vector<std::string>{"first /in/x/{id}", "second /in/x/{id}", "inner /in/x/{id}", "inner 200",
                                               "second 200", "first 200"}));
    noted.clear();
    auto missing = co_await ask(at, "GET", "/nothing");
    EXPECT_EQ(noted, (std::vector<std::string>{"first ", "second ", "second 404", "first 404"}));
  }(pair, steps));
}

TEST(http3_router, lets_middleware_answer_and_catch) {
  http3::router routes = some_routes();
  routes.get("/fault", [](http3::request&, http3::response&) -> asio::awaitable<void> {
    throw std::runtime_error("out of luck");
    co_return;
  });
  routes.use([](http3::request& request, http3::response& response, http3::next_handler next) -> asio::awaitable<void> {
    if (request.header("authorization").empty()) {
      response.status(401);
      co_await response.finish();
      co_return;
    }
    std::string fault;
    try {
      co_await next();
    } catch (const std::runtime_error& failed) {
      fault = failed.what();
    }
    if (fault.empty()) co_return;
    response.status(503);
    co_await response.finish(fault);
  });
  http3_pair pair(routes);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto refused = co_await ask(at, "GET", "/users/1");
    EXPECT_EQ(refused.status(), 401);
    http3::client_request what;
    what.url = at.url("/fault");
    what.headers.push_back({"authorization", "yes"});
    auto failed = co_await at.client.request(std::move(what));
    EXPECT_EQ(failed.status(), 503);
    EXPECT_EQ(co_await failed.read_all(), "out of luck");
  }(pair));
}

TEST(http3_router, says_not_found_in_the_words_of_its_user) {
  http3::router routes = some_routes();
  routes.not_found([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    response.status(404);
    co_await response.finish("no " + std::string(request.path_only()));
  });
  http3_pair pair(routes);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto missing = co_await ask(at, "GET", "/a?b");
    EXPECT_EQ(missing.status(), 404);
    EXPECT_EQ(co_await missing.read_all(), "no /a");
  }(pair));
}

TEST(http3_router, serves_on_several_threads) {
  auto options = serve_on_loopback();
  options.threads = 3;
  http3_pair pair(some_routes(), options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      http3::client other(at.context.get_executor(), trusting_client());
      auto got = co_await other.get(at.url("/users/" + std::to_string(i)));
      EXPECT_EQ(co_await got.read_all(), "/users/{id} " + std::to_string(i) + " nobody");
    }
  }(pair));
}

}  // namespace
}  // namespace quasio::test
