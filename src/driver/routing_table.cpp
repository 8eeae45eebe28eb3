#include "driver/routing_table.hpp"

#include <algorithm>

namespace quasio::http3 {
namespace {

std::string name_of(const route& each) { return (each.method.empty() ? "*" : each.method) + " " + each.pattern.text; }

constexpr std::string_view connect_prefix = "CONNECT:";

bool is_extended_connect(std::string_view method) noexcept { return method.starts_with(connect_prefix); }

void allow(std::set<std::string>& methods, const std::string& method) {
  methods.insert(is_extended_connect(method) ? "CONNECT" : method);
  if (method == "GET") methods.insert("HEAD");
}

}  // namespace

std::string extended_connect(std::string_view protocol) { return std::string(connect_prefix).append(protocol); }

struct routing_table::search {
  std::string_view method;
  const request_path& path;
  std::vector<std::string> values;
  route_match result;
};

std::size_t routing_table::child(std::size_t parent, const route_segment& segment) {
  const bool is_literal = segment.kind == segment_kind::literal;
  if (is_literal) {
    const auto found = nodes_[parent].literals.find(segment.text);
    if (found != nodes_[parent].literals.end()) return found->second;
  } else if (nodes_[parent].parameter != none) {
    return nodes_[parent].parameter;
  }
  const std::size_t made = nodes_.size();
  nodes_.emplace_back();
  if (is_literal) {
    nodes_[parent].literals.emplace(segment.text, made);
  } else {
    nodes_[parent].parameter = made;
  }
  return made;
}

result<void, std::string> routing_table::add(route added) {
  std::size_t at = 0;
  bool takes_rest = false;
  for (const route_segment& each : added.pattern.segments) {
    takes_rest = each.kind == segment_kind::rest;
    if (!takes_rest) at = child(at, each);
  }
  std::vector<std::size_t>& place = takes_rest ? nodes_[at].rests : nodes_[at].routes;
  for (const std::size_t other : place) {
    if (routes_[other].method != added.method) continue;
    return unexpected<std::string>("route " + name_of(added) + " fits the same requests as " + name_of(routes_[other]));
  }
  added.names = added.pattern.names();
  place.push_back(routes_.size());
  routes_.push_back(std::move(added));
  return {};
}

result<void, std::string> routing_table::mount(std::string_view prefix, const routing_table& nested) {
  auto before = parse_route_pattern(prefix);
  if (!before) return unexpected<std::string>(before.error());
  // All or nothing.
  routing_table changed = *this;
  for (const route& each : nested.routes_) {
    auto pattern = join(*before, each.pattern);
    if (!pattern) return unexpected<std::string>(pattern.error());
    route added{each.method, std::move(*pattern), {}, each.handler, nested.around};
    added.around.insert(added.around.end(), each.around.begin(), each.around.end());
    if (auto done = changed.add(std::move(added)); !done) return done;
  }
  *this = std::move(changed);
  return {};
}

route_match routing_table::match(std::string_view method, const request_path& path) const {
  search looking{method, path, {}, {}};
  if (find(looking, 0, 0)) {
    looking.result.values = std::move(looking.values);
    looking.result.allowed.clear();
  }
  return std::move(looking.result);
}

bool routing_table::find(search& looking, std::size_t at, std::size_t depth) const {
  const node& here = nodes_[at];
  const auto& segments = looking.path.segments;
  if (depth == segments.size()) return choose(looking, here.routes);
  const std::string& text = segments[depth].text;
  const auto literal = here.literals.find(text);
  if (literal != here.literals.end() && find(looking, literal->second, depth + 1)) return true;
  if (here.parameter != none && !text.empty()) {
    looking.values.push_back(text);
    if (find(looking, here.parameter, depth + 1)) return true;
    looking.values.pop_back();
  }
  if (here.rests.empty()) return false;
  if (!choose(looking, here.rests)) return false;
  std::string rest;
  for (std::size_t i = depth; i < segments.size(); ++i) {
    if (segments[i].has_slash) looking.result.is_malformed = true;
    if (i > depth) rest.push_back('/');
    rest += segments[i].text;
  }
  looking.values.push_back(std::move(rest));
  return true;
}

// The method itself, else GET for HEAD, else a route for every method.
bool routing_table::choose(search& looking, const std::vector<std::size_t>& among) const {
  const route* with_get = nullptr;
  const route* with_any = nullptr;
  for (const std::size_t index : among) {
    const route& each = routes_[index];
    if (each.method == looking.method) {
      looking.result.found = &each;
      return true;
    }
    if (each.method.empty()) {
      if (!is_extended_connect(looking.method)) with_any = &each;
    } else {
      allow(looking.result.allowed, each.method);
      if (each.method == "GET" && looking.method == "HEAD") with_get = &each;
    }
  }
  looking.result.found = with_get != nullptr ? with_get : with_any;
  return looking.result.found != nullptr;
}

std::set<std::string> routing_table::all_methods() const {
  std::set<std::string> methods;
  for (const route& each : routes_) {
    if (!each.method.empty()) allow(methods, each.method);
  }
  return methods;
}

}  // namespace quasio::http3
