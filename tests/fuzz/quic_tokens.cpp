// Tokens, keys of tokens and kept tokens come back from strangers and from files. The input is each of them in turn: it
// must be refused or understood, and never break anything.

#include <algorithm>
#include <cstdlib>

#include "quasio/quic/routable_connection_ids.hpp"
#include "quasio/quic/token_store.hpp"
#include "quic/address_token.hpp"

namespace {

using namespace quasio;

void require(bool holds) {
  if (!holds) std::abort();
}

class counting_random final : public random_source {
public:
  void fill(byte_span out) override {
    std::generate(out.begin(), out.end(), [this] { return next_++; });
  }

private:
  std::uint8_t next_ = 0;
};

constexpr time_point now{std::chrono::hours(1000)};
const ip_endpoint client = ip_endpoint::v4({192, 0, 2, 1}, 443);

quic::address_tokens& tokens() {
  static counting_random random;
  static quic::address_tokens made(quic::token_keys::generate(random), std::make_shared<quic::spent_tokens>(), {});
  return made;
}

bool proves_something(byte_view token) {
  const auto verdict = tokens().judge(token, client, quic_version::v1, now);
  return !std::holds_alternative<quic::no_proof>(verdict);
}

void judge_a_forgery(byte_view input) {
  static counting_random random;
  // The input alone; and genuine tokens with the input written over a part of them.
  require(!proves_something(input));
  for (auto token : {tokens().make_new_token(client, quic_version::v1, random, now),
                     tokens().make_retry({}, client, quic_version::v1, random, now)}) {
    require(proves_something(token));
    if (input.size() < 2) continue;
    const auto before = token;
    const std::size_t at = input.front() % token.size();
    const std::size_t count = std::min(input.size() - 1, token.size() - at);
    std::copy_n(input.begin() + 1, count, token.begin() + static_cast<std::ptrdiff_t>(at));
    require(token == before || !proves_something(token));
  }
}

void read_a_file(byte_view input) {
  if (const auto keys = quic::token_keys::import_bytes(input)) {
    const auto bytes = keys->export_bytes();
    require(std::equal(bytes.begin(), bytes.end(), input.begin(), input.end()));
  }
  quic::token_store store({.servers = 8, .tokens_a_server = 2});
  store.add_text(as_text(input));
  require(store.size() <= 16);
  quic::token_store copy;
  copy.add_text(store.to_text());
  require(copy.to_text() == store.to_text());
}

void read_an_id(byte_view input) {
  static counting_random random;
  static const auto ids = quic::routable_connection_ids::make(random);
  require(ids->may_be_ours(input) == ids->shard_of(input).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input(data, size);
  judge_a_forgery(input);
  read_a_file(input);
  read_an_id(input);
  return 0;
}
