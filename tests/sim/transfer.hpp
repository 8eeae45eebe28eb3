#pragma once

#include <map>
#include <memory>
#include <string>

#include "sim/hosts.hpp"

namespace quasio::sim {

/// The byte that stands at `offset` of a stream in one direction: both ends know it without having exchanged it.
constexpr std::uint8_t expected_byte(stream_id id, endpoint_role from, std::uint64_t offset) noexcept {
  const std::uint64_t mixed =
      (offset + 1) * 0x9e3779b97f4a7c15u ^ (id * 131 + (from == endpoint_role::client ? 7 : 11));
  return static_cast<std::uint8_t>(mixed >> 56 ^ mixed >> 13);
}

/// Sends so many bytes on each of so many streams and expects as many back; a server answers each stream in kind.
struct transfer_plan {
  std::size_t streams = 1;
  std::uint64_t bytes_per_stream = 1024 * 1024;
};

/// How one end of a transfer fared. Outlives the connection, which its host destroys when it is over.
struct transfer_report {
  bool done = false;    ///< All streams were opened, finished, read to their end and delivered.
  std::string failure;  ///< What went wrong first; empty when nothing did.

  std::shared_ptr<quic::saved_session> session;  ///< A client's first, once it came.
  bool early_data_rejected = false;
  std::size_t early_streams = 0;  ///< Opened by early data, at a server.
};

/// One end of a transfer. Checks every byte that it gets.
class transfer final : public application {
public:
  transfer(endpoint_role role, const transfer_plan& plan, std::shared_ptr<transfer_report> report)
      : role_(role), plan_(plan), report_(std::move(report)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point now) override;
  void work(quic::connection& connection, time_point now) override;

private:
  struct stream_progress {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    bool finished_sending = false;
    bool finished_receiving = false;
  };

  void open_streams(quic::connection& connection);
  void write(quic::connection& connection, stream_id id);
  void read(quic::connection& connection, stream_id id);
  void fail(std::string what) {
    if (report_->failure.empty()) report_->failure = std::move(what);
  }

  endpoint_role role_;
  transfer_plan plan_;
  std::shared_ptr<transfer_report> report_;
  std::map<stream_id, stream_progress> streams_;
  std::size_t opened_ = 0;
  std::size_t closed_ = 0;
  bool established_ = false;
};

}  // namespace quasio::sim
