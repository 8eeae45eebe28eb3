#include "server/token_secrets.hpp"

#include <string_view>
#include <utility>

#include "common/private_file.hpp"
#include "quasio/crypto/system_random.hpp"

namespace quasio::apps {

namespace {

constexpr std::size_t max_file_size = 4096;

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

result<token_secrets, std::string> parse(std::string_view text, const std::string& path) {
  const auto current = crypto::master_secret::from_hex(next_line(text));
  std::optional<crypto::master_secret> previous;
  bool is_good = current.has_value();
  if (is_good && !text.empty()) {
    previous = crypto::master_secret::from_hex(next_line(text));
    is_good = previous && text.empty();
  }
  if (is_good) return token_secrets{*current, previous};
  return unexpected<std::string>(path + " is no token key file: it has one or two lines of 64 hexadecimal digits");
}

unexpected<std::string> cannot(const char* verb, const std::string& path, const std::error_code& why) {
  std::string sentence = std::string("cannot ") + verb + " the token key file " + path + ": ";
  sentence +=
      why == std::errc::operation_not_permitted ? "others than its owner may read it; chmod 600 it" : why.message();
  return unexpected<std::string>(std::move(sentence));
}

}  // namespace

std::shared_ptr<quic::token_keys> token_secrets::make_token_keys() const {
  const auto key_of = [](const crypto::master_secret& secret) {
    return crypto::token_key(secret.derive("address validation tokens"));
  };
  auto keys = std::make_shared<quic::token_keys>(key_of(previous.value_or(current)));
  if (previous) keys->rotate(key_of(current));
  return keys;
}

std::array<std::uint8_t, 32> token_secrets::make_reset_key(const std::string& host_name) const {
  return current.derive("stateless resets of " + host_name);
}

result<token_secrets, std::string> load_token_secrets(const std::string& path) {
  auto content = read_private_file(path, max_file_size);
  if (!content) return cannot("read", path, content.error());
  if (!*content) {
    crypto::system_random random;
    const auto made = create_private_file(path, crypto::master_secret::generate(random).to_hex() + '\n');
    if (!made) return cannot("create", path, made.error());
    // Another server may have made it a moment earlier: theirs counts.
    content = read_private_file(path, max_file_size);
    if (!content) return cannot("read", path, content.error());
  }
  return parse(content->value_or(std::string()), path);
}

}  // namespace quasio::apps
