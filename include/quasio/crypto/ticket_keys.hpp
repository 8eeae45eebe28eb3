#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"

namespace quasio::crypto {

/// The secret under which a server seals its session tickets (RFC 5077, section 4; RFC 8446, section 4.6.1): who has it
/// reads the sessions that were sealed with it, and with them their early data. Wiped when it goes.
class ticket_key {
public:
  /// Of the secret that a key is made from. What is kept in files for other servers has 48 or 80 bytes and fits.
  static constexpr std::size_t min_size = 48;
  static constexpr std::size_t max_size = 80;

  static constexpr std::size_t name_size = 16;  ///< Bytes of the name.
  static constexpr std::size_t half_size = 32;  ///< Bytes of each of the two keys.

  /// Of a shared secret of min_size to max_size unpredictable bytes; empty for any other size. Its first 16 bytes
  /// become the name by which a ticket says which key opens it, and are seen by everyone; the keys derive from all of
  /// it.
  static std::optional<ticket_key> from_secret(byte_view secret);

  /// A fresh one, of bytes that nobody can predict.
  static ticket_key generate(random_source& random);

  ticket_key(const ticket_key&) = default;
  ticket_key& operator=(const ticket_key&) = default;
  ~ticket_key();

  /// Stands in clear at the front of each ticket.
  byte_view name() const noexcept { return name_; }
  byte_view cipher_key() const noexcept { return cipher_key_; }  ///< AES-256-CBC.
  byte_view mac_key() const noexcept { return mac_key_; }        ///< HMAC-SHA256.

private:
  ticket_key() = default;

  std::array<std::uint8_t, name_size> name_{};
  std::array<std::uint8_t, half_size> cipher_key_{};
  std::array<std::uint8_t, half_size> mac_key_{};
};

/// The keys of a server's tickets, for many contexts, threads and, when their secrets are handed round, machines. The
/// newest seals, all open; a ticket that an older one opened is replaced by one of the newest.
///
/// Threads: any, at once. A handshake that is under way keeps the keys that it began with.
class ticket_key_set {
public:
  /// Older keys that still open. A ticket of a key that was rotated more often than this is worth nothing.
  static constexpr std::size_t max_previous = 3;

  /// Keys from outside, the newest first; older ones beyond max_previous are left out. Change them with rotate() or
  /// replace(): tickets that are to stay good while many machines change keys need the next key to be known everywhere
  /// as a previous one before anybody seals with it.
  explicit ticket_key_set(const ticket_key& newest, std::vector<ticket_key> previous = {});

  /// One that makes its own keys: a new one each `period`, the first at once. A ticket is good for one period at least
  /// and two at most.
  static std::shared_ptr<ticket_key_set> rotating(duration period, random_source& random);

  ticket_key_set(const ticket_key_set&) = delete;
  ticket_key_set& operator=(const ticket_key_set&) = delete;

  /// Seals with `next` from now on; the others still open.
  void rotate(const ticket_key& next);

  /// Seals with `newest` from now on; only it and `previous` open.
  void replace(const ticket_key& newest, std::vector<ticket_key> previous);

  /// Rotates a set that makes its own keys if it is time to; does nothing for others.
  void keep_fresh(time_point now, random_source& random);

  /// Whether the keys come from outside, so that tickets may be older than this process.
  bool is_shared() const noexcept { return !period_; }

  /// The keys now, the newest first.
  std::shared_ptr<const std::vector<ticket_key>> keys() const;

private:
  ticket_key_set(const ticket_key& first, duration period);

  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<ticket_key>> keys_;
  std::optional<duration> period_;
  std::optional<time_point> rotation_due_;
};

}  // namespace quasio::crypto
