#include "quasio/crypto/ticket_keys.hpp"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>

#include "crypto/hkdf.hpp"

namespace quasio::crypto {

namespace {

std::shared_ptr<const std::vector<ticket_key>> in_order(const ticket_key& newest, std::vector<ticket_key> previous) {
  constexpr auto kept = static_cast<std::ptrdiff_t>(ticket_key_set::max_previous);
  if (previous.size() > ticket_key_set::max_previous) previous.erase(previous.begin() + kept, previous.end());
  previous.insert(previous.begin(), newest);
  return std::make_shared<const std::vector<ticket_key>>(std::move(previous));
}

}  // namespace

std::optional<ticket_key> ticket_key::from_secret(byte_view secret) {
  if (secret.size() < min_size || secret.size() > max_size) return std::nullopt;
  ticket_key made;
  std::copy_n(secret.begin(), name_size, made.name_.begin());
  std::array<std::uint8_t, 32> extracted{};
  const bool derived = hkdf_extract(hash_algorithm::sha256, {}, secret, extracted) &&
                       hkdf_expand_label(hash_algorithm::sha256, extracted, "ticket cipher", made.cipher_key_) &&
                       hkdf_expand_label(hash_algorithm::sha256, extracted, "ticket mac", made.mac_key_);
  OPENSSL_cleanse(extracted.data(), extracted.size());
  return derived ? std::optional(made) : std::nullopt;
}

ticket_key ticket_key::generate(random_source& random) {
  ticket_key made;
  random.fill(made.name_);
  random.fill(made.cipher_key_);
  random.fill(made.mac_key_);
  return made;
}

ticket_key::~ticket_key() {
  OPENSSL_cleanse(cipher_key_.data(), cipher_key_.size());
  OPENSSL_cleanse(mac_key_.data(), mac_key_.size());
}

ticket_key_set::ticket_key_set(const ticket_key& newest, std::vector<ticket_key> previous)
    : keys_(in_order(newest, std::move(previous))) {}

ticket_key_set::ticket_key_set(const ticket_key& first, duration period)
    : keys_(in_order(first, {})), period_(period) {}

std::shared_ptr<ticket_key_set> ticket_key_set::rotating(duration period, random_source& random) {
  return std::shared_ptr<ticket_key_set>(new ticket_key_set(ticket_key::generate(random), period));
}

void ticket_key_set::rotate(const ticket_key& next) {
  const std::scoped_lock lock(mutex_);
  keys_ = in_order(next, *keys_);
}

void ticket_key_set::replace(const ticket_key& newest, std::vector<ticket_key> previous) {
  auto made = in_order(newest, std::move(previous));
  const std::scoped_lock lock(mutex_);
  keys_ = std::move(made);
}

void ticket_key_set::keep_fresh(time_point now, random_source& random) {
  if (!period_) return;
  const std::scoped_lock lock(mutex_);
  if (!rotation_due_) rotation_due_ = now + *period_;
  if (now < *rotation_due_) return;
  // One key before the newest, and none that is older than two periods: what was sealed long ago is to stay secret even
  // from who breaks in now.
  const bool newest_is_young = now < *rotation_due_ + *period_;
  keys_ = in_order(ticket_key::generate(random),
                   newest_is_young ? std::vector<ticket_key>{keys_->front()} : std::vector<ticket_key>{});
  rotation_due_ = now + *period_;
}

std::shared_ptr<const std::vector<ticket_key>> ticket_key_set::keys() const {
  const std::scoped_lock lock(mutex_);
  return keys_;
}

}  // namespace quasio::crypto
