#include "quasio/driver/http3_router.hpp"

#include <stdexcept>
#include <utility>

#include "driver/routing_table.hpp"

namespace quasio::http3 {
namespace {

void insist(const result<void, std::string>& done) {
  if (!done) throw std::invalid_argument(done.error());
}

std::string allow_field(std::set<std::string> methods) {
  methods.insert("OPTIONS");
  std::string text;
  for (const std::string& each : methods) text += (text.empty() ? "" : ", ") + each;
  return text;
}

}  // namespace

/// A request on its way through the middleware to its handler.
class routed_request {
public:
  routed_request(const routing_table& table, request& asked, response& answer)
      : table_(table), asked_(asked), answer_(answer) {}

  void set_out(route_match&& match) { match_ = std::move(match); }

  asio::awaitable<void> go(std::size_t index) const {
    const std::size_t outer = table_.around.size();
    if (index < outer) return table_.around[index](asked_, answer_, next_handler(*this, index + 1));
    const auto* inner = match_.found != nullptr ? &match_.found->around : nullptr;
    if (inner != nullptr && index - outer < inner->size())
      return (*inner)[index - outer](asked_, answer_, next_handler(*this, index + 1));
    if (match_.found != nullptr) return match_.found->handler(asked_, answer_);
    return answer_by_itself();
  }

private:
  asio::awaitable<void> answer_by_itself() const {
    if (match_.is_malformed) {
      answer_.status(400);
    } else if (!asked_.protocol().empty() && match_.allowed.contains("CONNECT")) {
      answer_.status(501);  // RFC 9220, section 3.
    } else if (!match_.allowed.empty()) {
      answer_.status(asked_.method() == "OPTIONS" ? 204 : 405);
      answer_.set("allow", allow_field(match_.allowed));
    } else if (table_.not_found) {
      co_return co_await table_.not_found(asked_, answer_);
    } else {
      answer_.status(404);
    }
    co_await answer_.finish();
  }

  const routing_table& table_;
  request& asked_;
  response& answer_;
  route_match match_;
};

asio::awaitable<void> next_handler::operator()() const { return run_->go(index_); }

router::router() : table_(std::make_unique<routing_table>()) {}
router::router(const router& other) : table_(std::make_unique<routing_table>(*other.table_)) {}
router::router(router&& other) noexcept = default;
router& router::operator=(const router& other) {
  if (this != &other) table_ = std::make_unique<routing_table>(*other.table_);
  return *this;
}
router& router::operator=(router&& other) noexcept = default;
router::~router() = default;

router& router::add(std::string_view method, std::string_view pattern, request_handler handler) {
  auto parsed = parse_route_pattern(pattern);
  if (!parsed) throw std::invalid_argument(parsed.error());
  if (!handler) throw std::invalid_argument("route " + std::string(method) + " " + parsed->text + " has no handler");
  insist(table_->add(route{std::string(method), std::move(*parsed), {}, std::move(handler), {}}));
  return *this;
}

router& router::connect(std::string_view protocol, std::string_view pattern, request_handler handler) {
  if (protocol.empty()) throw std::invalid_argument("Extended CONNECT without a protocol");
  return add(extended_connect(protocol), pattern, std::move(handler));
}

router& router::use(middleware around) {
  if (!around) throw std::invalid_argument("an empty middleware");
  table_->around.push_back(std::move(around));
  return *this;
}

router& router::mount(std::string_view prefix, const router& nested) {
  insist(table_->mount(prefix, *nested.table_));
  return *this;
}

router& router::not_found(request_handler handler) {
  table_->not_found = std::move(handler);
  return *this;
}

std::vector<std::string> router::routes() const {
  std::vector<std::string> all;
  for (const route& each : table_->routes()) {
    all.push_back((each.method.empty() ? "*" : each.method) + " " + each.pattern.text);
  }
  return all;
}

asio::awaitable<void> router::operator()(request& asked, response& answer) const {
  routed_request run(*table_, asked, answer);
  route_match match;
  const std::string_view path = asked.path_only();
  if (path == "*") {
    // RFC 9110, section 9.3.7: the server as a whole is meant.
    match.allowed = table_->all_methods();
    match.is_malformed = asked.method() != "OPTIONS";
  } else if (const auto split = split_request_path(path)) {
    match = table_->match(asked.protocol().empty() ? asked.method() : extended_connect(asked.protocol()), *split);
  } else {
    match.is_malformed = true;
  }
  if (match.is_malformed) match.found = nullptr;
  if (match.found != nullptr) asked.set_route(match.found->pattern.text, match.found->names, std::move(match.values));
  run.set_out(std::move(match));
  co_await run.go(0);
}

}  // namespace quasio::http3
