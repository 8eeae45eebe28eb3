#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "sim/seeded_random.hpp"

namespace quasio::sim {

/// What one direction of a path does to the ECN bits of IP headers.
enum class ecn_treatment : std::uint8_t {
  honest,       ///< Keeps them, and marks congestion as ce_threshold says.
  bleaches,     ///< Clears them.
  drops,        ///< Loses every datagram that has them.
  marks_all,    ///< Turns every ECT(0) into CE.
  swaps_codes,  ///< Turns every ECT(0) into ECT(1).
};

/// What one direction of a simulated path does to datagrams. Probabilities are 0 to 1.
struct link_settings {
  duration delay = std::chrono::milliseconds(10);
  duration jitter{};  ///< Up to so much is added at random.
  double loss = 0;
  double duplication = 0;
  double corruption = 0;  ///< One bit is flipped.
  double reordering = 0;  ///< The datagram is held back by reorder_delay.
  duration reorder_delay = std::chrono::milliseconds(5);
  std::uint64_t bits_per_second = 0;  ///< 0: without limit.
  std::size_t queue_bytes = 256 * 1024;
  std::size_t mtu = 1500;  ///< Larger UDP payloads vanish.
  ecn_treatment ecn = ecn_treatment::honest;

  /// ECN-capable datagrams that find more bytes than this in the queue are marked CE; 0: none. Wants bits_per_second.
  std::size_t ce_threshold = 0;
};

/// A datagram under way.
struct datagram {
  time_point arrives;
  std::uint64_t order;  ///< Of two that arrive at once, the one that was sent first comes first.
  network_path path;    ///< As the receiver sees it.
  ecn_codepoint ecn;
  std::vector<std::uint8_t> bytes;
};

/// One direction of a path: takes datagrams, spoils some, and gives them back when their time has come.
class link {
public:
  link(const link_settings& settings, seeded_random& random) noexcept : settings_(settings), random_(random) {}

  void send(byte_view bytes, const network_path& seen_by_receiver, ecn_codepoint ecn, time_point now);

  std::optional<time_point> next_arrival() const {
    return under_way_.empty() ? std::nullopt : std::optional(under_way_.top().arrives);
  }

  datagram receive();

  void change(const link_settings& settings) noexcept { settings_ = settings; }

  /// The datagram that is sent as this one, counted from 0, is lost.
  void lose_number(std::uint64_t number) noexcept { lost_number_ = number; }

  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t dropped() const noexcept { return dropped_; }

  /// Datagrams lost because they were larger than the MTU.
  std::uint64_t too_large() const noexcept { return too_large_; }

  /// Datagrams that carry a mark of congestion from here.
  std::uint64_t marked() const noexcept { return marked_; }

private:
  bool loses(byte_view bytes, ecn_codepoint ecn);
  ecn_codepoint treat(ecn_codepoint ecn, double queued) noexcept;
  void schedule(byte_view bytes, const network_path& path, ecn_codepoint ecn, time_point departs);

  struct later {
    bool operator()(const datagram& a, const datagram& b) const noexcept {
      return a.arrives != b.arrives ? a.arrives > b.arrives : a.order > b.order;
    }
  };

  link_settings settings_;
  seeded_random& random_;
  std::priority_queue<datagram, std::vector<datagram>, later> under_way_;
  std::uint64_t order_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t sent_ = 0;
  std::optional<std::uint64_t> lost_number_;
  std::uint64_t too_large_ = 0;
  std::uint64_t marked_ = 0;
  time_point free_at_{};
};

}  // namespace quasio::sim
