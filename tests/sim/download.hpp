#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {

/// Only downloads: after the first request the client has nothing to say but acknowledgments.
class downloader final : public application {
public:
  downloader(std::uint64_t size, std::shared_ptr<transfer_report> report) : size_(size), report_(std::move(report)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point) override {
    if (const auto* readable = std::get_if<quic::stream_readable>(&event)) read(connection, readable->id);
    if (const auto* ended = std::get_if<quic::connection_closed>(&event); ended && !report_->done)
      report_->failure = ended->reason.to_string();
  }

  void work(quic::connection& connection, time_point) override {
    if (asked_ || !connection.is_established()) return;
    const auto id = connection.open_stream(stream_direction::bidirectional);
    asked_ = id && connection.stream_write(*id, as_bytes("give"), true);
  }

private:
  void read(quic::connection& connection, stream_id id) {
    while (true) {
      const auto chunk = connection.stream_peek(id);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      for (const std::uint8_t byte : chunk->bytes) {
        if (byte != expected_byte(id, endpoint_role::server, received_++)) report_->failure = "a wrong byte";
      }
      const bool last = chunk->fin;
      if (!connection.stream_consume(id, chunk->bytes.size())) return;
      if (last) {
        report_->done = received_ == size_;
        return;
      }
    }
  }

  std::uint64_t size_;
  std::shared_ptr<transfer_report> report_;
  std::uint64_t received_ = 0;
  bool asked_ = false;
};

/// Answers the first stream with so many bytes.
class uploader final : public application {
public:
  explicit uploader(std::uint64_t size) : size_(size) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point) override {
    if (const auto* opened = std::get_if<quic::stream_opened>(&event)) id_ = opened->id;
    if (const auto* readable = std::get_if<quic::stream_readable>(&event)) {
      while (const auto chunk = connection.stream_peek(readable->id)) {
        if (chunk->bytes.empty() && !chunk->fin) break;
        const bool last = chunk->fin;
        if (!connection.stream_consume(readable->id, chunk->bytes.size()) || last) break;
      }
    }
  }

  void work(quic::connection& connection, time_point) override {
    if (!id_ || connection.is_closed()) return;
    std::vector<std::uint8_t> chunk;
    while (sent_ < size_) {
      const auto capacity = connection.stream_capacity(*id_);
      if (!capacity || *capacity == 0) return;
      chunk.resize(static_cast<std::size_t>(std::min<std::uint64_t>({size_ - sent_, *capacity, 16384})));
      for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = expected_byte(*id_, endpoint_role::server, sent_ + i);
      const auto written = connection.stream_write(*id_, chunk, sent_ + chunk.size() == size_);
      if (!written) return;
      sent_ += *written;
    }
  }

private:
  std::uint64_t size_;
  std::uint64_t sent_ = 0;
  std::optional<stream_id> id_;
};

struct download {
  std::shared_ptr<transfer_report> report = std::make_shared<transfer_report>();
  world network;

  download(const world_settings& settings, std::uint64_t size)
      : network((seed_openssl(settings.seed), settings), std::make_unique<downloader>(size, report),
                [size] { return std::make_unique<uploader>(size); }) {}

  bool run(duration limit) {
    return network.run_until([this] { return report->done || !report->failure.empty(); }, limit);
  }
};

}  // namespace quasio::sim
