#include "driver/redirect.hpp"

#include <algorithm>

namespace quasio::http3 {
namespace {

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// RFC 9110, sections 15.4.2 to 15.4.4: for the sake of history POST becomes GET.
bool becomes_get(int status, const std::string& method) noexcept {
  if (status == 303) return method != "GET" && method != "HEAD";
  return (status == 301 || status == 302) && method == "POST";
}

void drop_body(client_request& what) {
  what.body.clear();
  what.source = nullptr;
  std::erase_if(what.headers, [](const field& each) { return each.name.starts_with("content-"); });
}

}  // namespace

redirect_trail::redirect_trail(const redirect_settings& settings, const client_request& what, const url& start)
    : settings_(settings), max_redirects_(what.max_redirects.value_or(settings.max_redirects)), here_(start) {
  visited_.emplace(what.method, start.origin() + start.target);
}

bool redirect_trail::leads_on(const client_response& response) const {
  return max_redirects_ > 0 && is_redirect(response.status()) && !response.header("location").empty();
}

result<url, failure> redirect_trail::follow(const client_response& response, client_request& what) {
  const auto fail = [&](client_error code, const std::string& why) {
    return unexpected<failure>(failure{make_error_code(code), here_.origin() + here_.target + " redirects " + why});
  };
  const std::string location(response.header("location"));
  if (steps_ == max_redirects_)
    return fail(client_error::too_many_redirects, "once more, after " + std::to_string(steps_) + " times");
  std::string explanation;
  auto next = resolve_url(here_, location, &explanation);
  if (!next) return fail(client_error::bad_redirect, "elsewhere, but " + explanation);
  const bool is_elsewhere = next->origin() != here_.origin();
  if (is_elsewhere && !settings_.to_other_origins)
    return fail(client_error::bad_redirect, "to another origin, " + next->origin());
  if (becomes_get(response.status(), what.method)) {
    what.method = "GET";
    drop_body(what);
  }
  if (is_elsewhere) {
    std::erase_if(what.headers, [&](const field& each) {
      const auto& kept_back = settings_.private_fields;
      return each.name == "host" || std::find(kept_back.begin(), kept_back.end(), each.name) != kept_back.end();
    });
  }
  if (!visited_.emplace(what.method, next->origin() + next->target).second)
    return fail(client_error::redirect_loop, "in a circle, to " + location);
  ++steps_;
  here_ = *next;
  return here_;
}

}  // namespace quasio::http3
