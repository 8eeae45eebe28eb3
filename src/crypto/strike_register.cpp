#include <algorithm>
#include <bit>

#include "crypto/hkdf.hpp"
#include "quasio/crypto/replay_guard.hpp"

namespace quasio::crypto {

namespace {

// Stands for a free slot.
constexpr std::uint64_t nothing = 0;

}  // namespace

strike_register::strike_register(const strike_register_settings& settings, random_source& random)
    : settings_(settings) {
  settings_.window = std::max<duration>(settings_.window, max_hello_freshness);
  settings_.capacity = std::max<std::size_t>(settings_.capacity, 1);
  random.fill(key_);
}

bool strike_register::is_first(byte_view client_random, time_point now) {
  const std::uint64_t fingerprint = fingerprint_of(client_random);
  const std::scoped_lock lock(mutex_);
  move_to(now);
  if (contains(current_, fingerprint) || contains(previous_, fingerprint)) return false;
  if (used_ == settings_.capacity) return false;
  insert(current_, fingerprint);
  ++used_;
  return !settings_.distrust_start || now - *started_ >= settings_.window;
}

void strike_register::move_to(time_point now) {
  if (!started_) {
    started_ = now;
    window_ends_ = now + settings_.window;
    // Half empty, so that searches are short.
    current_.assign(std::bit_ceil(2 * settings_.capacity), nothing);
    previous_.assign(current_.size(), nothing);
  }
  if (now < window_ends_) return;
  const bool skipped_a_window = now >= window_ends_ + settings_.window;
  current_.swap(previous_);
  std::ranges::fill(current_, nothing);
  if (skipped_a_window) std::ranges::fill(previous_, nothing);
  used_ = 0;
  window_ends_ = now + settings_.window;
}

std::uint64_t strike_register::fingerprint_of(byte_view bytes) const {
  std::array<std::uint8_t, 32> mac{};
  // HKDF-Extract is HMAC (RFC 5869, section 2.2). Where it fails, all look the same, and all but the first are refused.
  if (!hkdf_extract(hash_algorithm::sha256, key_, bytes, mac)) mac.fill(0);
  std::uint64_t fingerprint = 0;
  for (std::size_t i = 0; i < sizeof fingerprint; ++i) fingerprint = fingerprint << 8 | mac[i];
  return fingerprint == nothing ? 1 : fingerprint;
}

bool strike_register::contains(const table& slots, std::uint64_t fingerprint) noexcept {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t slot = fingerprint & mask; slots[slot] != nothing; slot = (slot + 1) & mask) {
    if (slots[slot] == fingerprint) return true;
  }
  return false;
}

void strike_register::insert(table& slots, std::uint64_t fingerprint) noexcept {
  const std::size_t mask = slots.size() - 1;
  std::size_t slot = fingerprint & mask;
  while (slots[slot] != nothing) slot = (slot + 1) & mask;
  slots[slot] = fingerprint;
}

}  // namespace quasio::crypto
