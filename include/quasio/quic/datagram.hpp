#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/base/time.hpp"

namespace quasio::quic {

/// How one DATAGRAM frame is to be treated on this side (RFC 9221, section 5). None of it is seen by the peer.
struct datagram_options {
  /// 0 to 7, on one scale with the urgencies of streams (larger values count as 7): what is more urgent goes first. At
  /// one urgency datagrams are sent in the order they were given, and share the sending by bytes with the streams.
  std::uint8_t urgency = 3;

  /// When it is worth nothing any more: it is dropped instead of being sent at that time or later. Empty: never.
  std::optional<time_point> expires;

  /// A flow of the application's own, for purge_datagram_group().
  std::uint64_t group = 0;

  /// With a cookie, datagram_fate events tell what became of it. It need not be unique.
  std::optional<std::uint64_t> cookie;
};

/// What became of a datagram with a cookie.
enum class datagram_outcome : std::uint8_t {
  acknowledged,  ///< The peer's QUIC has it; whether its application has, nobody says (RFC 9221, section 5.2).
  lost,          ///< Believed lost; `acknowledged` may follow all the same, when it was only late.
  expired,       ///< Dropped unsent at its time.
  displaced,     ///< Dropped unsent in favour of a newer one, because the queue was full.
  purged,        ///< Dropped unsent by purge_datagrams().
  too_large,     ///< Dropped unsent: what the path carries shrank after it was accepted.
};

std::string_view to_string(datagram_outcome outcome) noexcept;

/// Why a datagram was not accepted. None of these ends the connection.
enum class datagram_error : std::uint8_t {
  not_negotiated,     ///< The peer takes no DATAGRAM frames.
  too_large,          ///< More than max_datagram_payload().
  queue_full,         ///< datagrams_writable follows when half of the queue is free.
  connection_closed,  ///< The connection has ended or has not yet the keys for data.
};

std::string_view to_string(datagram_error error) noexcept;

template <class Value>
using datagram_result = result<Value, datagram_error>;

/// Says of a datagram that waits to be sent whether it is to be dropped. Must not call the connection.
using datagram_predicate = std::function<bool(byte_view data, const datagram_options& options)>;

/// What gives way when a datagram is to be sent and the queue is full (after the expired ones are out of the way).
enum class datagram_send_overflow : std::uint8_t {
  refuse_newest,  ///< The new one: the caller learns at once, and can wait.
  drop_oldest,    ///< The one that has waited longest, of whatever urgency: for media, where only the newest counts.
  drop_least_urgent,  ///< The oldest of the least urgent, if that is less urgent than the new one, which else is
                      ///< refused.
};

/// What gives way when a datagram comes and the application has not read the earlier ones.
enum class datagram_receive_overflow : std::uint8_t { drop_oldest, drop_newest };

/// The part of quic::settings that concerns DATAGRAM frames.
struct datagram_settings {
  /// The largest frame this endpoint takes, its type and length included (max_datagram_frame_size); 0: none are taken,
  /// which needs no reader. 65535 takes whatever fits a packet (RFC 9221, section 3). Sending needs the peer's consent
  /// only.
  std::uint64_t max_frame_size = 0;

  /// Datagrams that wait to be sent, and their bytes. They bound the delay that queueing adds, more than memory: a
  /// megabyte is 80 ms at 100 Mbit/s.
  std::size_t max_to_send = 1024;
  std::size_t max_bytes_to_send = 1024 * 1024;
  datagram_send_overflow send_overflow = datagram_send_overflow::refuse_newest;

  /// Datagrams that wait to be read, and their bytes: nothing else bounds what a peer sends to a slow reader
  /// (RFC 9221, section 5.3).
  std::size_t max_to_read = 1024;
  std::size_t max_bytes_to_read = 1024 * 1024;
  datagram_receive_overflow receive_overflow = datagram_receive_overflow::drop_oldest;
};

/// What became of the datagrams that were to be sent.
struct sent_datagram_statistics {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< For lack of room.
  std::uint64_t sent = 0;
  std::uint64_t bytes_sent = 0;  ///< Payloads only.
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::uint64_t expired = 0;
  std::uint64_t displaced = 0;
  std::uint64_t purged = 0;
  std::uint64_t too_large = 0;
  std::size_t waiting = 0;  ///< Now.
  std::size_t bytes_waiting = 0;
};

/// What became of DATAGRAM frames that came.
struct received_datagram_statistics {
  std::uint64_t received = 0;  ///< Also those that were dropped.
  std::uint64_t bytes_received = 0;
  std::uint64_t dropped = 0;  ///< Unread, because the queue was full.
  std::size_t waiting = 0;    ///< Now.
  std::size_t bytes_waiting = 0;
};

}  // namespace quasio::quic
