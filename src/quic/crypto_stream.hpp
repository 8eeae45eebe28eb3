#pragma once

#include <cstdint>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/range_set.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quic/sent_frame.hpp"

namespace quasio::quic {

/// The CRYPTO stream of one encryption level: TLS messages each way, in order (RFC 9000, section 7.5). They are few and
/// short, so both sides live in plain buffers.
class crypto_stream {
public:
  explicit crypto_stream(std::size_t buffer_size) noexcept : buffer_size_(buffer_size) {}

  // --- Receiving ---

  /// Takes the data of a CRYPTO frame, in any order. More than the buffer may hold is CRYPTO_BUFFER_EXCEEDED.
  transport_result<void> receive(std::uint64_t offset, byte_view data);

  /// The bytes that are next in order, to be handed to TLS; empty when there is a gap.
  byte_view readable() const noexcept;
  void consume(std::size_t count);

  // --- Sending ---

  void write(byte_view data);

  bool has_data_to_send() const noexcept { return !to_send_.empty(); }

  /// Fills what is left of the packet with CRYPTO frames and records them.
  void write_frames(byte_writer& packet, sent_frames& record);

  void on_acked(const sent_frame& frame);
  void on_lost(const sent_frame& frame);

  /// Sends everything that was not acknowledged once more: after a Retry, or to speed a handshake up (RFC 9002,
  /// section 6.2.3).
  void resend_unacknowledged();

private:
  std::size_t buffer_size_;

  std::vector<std::uint8_t> received_;  // Begins at read_offset_.
  range_set received_ranges_;
  std::uint64_t read_offset_ = 0;

  std::vector<std::uint8_t> sent_;  // Begins at sent_base_.
  std::uint64_t sent_base_ = 0;
  range_set to_send_;
  range_set acked_;
};

}  // namespace quasio::quic
