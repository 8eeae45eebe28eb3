#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attack/honest_client.hpp"
#include "attack/hostile_client.hpp"

namespace quasio::attack {

/// Who is attacked.
enum class target : std::uint8_t {
  files,     ///< quasio-server.
  handlers,  ///< attack_victim: an http3::server whose handlers read bodies, wait and write without end.
};

class assault;

/// One attack: what it is, what stops it, and what has to come of it.
struct attack {
  std::string name;
  std::string what;   ///< For the page: one sentence.
  std::string limit;  ///< For the page: the setting that holds against it, with its default.

  /// What each connection must be closed with; empty: none may be closed.
  std::string close;
  /// What streams must be reset with; empty: whatever.
  std::string reset;
  /// A status that must have been answered; 0: whatever.
  int status = 0;

  target against = target::files;
  std::vector<std::string> arguments;  ///< For the server: shorter timeouts.
  std::chrono::milliseconds lasts{600};
  std::uint64_t memory_megabytes = 24;  ///< How much more the server may take while it lasts.

  std::function<void(assault&)> perform;
};

/// What an attack does while it lasts, and what it meets.
class assault {
public:
  assault(const ip_endpoint& server, const attack& which);

  const ip_endpoint& server() const noexcept { return server_; }

  /// For its time; and, where a slow machine has not come so far by then, until what has to come of it has been seen.
  bool goes_on() const;
  std::chrono::steady_clock::time_point begun() const noexcept { return begun_; }

  /// A connection after its handshake; null when time ran out before.
  std::unique_ptr<hostile_client> connect(const hostile_options& options = {});

  /// The client has done what it could: what the server did to it counts.
  void finish(const hostile_client& client);

  using preparation = std::function<void(hostile_client&)>;
  /// Returns whether it could do anything; if not, the attacker waits a moment.
  using step = std::function<bool(hostile_client&)>;

  /// Does this on one connection until the server closes it, then on the next one, and so on.
  void hammer(const hostile_options& options, const preparation& prepare, const step& again);
  void hammer(const step& again) { hammer({}, {}, again); }

  /// One thing that must not be: done once a connection.
  void offend(const preparation& how, const hostile_options& options = {});

  /// Keeps so many connections, each prepared once, and does `again` on each of them every `interval`.
  void besiege(std::size_t connections, const hostile_options& options, const preparation& prepare, const step& again,
               std::chrono::milliseconds interval);

  treatment& met() noexcept { return met_; }

  /// For attackers that are no hostile_client.
  void note_reset(const std::string& what) {
    ++met_.resets[what];
    look_at(met_);
  }
  std::uint64_t connections() const noexcept { return connections_; }

private:
  void look_at(const treatment& seen);

  ip_endpoint server_;
  const attack& which_;
  bool was_closed_ = false;  // Each as wanted, or nothing was wanted.
  bool was_reset_ = false;
  bool was_answered_ = false;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point end_;
  treatment met_;
  std::uint64_t connections_ = 0;
};

/// What was measured during one attack.
struct measurement {
  treatment met;
  std::uint64_t connections = 0;
  double seconds = 0;
  double processor_seconds = 0;     ///< Of the server, the honest client's requests included.
  std::uint64_t memory_growth = 0;  ///< Bytes.
  well_being others;
  bool survived = true;

  double bytes_a_second() const { return static_cast<double>(met.bytes_sent) / seconds; }
  double processor_share() const { return processor_seconds / seconds; }
};

/// Starts the server, lets the attack run beside an honest client, and measures.
measurement measure(const attack& which);

/// Requests as they should be, as many as the server takes: what a byte of honest work costs, and how long others wait
/// then. And the same without them.
attack honest_flood();
attack peace();

std::vector<attack> attacks_on_requests();
std::vector<attack> attacks_on_fields();
std::vector<attack> attacks_on_qpack();
std::vector<attack> attacks_on_patience();
std::vector<attack> attacks_on_streams();
std::vector<attack> attacks_on_control();
std::vector<attack> attacks_on_connections();

}  // namespace quasio::attack
