#include "quasio/driver/query.hpp"

#include <algorithm>

#include "quasio/driver/percent_encoding.hpp"

namespace quasio::http3 {
namespace {

std::string decode(std::string_view part) {
  std::string text(part);
  std::replace(text.begin(), text.end(), '+', ' ');
  if (text.find('%') == std::string::npos) return text;
  if (auto decoded = percent_decode(text)) return *std::move(decoded);
  // Somewhere a '%' stands for itself: what is valid around it is decoded all the same.
  std::string mixed;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = text[at] == '%' ? std::min<std::size_t>(3, text.size() - at) : 1;
    if (const auto decoded = percent_decode(std::string_view(text).substr(at, size))) {
      mixed += *decoded;
      at += size;
    } else {
      mixed.push_back(text[at++]);
    }
  }
  return mixed;
}

}  // namespace

query_parameters::query_parameters(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    parameters_.emplace_back(decode(part.substr(0, equals)), decode(value));
  }
}

std::optional<std::string_view> query_parameters::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const parameter& each) { return each.first == name; });
  if (found == parameters_.end()) return std::nullopt;
  return found->second;
}

std::string_view query_parameters::value_or(std::string_view name, std::string_view otherwise) const noexcept {
  return find(name).value_or(otherwise);
}

std::vector<std::string_view> query_parameters::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const parameter& each : parameters_) {
    if (each.first == name) values.push_back(each.second);
  }
  return values;
}

}  // namespace quasio::http3
