#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/quic/observer.hpp"

namespace quasio::quic {

/// How a connection ends (RFC 9000, section 10.2): while closing it repeats its CONNECTION_CLOSE to a peer that still
/// sends, while draining it is silent; after three probe timeouts it is gone.
class closing {
public:
  bool is_open() const noexcept { return phase_ == phase::open; }
  bool is_drained() const noexcept { return phase_ == phase::drained; }
  const close_reason& reason() const noexcept { return reason_; }
  /// Only when it is not open.
  connection_progress progress() const noexcept;
  std::optional<time_point> deadline() const noexcept { return deadline_; }

  /// We end it: CONNECTION_CLOSE is to be sent.
  void begin_closing(close_reason reason, time_point now, duration probe_timeout);

  /// The peer ended it, or we may send nothing any more.
  void begin_draining(close_reason reason, time_point now, duration probe_timeout);

  /// The peer knows nothing of the connection any more (section 10.3.1): whatever was to be said need not be.
  void fall_silent() noexcept {
    if (phase_ == phase::closing) phase_ = phase::draining;
  }

  /// It ends without a word: idle for too long (section 10.1), or never begun.
  void end_silently(close_reason reason);

  /// A packet came while closing. It is answered, ever more rarely (section 10.2.1).
  void on_packet_received() noexcept;

  bool wants_to_send() const noexcept { return phase_ == phase::closing && send_close_; }
  void on_close_sent() noexcept { send_close_ = false; }

  void on_timeout(time_point now) noexcept;

private:
  enum class phase : std::uint8_t { open, closing, draining, drained };

  phase phase_ = phase::open;
  close_reason reason_;
  std::optional<time_point> deadline_;
  bool send_close_ = false;
  std::uint64_t packets_since_close_ = 0;
  std::uint64_t packets_until_answer_ = 1;
};

}  // namespace quasio::quic
