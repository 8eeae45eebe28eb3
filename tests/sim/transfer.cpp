#include "sim/transfer.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace quasio::sim {

void transfer::on_event(quic::connection& connection, const quic::event& event, time_point) {
  if (std::holds_alternative<quic::handshake_completed>(event) ||
      std::holds_alternative<quic::early_data_ready>(event)) {
    established_ = true;
  } else if (const auto* received = std::get_if<quic::session_received>(&event)) {
    if (!report_->session) report_->session = received->session;
  } else if (std::holds_alternative<quic::early_data_rejected>(event)) {
    report_->early_data_rejected = true;
  } else if (const auto* opened = std::get_if<quic::stream_opened>(&event)) {
    streams_[opened->id];
    report_->early_streams += opened->is_early_data ? 1 : 0;
  } else if (const auto* readable = std::get_if<quic::stream_readable>(&event)) {
    read(connection, readable->id);
  } else if (const auto* closed = std::get_if<quic::stream_closed>(&event)) {
    const stream_progress& progress = streams_[closed->id];
    if (!progress.finished_receiving || progress.received != plan_.bytes_per_stream)
      fail("a stream closed before its end");
    report_->done = ++closed_ == plan_.streams;
    streams_.erase(closed->id);
  } else if (std::holds_alternative<quic::stream_reset>(event) || std::holds_alternative<quic::stream_stopped>(event)) {
    fail("a stream was reset");
  } else if (const auto* ended = std::get_if<quic::connection_closed>(&event)) {
    if (!report_->done) fail("the connection ended: " + ended->reason.to_string());
  }
}

void transfer::work(quic::connection& connection, time_point) {
  if (!established_ || connection.is_closed()) return;
  if (role_ == endpoint_role::client) open_streams(connection);
  for (auto& [id, progress] : streams_) {
    if (!progress.finished_sending) write(connection, id);
  }
}

void transfer::open_streams(quic::connection& connection) {
  while (opened_ < plan_.streams) {
    const auto id = connection.open_stream(stream_direction::bidirectional);
    if (!id) return;
    streams_[*id];
    ++opened_;
  }
}

void transfer::write(quic::connection& connection, stream_id id) {
  stream_progress& progress = streams_[id];
  std::array<std::uint8_t, 16384> chunk;
  while (!progress.finished_sending) {
    const auto capacity = connection.stream_capacity(id);
    const std::uint64_t left = plan_.bytes_per_stream - progress.sent;
    if (!capacity || (*capacity == 0 && left > 0)) return;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>({left, chunk.size(), *capacity}));
    for (std::size_t i = 0; i < size; ++i) chunk[i] = expected_byte(id, role_, progress.sent + i);
    const auto written = connection.stream_write(id, byte_view(chunk).first(size), size == left);
    if (!written) return fail("writing was refused");
    progress.sent += *written;
    progress.finished_sending = progress.sent == plan_.bytes_per_stream;
  }
}

void transfer::read(quic::connection& connection, stream_id id) {
  stream_progress& progress = streams_[id];
  const endpoint_role from = other(role_);
  while (!progress.finished_receiving) {
    const auto chunk = connection.stream_peek(id);
    if (!chunk) return fail("reading was refused");
    if (chunk->bytes.empty() && !chunk->fin) return;
    for (const std::uint8_t byte : chunk->bytes) {
      if (byte != expected_byte(id, from, progress.received++)) return fail("a byte is not the one that was sent");
    }
    progress.finished_receiving = chunk->fin;
    if (!connection.stream_consume(id, chunk->bytes.size())) return fail("consuming was refused");
  }
}

}  // namespace quasio::sim
