#include "quic/rotating_sealer.hpp"

#include <algorithm>
#include <limits>

#include "crypto/hkdf.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::quic {
namespace {

// As many shards and machines as are likely to have made the tokens that come in turn; deriving a key anew costs some
// microseconds.
constexpr std::size_t max_remembered = 16;

constexpr std::size_t secret_size = crypto::token_key::size;

}  // namespace

rotating_sealer::rotating_sealer(std::shared_ptr<const token_keys> keys, std::uint64_t seals_per_series)
    : keys_(std::move(keys)), seals_per_series_(seals_per_series) {
  follow_rotation();
}

void rotating_sealer::follow_rotation() {
  if (keys_->version() == version_) return;
  const token_keys::contents now = keys_->read();
  version_ = now.version;
  period_ = now.period;
  secrets_.clear();
  secrets_.push_back(with_name(now.current));
  if (now.previous) secrets_.push_back(with_name(*now.previous));
  sealing_.reset();
  opening_.clear();
  oldest_ = 0;
}

rotating_sealer::named_secret rotating_sealer::with_name(const crypto::token_key& secret) {
  std::array<std::uint8_t, 4> name{};
  crypto::hkdf_expand_label(crypto::hash_algorithm::sha256, secret.bytes(), "quasio token name", name);
  return {*byte_reader(name).read_u32(), secret};
}

std::uint32_t rotating_sealer::period_of(wall_time now) const noexcept {
  if (period_.count() == 0) return 0;
  return static_cast<std::uint32_t>(now.time_since_epoch() / period_);
}

crypto::token_sealer rotating_sealer::derive(const crypto::token_key& secret, const key_name& name) {
  std::array<std::uint8_t, secret_size> mixed{};
  std::array<std::uint8_t, secret_size> key{};
  crypto::hkdf_extract(crypto::hash_algorithm::sha256, name, secret.bytes(), mixed);
  crypto::hkdf_expand_label(crypto::hash_algorithm::sha256, mixed, "quasio token", key);
  return crypto::token_sealer(crypto::token_key(key));
}

void rotating_sealer::begin_series(random_source& random, std::uint32_t period) {
  key_name name{};
  byte_writer out(name);
  out.write_u32(secrets_.front().name);
  out.write_u32(period);
  random.fill(byte_span(name).subspan(out.position()));
  sealing_.emplace(derived_key{name, derive(secrets_.front().secret, name)});
  sealing_period_ = period;
  sealed_ = 0;
}

std::vector<std::uint8_t> rotating_sealer::seal(byte_view plaintext, random_source& random, wall_time now) {
  follow_rotation();
  const std::uint32_t period = period_of(now);
  if (!sealing_ || sealing_period_ != period || sealed_ >= seals_per_series_) begin_series(random, period);
  ++sealed_;
  const auto sealed = sealing_->sealer.seal(plaintext, sealing_->name, random);
  std::vector<std::uint8_t> token(sealing_->name.begin(), sealing_->name.end());
  token.insert(token.end(), sealed.begin(), sealed.end());
  return token;
}

std::optional<std::vector<std::uint8_t>> rotating_sealer::open(byte_view token, wall_time now) {
  follow_rotation();
  if (token.size() < overhead) return std::nullopt;
  key_name name;
  std::ranges::copy(token.first(name.size()), name.begin());
  const crypto::token_key* secret = secret_of(name, now);
  if (!secret) return std::nullopt;
  const byte_view sealed = token.subspan(name.size());
  if (sealing_ && sealing_->name == name) return sealing_->sealer.open(sealed, name);
  const auto known = std::ranges::find(opening_, name, &derived_key::name);
  if (known != opening_.end()) return known->sealer.open(sealed, name);

  derived_key derived{name, derive(*secret, name)};
  auto plaintext = derived.sealer.open(sealed, name);
  // Only keys that exist are worth remembering: a stranger can name any number of others.
  if (plaintext) remember(std::move(derived));
  return plaintext;
}

const crypto::token_key* rotating_sealer::secret_of(const key_name& name, wall_time now) const noexcept {
  byte_reader in(name);
  const auto secret_name = in.read_u32();
  const std::uint32_t period = *in.read_u32();
  // The clocks of two machines may lie a little apart.
  const std::uint32_t current = period_of(now);
  const bool is_good = period == current || (period_.count() != 0 && (period + 1 == current || period == current + 1));
  if (!is_good) return nullptr;
  const auto found = std::ranges::find(secrets_, *secret_name, &named_secret::name);
  return found == secrets_.end() ? nullptr : &found->secret;
}

void rotating_sealer::remember(derived_key key) {
  if (opening_.size() < max_remembered) return opening_.push_back(std::move(key));
  opening_[oldest_] = std::move(key);
  oldest_ = (oldest_ + 1) % max_remembered;
}

}  // namespace quasio::quic
