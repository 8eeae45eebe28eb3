#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/route_pattern.hpp"
#include "quasio/driver/http3_router.hpp"

namespace quasio::http3 {

/// What stands for a method where Extended CONNECT with this :protocol is meant: no method, since those have no colon.
std::string extended_connect(std::string_view protocol);

/// One method of one pattern.
struct route {
  std::string method;  ///< Empty: all of them, but for extended_connect().
  route_pattern pattern;
  std::vector<std::string> names;
  request_handler handler;
  std::vector<middleware> around;  ///< Of the nested routers that it came through, the outermost first.
};

/// What a request's method and path lead to.
struct route_match {
  const route* found = nullptr;
  std::vector<std::string> values;  ///< Of the route's names.
  std::set<std::string> allowed;    ///< The methods of all patterns that fit, where none of them has the request's.
  bool is_malformed = false;        ///< An encoded slash in the rest.
};

/// A router's routes, as a tree of segments. Each node is looked at once at the most for one request, whatever its
/// path.
class routing_table {
public:
  /// On an error a sentence.
  result<void, std::string> add(route added);
  result<void, std::string> mount(std::string_view prefix, const routing_table& nested);

  route_match match(std::string_view method, const request_path& path) const;
  std::set<std::string> all_methods() const;
  const std::vector<route>& routes() const noexcept { return routes_; }

  std::vector<middleware> around;
  request_handler not_found;

private:
  static constexpr std::size_t none = SIZE_MAX;

  struct node {
    std::map<std::string, std::size_t, std::less<>> literals;
    std::size_t parameter = none;
    std::vector<std::size_t> routes;  ///< That end here.
    std::vector<std::size_t> rests;   ///< That take all that follows.
  };

  struct search;

  std::size_t child(std::size_t parent, const route_segment& segment);
  bool find(search& looking, std::size_t at, std::size_t depth) const;
  bool choose(search& looking, const std::vector<std::size_t>& among) const;

  std::vector<node> nodes_ = std::vector<node>(1);
  std::vector<route> routes_;
};

}  // namespace quasio::http3
