#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "quasio/http3/error.hpp"
#include "quasio/http3/qpack_statistics.hpp"

namespace quasio::http3 {

/// How often each error code was the reason for something.
class error_counts {
public:
  /// All codes that error_code does not name count as one.
  std::uint64_t of(error_code code) const noexcept { return counts_[slot_of(code)]; }
  std::uint64_t total() const noexcept;
  void add(error_code code) noexcept { ++counts_[slot_of(code)]; }

private:
  static constexpr std::size_t first_of_qpack = 17;  ///< After 0x100 to 0x110.
  static constexpr std::size_t datagram = 20;
  static constexpr std::size_t others = 21;

  static constexpr std::size_t slot_of(error_code code) noexcept {
    const auto value = static_cast<std::uint64_t>(code);
    if (value >= 0x100 && value <= 0x110) return static_cast<std::size_t>(value - 0x100);
    if (value >= 0x200 && value <= 0x202) return static_cast<std::size_t>(value - 0x200) + first_of_qpack;
    return code == error_code::datagram_error ? datagram : others;
  }

  std::array<std::uint64_t, others + 1> counts_{};
};

/// What became of HTTP Datagrams that came (RFC 9297).
struct received_datagram_counts {
  std::uint64_t received = 0;  ///< Also those that were dropped.
  std::uint64_t bytes_received = 0;
  std::uint64_t dropped_full = 0;     ///< Unread: datagram_settings' limits, also those for early ones.
  std::uint64_t dropped_late = 0;     ///< For requests that were over, or whose receiving side was.
  std::uint64_t dropped_unasked = 0;  ///< On a client: for no request of ours.
  std::uint64_t dropped_early = 0;    ///< Their request did not come in time.
};

/// What an HTTP/3 connection has counted since it began. "Sent" and "received" are of this side; bytes of content do
/// not include frame headers.
struct statistics {
  std::uint64_t requests_sent = 0;
  std::uint64_t requests_received = 0;
  std::uint64_t requests_in_early_data = 0;  ///< Of those received.
  std::uint64_t responses_sent = 0;          ///< Final ones, also those that a server makes by itself (431).
  std::uint64_t responses_received = 0;
  std::uint64_t interim_responses_sent = 0;
  std::uint64_t interim_responses_received = 0;
  std::uint64_t trailers_sent = 0;
  std::uint64_t trailers_received = 0;
  std::uint64_t content_bytes_sent = 0;
  std::uint64_t content_bytes_received = 0;
  std::uint64_t field_bytes_sent = 0;  ///< Encoded field sections.
  std::uint64_t field_bytes_received = 0;

  std::uint64_t requests_rejected = 0;          ///< By us, unprocessed: after GOAWAY, or reset before they were whole.
  std::uint64_t requests_rejected_by_peer = 0;  ///< Safe to retry elsewhere.
  std::uint64_t requests_too_large = 0;         ///< Answered with 431.
  std::uint64_t messages_malformed = 0;         ///< Refused here, for this or another breach of their own.
  std::uint64_t exchanges_cancelled = 0;        ///< By our application.
  std::uint64_t exchanges_cancelled_by_peer = 0;  ///< It abandoned its message, or refused ours.
  std::uint64_t exchanges_closed = 0;

  std::uint64_t priority_updates_sent = 0;
  std::uint64_t priority_updates_received = 0;
  std::uint64_t priority_updates_ignored = 0;  ///< Malformed, for requests that were over, or too many too early.

  std::uint64_t datagrams_sent = 0;  ///< Given to QUIC: what became of them quic::statistics says.
  std::uint64_t datagram_bytes_sent = 0;
  received_datagram_counts datagrams;

  std::uint64_t goaways_sent = 0;
  std::uint64_t goaways_received = 0;
  std::uint64_t unknown_streams = 0;  ///< Unidirectional ones of the peer whose type means nothing here.

  error_counts exchange_breaches;            ///< That cost the peer one exchange.
  std::optional<error_code> closed_for;      ///< The breach that cost it the connection.
  qpack_statistics qpack;                    ///< How the header compression fares in both directions.
  std::size_t open_exchanges = 0;            ///< Now.
  std::size_t datagram_bytes_waiting = 0;    ///< Now, unread.
  std::size_t early_priorities_waiting = 0;  ///< Now, for requests that have not come.
};

}  // namespace quasio::http3
