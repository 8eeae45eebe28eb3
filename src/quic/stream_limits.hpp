#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/range_set.hpp"

namespace quasio::quic {

/// Which streams of one kind have been opened and which of those have ended. Streams are opened in the order of their
/// numbers, so a count says it (RFC 9000, section 2.1); those that ended make ranges, at most one more than streams are
/// open.
class stream_ledger {
public:
  std::uint64_t opened() const noexcept { return opened_; }
  std::uint64_t closed() const noexcept { return closed_count_; }
  bool is_opened(std::uint64_t index) const noexcept { return index < opened_; }
  bool is_closed(std::uint64_t index) const noexcept { return closed_.contains(index); }

  /// Opens this stream and all before it.
  void open_through(std::uint64_t index) noexcept {
    if (index >= opened_) opened_ = index + 1;
  }
  void close(std::uint64_t index) { closed_count_ += closed_.insert(index, index + 1); }

  std::size_t ranges() const noexcept { return closed_.size(); }

private:
  std::uint64_t opened_ = 0;
  std::uint64_t closed_count_ = 0;
  range_set closed_;
};

/// The streams of one kind that we open, within what the peer allows (section 4.6).
class outgoing_streams {
public:
  const stream_ledger& ledger() const noexcept { return ledger_; }
  std::uint64_t left() const noexcept { return limit_ > ledger_.opened() ? limit_ - ledger_.opened() : 0; }

  /// The number of the next stream; empty when the peer allows no more, which is remembered for raise().
  std::optional<std::uint64_t> open() noexcept;
  void close(std::uint64_t index) { ledger_.close(index); }

  /// MAX_STREAMS or the initial limit. Returns whether somebody waits for it.
  bool raise(std::uint64_t limit) noexcept;

  /// The limit was remembered, and does not hold: 0 until the peer gives another. Streams that were opened stay so.
  void take_limit_back() noexcept {
    limit_ = 0;
    told_blocked_at_ = nothing_told;
  }

  /// Whether STREAMS_BLOCKED should be sent: once a limit.
  bool blocked_frame_due() const noexcept { return wanted_ && told_blocked_at_ != limit_; }
  std::uint64_t limit() const noexcept { return limit_; }
  void on_blocked_told() noexcept { told_blocked_at_ = limit_; }
  void on_blocked_lost(std::uint64_t limit) noexcept;

private:
  static constexpr std::uint64_t nothing_told = ~std::uint64_t{0};  // More than any limit.

  stream_ledger ledger_;
  std::uint64_t limit_ = 0;
  bool wanted_ = false;  // An open() failed at this limit.
  std::uint64_t told_blocked_at_ = nothing_told;
};

/// The streams of one kind that the peer opens, within what we allow. As they end the limit rises, so that the peer may
/// have the same number open at once all the time; it is announced when a quarter of that number has ended.
class incoming_streams {
public:
  explicit incoming_streams(std::uint64_t max_concurrent) noexcept;

  const stream_ledger& ledger() const noexcept { return ledger_; }

  /// Whether the peer may use this number: STREAM_LIMIT_ERROR if not.
  bool allows(std::uint64_t index) const noexcept { return index < limit_; }
  void open_through(std::uint64_t index) noexcept { ledger_.open_through(index); }
  void close(std::uint64_t index) { ledger_.close(index); }

  bool update_due() const noexcept;
  std::uint64_t limit() const noexcept { return limit_; }
  /// The limit to announce now; it is what the peer may use from here on.
  std::uint64_t announce() noexcept;
  void on_announcement_lost(std::uint64_t limit) noexcept;

private:
  std::uint64_t next_limit() const noexcept;

  stream_ledger ledger_;
  std::uint64_t max_concurrent_;
  std::uint64_t limit_;
  bool announcement_lost_ = false;
};

}  // namespace quasio::quic
