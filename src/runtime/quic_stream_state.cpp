#include "runtime/quic_stream_state.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "quasio/runtime/error.hpp"

namespace quasio::runtime {

quic_stream_state::quic_stream_state(worker& host, stream_id id)
    : executor_(host.get_executor()), host_(&host), id_(id) {
  const bool is_ours = stream_initiator(id) == host.connection().role();
  if (direction_of(id) == stream_direction::bidirectional) return;
  (is_ours ? read_end_ : write_end_) = make_error_code(quic::stream_error::wrong_direction);
}

// --- Reading --------------------------------------------------------------------------------------------------------

void quic_stream_state::read(asio::mutable_buffer buffer, pending_operation<std::size_t> operation) {
  if (reading_) return operation.complete(error::already_started, 0);
  if (buffer.size() == 0) return operation.complete(error_code(), 0);
  read_buffer_ = buffer;
  reading_ = std::move(operation);
  try_to_read();
}

void quic_stream_state::try_to_read() {
  if (!reading_) return;
  const std::size_t size = kept_ ? read_kept(read_buffer_) : read_end_ ? 0 : read_at_hand(read_buffer_);
  if (size > 0) {
    // What was read opens the window: the peer must hear of it.
    if (host_ != nullptr) host_->wake();
    reading_.complete(error_code(), size);
  } else if (read_end_) {
    reading_.complete(*read_end_, 0);
  }
}

std::size_t quic_stream_state::read_at_hand(asio::mutable_buffer into) {
  quic::connection& connection = host_->connection();
  std::size_t total = 0;
  while (into.size() > 0 && !read_end_) {
    const auto chunk = connection.stream_peek(id_);
    if (!chunk) {
      read_end_ = make_error_code(chunk.error());
      break;
    }
    const std::size_t size = std::min(chunk->bytes.size(), into.size());
    const bool is_last = chunk->fin && size == chunk->bytes.size();
    if (size == 0 && !is_last) break;
    if (size > 0) std::memcpy(into.data(), chunk->bytes.data(), size);
    into += size;
    total += size;
    if (!connection.stream_consume(id_, size) || is_last) read_end_ = asio::error::eof;
  }
  return total;
}

std::size_t quic_stream_state::read_kept(asio::mutable_buffer into) {
  const std::size_t size = std::min(into.size(), kept_->bytes.size() - kept_->taken);
  std::memcpy(into.data(), kept_->bytes.data() + kept_->taken, size);
  kept_->taken += size;
  if (kept_->taken == kept_->bytes.size()) {
    read_end_ = kept_->end;
    kept_.reset();
  }
  return size;
}

// A peer may close right after its last words: who reads slowly has them all the same.
void quic_stream_state::keep_what_came(error_code end) {
  kept_bytes kept{.bytes = {}, .taken = 0, .end = end};
  quic::connection& connection = host_->connection();
  for (bool more = true; more;) {
    const auto chunk = connection.stream_peek(id_);
    if (!chunk) break;
    const std::size_t size = chunk->bytes.size();
    kept.bytes.insert(kept.bytes.end(), chunk->bytes.begin(), chunk->bytes.end());
    if (chunk->fin) kept.end = asio::error::eof;
    more = size > 0 && !chunk->fin;
    if (!connection.stream_consume(id_, size)) break;
  }
  if (kept.bytes.empty()) {
    read_end_ = kept.end;
  } else {
    kept_ = std::move(kept);
  }
}

void quic_stream_state::on_reset(std::uint64_t code) {
  end_reading(make_wire_error(code, stream_abandoned_category()));
}

void quic_stream_state::end_reading(const error_code& code) {
  if (!read_end_) read_end_ = code;
  reading_.complete(*read_end_, 0);
}

void quic_stream_state::stop_sending(std::uint64_t code) {
  if (host_ == nullptr || read_end_) return;
  static_cast<void>(host_->connection().stop_sending(id_, code));
  host_->wake();
  end_reading(asio::error::operation_aborted);
}

// --- Writing --------------------------------------------------------------------------------------------------------

void quic_stream_state::write(asio::const_buffer buffer, pending_operation<std::size_t> operation) {
  if (writing_) return operation.complete(error::already_started, 0);
  if (buffer.size() == 0) return operation.complete(write_end_.value_or(error_code()), 0);
  write_buffer_ = buffer;
  writing_ = std::move(operation);
  try_to_write();
}

void quic_stream_state::try_to_write() {
  if (!writing_) return;
  if (!write_end_) {
    const byte_view data(static_cast<const std::uint8_t*>(write_buffer_.data()), write_buffer_.size());
    const auto taken = host_->connection().stream_write(id_, data, false);
    if (taken && *taken == 0) return;
    if (taken) {
      host_->wake();
      return writing_.complete(error_code(), *taken);
    }
    write_end_ = make_error_code(taken.error());
  }
  writing_.complete(*write_end_, 0);
}

void quic_stream_state::on_stopped(std::uint64_t code) {
  end_writing(make_wire_error(code, stream_abandoned_category()));
}

void quic_stream_state::end_writing(const error_code& code) {
  if (!write_end_) write_end_ = code;
  writing_.complete(*write_end_, 0);
}

void quic_stream_state::finish() {
  if (host_ == nullptr || write_end_) return;
  static_cast<void>(host_->connection().stream_write(id_, {}, true));
  host_->wake();
  write_end_ = make_error_code(quic::stream_error::already_finished);
  writing_.complete(asio::error::operation_aborted, 0);
}

void quic_stream_state::reset(std::uint64_t code) {
  // After finish() too: what was not delivered yet can still be abandoned.
  const bool is_finished = write_end_ == make_error_code(quic::stream_error::already_finished);
  if (host_ == nullptr || (write_end_ && !is_finished)) return;
  static_cast<void>(host_->connection().reset_stream(id_, code));
  host_->wake();
  write_end_ = asio::error::operation_aborted;
  writing_.complete(asio::error::operation_aborted, 0);
}

// --- Both -----------------------------------------------------------------------------------------------------------

void quic_stream_state::set_priority(std::uint8_t urgency, bool incremental) {
  if (host_ != nullptr) static_cast<void>(host_->connection().set_stream_priority(id_, urgency, incremental));
}

void quic_stream_state::drop() {
  if (host_ == nullptr) return;
  if (!write_end_) reset(0);
  if (!read_end_) stop_sending(0);
}

void quic_stream_state::cancel_operation(std::uint64_t tag) {
  if (reading_ && reading_.tag() == tag) reading_.complete(asio::error::operation_aborted, 0);
  if (writing_ && writing_.tag() == tag) writing_.complete(asio::error::operation_aborted, 0);
}

void quic_stream_state::on_closed() {
  end_reading(asio::error::eof);
  end_writing(make_error_code(quic::stream_error::already_finished));
  host_ = nullptr;
  over_.store(true, std::memory_order_release);
}

void quic_stream_state::on_connection_closed(const error_code& code) {
  if (host_ != nullptr && !read_end_) keep_what_came(code);
  if (kept_) {
    try_to_read();
  } else {
    end_reading(code);
  }
  end_writing(code);
  host_ = nullptr;
  over_.store(true, std::memory_order_release);
}

void quic_stream_state::abandon() noexcept {
  host_ = nullptr;
  over_.store(true, std::memory_order_release);
  read_end_ = write_end_ = make_error_code(error::connection_closed);
  // Handlers may own streams, this one too.
  const auto unheard_read = std::move(reading_);
  const auto unheard_write = std::move(writing_);
}

}  // namespace quasio::runtime
