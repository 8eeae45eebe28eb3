#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "driver/routing_table.hpp"

namespace quasio::http3 {
namespace {

asio::awaitable<void> nothing(request&, response&) { co_return; }

std::string message_of(auto&& act) {
  try {
    act();
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

/// What a table of these routes, "GET /path", makes of a request: "pattern name=value ...", or what it lacks.
class table_of {
public:
  table_of(std::initializer_list<const char*> routes) {
    for (const std::string each : routes) {
      const std::size_t space = each.find(' ');
      auto pattern = parse_route_pattern(each.substr(space + 1)).value();
      const std::string method = each.substr(0, space);
      const auto added = table_.add({method == "*" ? "" : method, std::move(pattern), {}, nothing, {}});
      EXPECT_TRUE(added.has_value()) << each;
    }
  }

  std::string operator()(std::string_view method, std::string_view path) const {
    const auto split = split_request_path(path);
    if (!split) return "malformed";
    const route_match match = table_.match(method, *split);
    if (match.is_malformed) return "malformed";
    if (match.found == nullptr) {
      std::string text = match.allowed.empty() ? "none" : "allow";
      for (const std::string& each : match.allowed) text += " " + each;
      return text;
    }
    std::string text = match.found->pattern.text;
    for (std::size_t i = 0; i < match.values.size(); ++i) text += " " + match.found->names[i] + "=" + match.values[i];
    return text;
  }

private:
  routing_table table_;
};

TEST(routing_table, prefers_what_is_more_particular) {
  const table_of get{"GET /",           "GET /users",           "GET /users/me",
                     "GET /users/{id}", "GET /users/{rest...}", "GET /{any...}"};
  EXPECT_EQ(get("GET", "/"), "/");
  EXPECT_EQ(get("GET", "/users"), "/users");
  EXPECT_EQ(get("GET", "/users/me"), "/users/me");
  EXPECT_EQ(get("GET", "/users/7"), "/users/{id} id=7");
  EXPECT_EQ(get("GET", "/users/7/posts"), "/users/{rest...} rest=7/posts");
  EXPECT_EQ(get("GET", "/users/"), "/users/{rest...} rest=");
  EXPECT_EQ(get("GET", "/other/place"), "/{any...} any=other/place");
}

TEST(routing_table, goes_back_where_a_literal_leads_nowhere) {
  const table_of get{"GET /a/b/c", "GET /a/{x}/d", "GET /{y}/b/e", "GET /{y}/{rest...}"};
  EXPECT_EQ(get("GET", "/a/b/c"), "/a/b/c");
  EXPECT_EQ(get("GET", "/a/b/d"), "/a/{x}/d x=b");
  EXPECT_EQ(get("GET", "/a/b/e"), "/{y}/b/e y=a");
  EXPECT_EQ(get("GET", "/a/b/f"), "/{y}/{rest...} y=a rest=b/f");
}

TEST(routing_table, gives_way_to_a_pattern_that_has_the_method) {
  const table_of find{"POST /users/me", "GET /users/{id}", "DELETE /users/{id}", "* /any/{thing}"};
  EXPECT_EQ(find("GET", "/users/me"), "/users/{id} id=me");
  EXPECT_EQ(find("POST", "/users/me"), "/users/me");
  EXPECT_EQ(find("PUT", "/users/me"), "allow DELETE GET HEAD POST");
  EXPECT_EQ(find("PUT", "/users/7"), "allow DELETE GET HEAD");
  EXPECT_EQ(find("HEAD", "/users/7"), "/users/{id} id=7");
  EXPECT_EQ(find("BREW", "/any/pot"), "/any/{thing} thing=pot");
  EXPECT_EQ(find("GET", "/nowhere"), "none");
  EXPECT_EQ(find("get", "/users/7"), "allow DELETE GET HEAD") << "methods are case-sensitive";
}

TEST(routing_table, prefers_a_method_to_all_methods) {
  const table_of find{"* /x", "GET /x", "HEAD /y", "GET /y"};
  EXPECT_EQ(find("GET", "/x"), "/x");
  EXPECT_EQ(find("HEAD", "/y"), "/y");
}

TEST(routing_table, compares_segments_as_they_read) {
  const table_of get{"GET /a b/{x}", "GET /files/{path...}"};
  EXPECT_EQ(get("GET", "/a%20b/%41%2f%25"), "/a b/{x} x=A/%");
  EXPECT_EQ(get("GET", "/%66iles/a%20b/c"), "/files/{path...} path=a b/c");
  EXPECT_EQ(get("GET", "/a%20b/"), "none") << "a parameter is never empty";
  EXPECT_EQ(get("GET", "/A b/x"), "none");
}

TEST(routing_table, lets_nothing_out_of_the_rest) {
  const table_of get{"GET /files/{path...}", "GET /{one}/{two}"};
  for (const char* path :
       {"/files/..", "/files/../x", "/files/%2e%2e/x", "/files/.%2E/x", "/files/./x", "/files/a%00b", "/files/a%2fb",
        "/files/%2Fetc", "/files/%", "/files/%4", "/files/%zz", "files", "", "x/y"}) {
    EXPECT_EQ(get("GET", path), "malformed") << path;
  }
  EXPECT_EQ(get("GET", "/files/..."), "/files/{path...} path=...");
  EXPECT_EQ(get("GET", "/files//etc"), "/files/{path...} path=/etc");
  EXPECT_EQ(get("GET", "/other/a%2fb"), "/{one}/{two} one=other two=a/b");
}

TEST(routing_table, looks_at_each_node_once_whatever_the_path) {
  // Were it to follow both branches again and again, this would take 2^24 steps.
  router routes;
  std::string pattern;
  for (int depth = 0; depth < 24; ++depth) {
    routes.get(pattern + "/a/x", nothing);
    pattern += depth % 2 == 0 ? "/a" : "/{p" + std::to_string(depth) + "}";
    routes.get(pattern + "/{q}/y", nothing);
  }
  routing_table table;
  for (const std::string& each : routes.routes()) {
    ASSERT_TRUE(table.add({"GET", parse_route_pattern(each.substr(4)).value(), {}, nothing, {}}).has_value());
  }
  std::string path;
  for (int depth = 0; depth < 200; ++depth) path += "/a";
  EXPECT_EQ(table.match("GET", *split_request_path(path)).found, nullptr);
}

TEST(routing_table, survives_any_path) {
  const table_of get{"GET /files/{path...}", "GET /{one}/{two}", "GET /"};
  std::minstd_rand random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string path = "/files/";
    for (std::size_t size = random() % 12; size > 0; --size) {
      path += random() % 2 == 0 ? R"(/.%2eF0a)"[random() % 8] : static_cast<char>(random());
    }
    const std::string found = get("GET", path);
    if (!found.starts_with("/files/{path...} path=")) continue;
    // What a folder is prefixed to leads nowhere else.
    const std::string rest = "/" + found.substr(22) + "/";
    EXPECT_EQ(rest.find("/../"), std::string::npos) << path;
    EXPECT_EQ(rest.find('\0'), std::string::npos) << path;
  }
}

TEST(router, refuses_malformed_patterns_with_a_sentence) {
  const auto add = [](const char* pattern) { return message_of([&] { router().get(pattern, nothing); }); };
  EXPECT_NE(add("users").find("begin with a slash"), std::string::npos);
  EXPECT_NE(add("/a//b").find("empty segment"), std::string::npos);
  EXPECT_NE(add("/a{b}").find("whole segment"), std::string::npos);
  EXPECT_NE(add("/{a}b").find("whole segment"), std::string::npos);
  EXPECT_NE(add("/{").find("whole segment"), std::string::npos);
  EXPECT_NE(add("/{}").find("no name"), std::string::npos);
  EXPECT_NE(add("/{a-b}").find("no name"), std::string::npos);
  EXPECT_NE(add("/{...}").find("no name"), std::string::npos);
  EXPECT_NE(add("/{1}").find("no name"), std::string::npos);
  EXPECT_NE(add("/{a...}/b").find("must be its end"), std::string::npos);
  EXPECT_NE(add("/{a}/{a}").find("two parameters"), std::string::npos);
  EXPECT_NE(add("/a?b").find("percent-encoding"), std::string::npos);
  EXPECT_NE(add("/a%20b").find("percent-encoding"), std::string::npos);
  EXPECT_NE(add("/a/../b").find("never come"), std::string::npos);
  EXPECT_NE(add("/a\nb").find("control character"), std::string::npos);
  EXPECT_NE(message_of([] { router().get("/a", nullptr); }).find("no handler"), std::string::npos);
  for (const char* sound : {"", "/", "/a", "/a/", "/{a}", "/{a...}", "/a/{b}/c/{d...}", "/\xc3\xa4"})
    EXPECT_EQ(add(sound), "accepted") << sound;
}

TEST(router, refuses_what_is_ambiguous) {
  const auto twice = [](const char* first, const char* second) {
    return message_of([&] { router().get(first, nothing).get(second, nothing); });
  };
  EXPECT_EQ(twice("/users/{id}", "/users/{name}"), "route GET /users/{name} fits the same requests as GET /users/{id}");
  EXPECT_NE(twice("/a", "/a"), "accepted");
  EXPECT_NE(twice("/{a...}", "/{b...}"), "accepted");
  EXPECT_EQ(twice("/a", "/a/"), "accepted");
  EXPECT_EQ(twice("/{a}", "/{a...}"), "accepted");
  EXPECT_EQ(message_of([] { router().get("/a", nothing).post("/a", nothing).any("/a", nothing); }), "accepted");
}

TEST(router, mounts_all_or_nothing) {
  router nested;
  nested.get("", nothing).get("/", nothing).get("/{id}", nothing);
  router routes;
  routes.mount("/api/{version}", nested);
  EXPECT_EQ(routes.routes(),
            (std::vector<std::string>{"GET /api/{version}", "GET /api/{version}/", "GET /api/{version}/{id}"}));
  routes.get("/v1/x", nothing);
  router clashing;
  clashing.get("/y", nothing).get("/x", nothing);
  EXPECT_NE(message_of([&] { routes.mount("/v1", clashing); }), "accepted");
  EXPECT_EQ(routes.routes().size(), 4u) << "nothing of it was taken";
  EXPECT_NE(message_of([&] { routes.mount("/{id}", nested); }).find("two parameters"), std::string::npos);
  EXPECT_NE(message_of([&] { routes.mount("/a/", nested); }).find("does not end"), std::string::npos);
  EXPECT_NE(message_of([&] { routes.mount("/{a...}", nested); }).find("must be its end"), std::string::npos);
  EXPECT_EQ(message_of([&] { routes.mount("", nested); }), "accepted");
}

TEST(router, copies_do_not_change_one_another) {
  router first;
  first.get("/a", nothing);
  router second = first;
  second.get("/b", nothing);
  EXPECT_EQ(first.routes().size(), 1u);
  EXPECT_EQ(second.routes().size(), 2u);
  first = second;
  EXPECT_EQ(first.routes().size(), 2u);
}

}  // namespace
}  // namespace quasio::http3
