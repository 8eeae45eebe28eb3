#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/result.hpp"
#include "quasio/base/wall_clock.hpp"

namespace quasio::http3 {

/// Where else a service is to be had (RFC 7838).
struct alternative_service {
  std::string protocol;    ///< An ALPN identifier, e.g. "h3".
  std::string host;        ///< Lower case, IPv6 without brackets; empty: the origin's own.
  std::uint16_t port = 0;  ///< Never 0.
  /// From when it was heard (parameter ma); a day where the server does not say.
  std::chrono::seconds max_age{24 * 3600};
  bool persist = false;  ///< Holds when the network changes too.

  friend bool operator==(const alternative_service&, const alternative_service&) = default;
};

/// The value of an Alt-Svc field.
struct alt_svc_value {
  bool clear = false;                         ///< All that was said before is void.
  std::vector<alternative_service> services;  ///< In the server's order, which is that of its preference.
};

/// Parses the value of an Alt-Svc field, several of them joined by commas (RFC 7838, section 3). What does not follow
/// the grammar to the letter is refused as a whole; unknown parameters are skipped, as they must be. The error is what
/// is wrong.
result<alt_svc_value, std::string> parse_alt_svc(std::string_view text);

/// How much is remembered of what servers say.
struct alt_svc_limits {
  std::size_t origins = 256;                     ///< Beyond it, the one that was heard of longest ago is forgotten.
  std::size_t services_an_origin = 4;            ///< The first of them are kept.
  std::chrono::seconds max_age{30 * 24 * 3600};  ///< Longer promises are cut.

  /// How long an alternative that did not answer is left alone; twice as long each time that it happens again, up to
  /// 64 times as long.
  std::chrono::seconds broken_for{300};
};

/// What servers said about alternatives, by origin ("https://example.org"). Clients may share it, and a program may
/// keep its text. Only what came on a connection with the origin's certificate must be put into it.
///
/// Threads: all calls are safe from any. Times are the calendar's.
class alt_svc_cache {
public:
  /// An empty one.
  explicit alt_svc_cache(const alt_svc_limits& limits = {}) : limits_(limits) {}

  /// Takes the value of a response's Alt-Svc field, which replaces all that was known of the origin; a malformed value
  /// changes nothing. Only HTTP/3 is kept. `age` is that of the response where a cache gave it.
  void put(std::string_view origin, std::string_view field_value, wall_time now, std::chrono::seconds age = {});

  /// The alternatives of an origin that may be used now, in the server's order.
  std::vector<alternative_service> find(std::string_view origin, wall_time now);

  /// An alternative did not answer, or did not prove to be the origin; or it did after all.
  void mark_broken(std::string_view origin, const alternative_service& service, wall_time now);
  void mark_working(std::string_view origin, const alternative_service& service);

  /// Forgets what is known of an origin, as a 421 (Misdirected Request) demands (RFC 7838, section 6).
  void forget(std::string_view origin);

  /// Forgets all that is not marked as persistent: call it when the host's network has changed (section 2.2).
  void on_network_changed();

  void clear();
  std::size_t size() const;  ///< Origins.

  /// For a file: a line "origin expires persist authority" for each alternative, of which expires is in seconds since
  /// 1970.
  std::string to_text() const;

  /// Adds what to_text() gave; lines that are none of its, or hold no longer, are skipped.
  void add_text(std::string_view text, wall_time now);

private:
  struct kept_service {
    alternative_service service;
    wall_time expires;
    wall_time broken_until{};
    unsigned failures = 0;
  };
  struct kept_origin {
    std::string origin;
    std::vector<kept_service> services;
  };

  std::vector<kept_origin>::iterator find_locked(std::string_view origin);
  kept_service* find_locked(std::string_view origin, const alternative_service& service);
  void put_locked(std::string_view origin, std::vector<kept_service> services);

  alt_svc_limits limits_;
  mutable std::mutex mutex_;
  std::vector<kept_origin> origins_;  // Who was heard of last is last.
};

}  // namespace quasio::http3
