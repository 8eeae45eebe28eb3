#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "quasio/asio.hpp"
#include "quasio/qlog/connection_log.hpp"
#include "quasio/quic/observer.hpp"

namespace quasio::runtime {

/// How log files are compressed while they are written.
enum class log_compression : std::uint8_t {
  none,
  gzip,  ///< By zlib; files end in ".sqlog.gz".
  zstd,  ///< Files end in ".sqlog.zst".
};

/// Whether this build can compress so; `none` it always can.
bool is_available(log_compression how) noexcept;

/// Where logs go, what they say and what they may cost.
struct qlog_folder_options {
  std::string path;                                     ///< Made where it is missing; its parent must exist.
  log_compression compression = log_compression::none;  ///< Must be available: see is_available().
  qlog::importance detail = qlog::importance::extra;    ///< As qlog::log_options::detail.
  std::string vantage_point;                            ///< See qlog::log_options.

  /// Connections logged at one time, each with an open file; further ones are not logged, and counted.
  std::size_t max_connections = 256;

  /// Bytes that wait for the disk. Records beyond are dropped, and counted: no connection waits for a log.
  std::size_t max_waiting_bytes = std::size_t{64} * 1024 * 1024;
};

/// Writes a qlog file for each connection (one is called "<original destination connection ID>_<role>.sqlog"). A
/// connection's thread only appends to a buffer, and hands it over every 64 KB and at the end; a thread of the folder's
/// own compresses and writes.
///
/// Threads: all functions, from any. Copies of observer() may outlive the folder, but then log nothing.
class qlog_folder {
public:
  /// Errors: what making the folder says; operation_not_supported when the build cannot compress as asked.
  static std::unique_ptr<qlog_folder> open(qlog_folder_options options, error_code& error);

  /// Waits until what was handed over is written. Connections that are still open keep a last part of their logs.
  ~qlog_folder();
  qlog_folder(const qlog_folder&) = delete;
  qlog_folder& operator=(const qlog_folder&) = delete;

  /// For quic::client_options::observe and quic::acceptor_options::observe.
  quic::observer_factory observer() const;

  /// What the limits of the options have cost: logs that were never begun, and bytes of others.
  std::uint64_t connections_not_logged() const noexcept;
  std::uint64_t bytes_dropped() const noexcept;

private:
  class writer;
  explicit qlog_folder(std::shared_ptr<writer> made) noexcept;

  std::shared_ptr<writer> writer_;
};

}  // namespace quasio::runtime
