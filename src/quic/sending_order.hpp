#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quasio::quic {

/// Which urgency fills the next bytes of a packet, and whether with a stream's data or with a datagram.
///
/// The most urgent goes first (RFC 9218, section 10; RFC 9221, section 5.1 wants datagrams on the same scale). At one
/// urgency streams and datagrams share by bytes, datagrams first. So that a less urgent level is never starved for
/// good, every so many packets one begins with such a level, each in its turn.
class sending_order {
public:
  /// `starvation_guard`: one packet in so many begins with a less urgent level, while one waits; 0 is never.
  explicit sending_order(std::uint32_t starvation_guard) noexcept : guard_(starvation_guard) {}

  /// Where something can be sent: a bit for each urgency.
  struct waiting {
    std::uint8_t streams = 0;
    std::uint8_t datagrams = 0;

    std::uint8_t any() const noexcept { return static_cast<std::uint8_t>(streams | datagrams); }
  };

  struct turn {
    std::size_t urgency;
    bool is_datagram;
  };

  /// A packet with data is begun, while this waits.
  void begin_packet(waiting now) noexcept {
    favoured_.reset();
    if (guard_ == 0 || std::popcount(now.any()) < 2 || ++packets_ < guard_) return;
    packets_ = 0;
    favoured_ = last_favoured_ = next_below_top(now.any());
  }

  /// Whose turn it is; empty when nothing waits.
  std::optional<turn> next(waiting now) const noexcept {
    if (now.any() == 0) return std::nullopt;
    const bool is_favour = favoured_ && has(now.any(), *favoured_);
    const std::size_t urgency = is_favour ? *favoured_ : top_of(now.any());
    const bool is_contended = has(now.streams, urgency) && has(now.datagrams, urgency);
    return turn{urgency, is_contended ? datagram_lead_ <= 0 : has(now.datagrams, urgency)};
  }

  /// The turn was used for so many bytes; `now` is what waited before.
  void on_sent(turn used, waiting now, std::size_t bytes) noexcept {
    if (!has(now.streams, used.urgency) || !has(now.datagrams, used.urgency)) return;
    const auto count = static_cast<std::int64_t>(bytes);
    datagram_lead_ += used.is_datagram ? count : -count;
  }

private:
  static bool has(std::uint8_t levels, std::size_t urgency) noexcept { return (levels >> urgency & 1u) != 0; }
  static std::size_t top_of(std::uint8_t levels) noexcept { return static_cast<std::size_t>(std::countr_zero(levels)); }

  // The levels below the top take turns.
  std::size_t next_below_top(std::uint8_t levels) const noexcept {
    const auto below = static_cast<std::uint8_t>(levels & (levels - 1));
    const auto after = static_cast<std::uint8_t>(below & ~((2u << last_favoured_) - 1));
    return top_of(after != 0 ? after : below);
  }

  std::uint32_t guard_;
  std::uint32_t packets_ = 0;
  std::size_t last_favoured_ = 0;
  std::optional<std::size_t> favoured_;
  std::int64_t datagram_lead_ = 0;  // Bytes that datagrams have had more than streams while both waited.
};

}  // namespace quasio::quic
