#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "qlog/json_writer.hpp"
#include "quasio/qlog/connection_log.hpp"

namespace quasio::qlog {

/// Writes the records of one trace: JSON Text Sequences, one text an event (draft-ietf-quic-qlog-main-schema, "QlogFile
/// schema" in its streamable form).
class record_writer {
public:
  record_writer(std::unique_ptr<sink> records, log_options options)
      : records_(std::move(records)), options_(std::move(options)) {}

  bool wants(importance event) const noexcept { return event <= options_.detail; }

  /// Before all else. Times count from `now`.
  void write_head(const quic::observed_start& start, time_point now);

  /// One event: `write_data` fills the member "data".
  template <class WriteData>
  void write(std::string_view name, time_point now, WriteData&& write_data, std::uint16_t path = 0) {
    json_writer json = begin(name, now, path);
    write_data(json);
    end(json);
  }

  void flush() { records_->flush(); }

private:
  json_writer begin(std::string_view name, time_point now, std::uint16_t path);
  void end(json_writer& json);

  std::unique_ptr<sink> records_;
  log_options options_;
  std::string record_;  // Used again for every record.
  time_point started_{};
};

/// How a path is called in a log: the one of the handshake is "" (draft-ietf-quic-qlog-quic-events, "tuple_assigned").
std::string tuple_name(std::uint16_t path);

}  // namespace quasio::qlog
