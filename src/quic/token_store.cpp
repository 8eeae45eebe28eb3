#include "quasio/quic/token_store.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace quasio::quic {
namespace {

void append_hex(std::string& text, byte_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0x0f];
  }
}

template <class Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return failure == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::vector<std::uint8_t>> parse_bytes(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const auto byte = parse_hex<std::uint8_t>(text.substr(at, 2));
    if (!byte) return std::nullopt;
    bytes.push_back(*byte);
  }
  return bytes;
}

/// Up to the separator, which is taken too.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

}  // namespace

void token_store::put(std::string_view server, quic_version version, std::vector<std::uint8_t> token) {
  const std::lock_guard guard(mutex_);
  put_locked(server, version, std::move(token));
}

void token_store::put_locked(std::string_view server, quic_version version, std::vector<std::uint8_t> token) {
  if (token.empty() || limits_.servers == 0 || limits_.tokens_a_server == 0) return;
  const auto known = std::ranges::find_if(
      servers_, [&](const kept& each) { return each.server == server && each.version == version; });
  if (known != servers_.end()) {
    std::rotate(known, std::next(known), servers_.end());
  } else {
    if (servers_.size() >= limits_.servers) servers_.erase(servers_.begin());
    servers_.push_back({std::string(server), version, {}});
  }
  auto& tokens = servers_.back().tokens;
  if (tokens.size() >= limits_.tokens_a_server) tokens.erase(tokens.begin());
  tokens.push_back(std::move(token));
}

std::vector<std::uint8_t> token_store::take(std::string_view server, quic_version version) {
  const std::lock_guard guard(mutex_);
  const auto known = std::ranges::find_if(
      servers_, [&](const kept& each) { return each.server == server && each.version == version; });
  if (known == servers_.end()) return {};
  std::vector<std::uint8_t> token = std::move(known->tokens.back());
  known->tokens.pop_back();
  if (known->tokens.empty()) servers_.erase(known);
  return token;
}

void token_store::clear() {
  const std::lock_guard guard(mutex_);
  servers_.clear();
}

std::size_t token_store::size() const {
  const std::lock_guard guard(mutex_);
  std::size_t total = 0;
  for (const kept& each : servers_) total += each.tokens.size();
  return total;
}

std::string token_store::to_text() const {
  const std::lock_guard guard(mutex_);
  std::string text;
  for (const kept& each : servers_) {
    for (const auto& token : each.tokens) {
      const auto version = static_cast<std::uint32_t>(each.version);
      text += each.server + ' ';
      for (int shift = 24; shift >= 0; shift -= 8) {
        const auto byte = static_cast<std::uint8_t>(version >> shift);
        append_hex(text, {&byte, 1});
      }
      text += ' ';
      append_hex(text, token);
      text += '\n';
    }
  }
  return text;
}

void token_store::add_text(std::string_view text) {
  const std::lock_guard guard(mutex_);
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view server = cut(line, ' ');
    const auto version = parse_hex<std::uint32_t>(cut(line, ' '));
    auto token = parse_bytes(line);
    if (!server.empty() && version && token) put_locked(server, static_cast<quic_version>(*version), std::move(*token));
  }
}

}  // namespace quasio::quic
