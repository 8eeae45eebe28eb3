#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/driver/http3_server.hpp"

namespace quasio::http3 {

class routing_table;
class routed_request;

/// What lies below a middleware: the next one, or at last the route's handler. Call it once at the most.
class next_handler {
public:
  /// Runs it to its end.
  asio::awaitable<void> operator()() const;

private:
  friend class routed_request;
  next_handler(const routed_request& run, std::size_t index) noexcept : run_(&run), index_(index) {}

  const routed_request* run_;
  std::size_t index_;
};

/// Runs around handlers: it may look at the request, answer it itself, or `co_await next()` and then look at what was
/// answered. The route is known by then: see request::route() and request::parameter().
using middleware = std::function<asio::awaitable<void>(request&, response&, next_handler next)>;

/// Finds the handler of a request by its method and path, and is itself a handler: `server.handle(router)`.
///
/// A pattern is a path of segments. "/users/me" is taken literally, "{id}" in "/users/{id}" stands for one segment that
/// is not empty, and "{path...}" at the end, as in "/files/{path...}", for all that is left, which may be empty or have
/// slashes. Where several fit, at the first segment that tells them apart a literal beats a parameter and a parameter
/// beats the rest; one that lacks the method gives way to one that has it. "/users" and "/users/" are different.
///
/// Patterns are written as they read, without percent-encoding: a request's segments are decoded before they are
/// compared. Answered with 400 are: an encoding that is malformed, a zero byte, a segment "." or ".." (clients resolve
/// them, RFC 3986 section 5.2.4; who does not is up to something) and an encoded slash in what "{path...}" stands for,
/// where nobody could tell it from a real one. So the rest, prefixed with a folder, leads nowhere but into it.
///
/// GET routes serve HEAD too. What the routes leave open is answered here: OPTIONS with 204 and Allow; a method that no
/// fitting pattern has with 405 and Allow; a path that no pattern fits with 404.
///
/// Threads: build it on one, and give it to the server, which keeps a copy that never changes. Handlers and middleware
/// are called as request_handler says.
class router {
public:
  router();
  router(const router& other);
  router(router&& other) noexcept;
  router& operator=(const router& other);
  router& operator=(router&& other) noexcept;
  ~router();

  /// Adds a route; `method` is as it comes ("GET"), and empty for all of them. Throws std::invalid_argument with a
  /// sentence where the pattern is malformed, or the method has a route already that fits the very same paths.
  ///
  /// The pattern "" fits the prefix itself where this router is mounted: "/api" where "/" would fit "/api/".
  router& add(std::string_view method, std::string_view pattern, request_handler handler);

  /// As add(), for one method. get() serves HEAD too; del() is DELETE; any() serves every method.
  router& get(std::string_view pattern, request_handler handler) { return add("GET", pattern, std::move(handler)); }
  router& post(std::string_view pattern, request_handler handler) { return add("POST", pattern, std::move(handler)); }
  router& put(std::string_view pattern, request_handler handler) { return add("PUT", pattern, std::move(handler)); }
  router& patch(std::string_view pattern, request_handler handler) { return add("PATCH", pattern, std::move(handler)); }
  router& del(std::string_view pattern, request_handler handler) { return add("DELETE", pattern, std::move(handler)); }
  router& any(std::string_view pattern, request_handler handler) { return add("", pattern, std::move(handler)); }

  /// Extended CONNECT with this :protocol (RFC 9220), e.g. "websocket". A protocol that no fitting pattern knows is
  /// answered with 501; routes for every method are not for these. See request::protocol().
  router& connect(std::string_view protocol, std::string_view pattern, request_handler handler);

  /// Adds a middleware around all that this router answers, also what it answers by itself, whenever the routes were
  /// added. The first that was added is the outermost.
  router& use(middleware around);

  /// Adds all routes of another router below a prefix, e.g. "/api/v1" or "/users/{user}", with its middleware around
  /// them, inside of this one's. Later changes of `nested` do not matter, and its not_found() is left behind. Throws as
  /// add() does.
  router& mount(std::string_view prefix, const router& nested);

  /// What answers where no pattern fits, instead of an empty 404.
  router& not_found(request_handler handler);

  /// All routes, "GET /users/{id}", in the order in which they were added; those for every method begin with "*", those
  /// for Extended CONNECT with "CONNECT:" and the protocol.
  std::vector<std::string> routes() const;

  /// Answers a request.
  asio::awaitable<void> operator()(request& asked, response& answer) const;

private:
  std::unique_ptr<routing_table> table_;
};

}  // namespace quasio::http3
