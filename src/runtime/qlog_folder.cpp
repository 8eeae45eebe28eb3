#include "quasio/runtime/qlog_folder.hpp"

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "runtime/log_file.hpp"

namespace quasio::runtime {
namespace {

// So much gathers in a connection before it is handed over: the folder's lock is taken once for hundreds of packets.
constexpr std::size_t part_size = std::size_t{64} * 1024;

/// "2026-11-23T06:00:00.000Z" (RFC 3339).
std::string time_of_day() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts));
  const std::string fraction = std::to_string(1000 + milliseconds % 1000);
  return text + fraction.substr(1) + "Z";
}

/// One connection's log between the connection and the disk.
struct log_part {
  std::shared_ptr<std::unique_ptr<log_file>> file;  ///< Opened, and closed with the last part, by the folder's thread.
  std::string path;
  std::string bytes;
};

}  // namespace

/// Owns the thread, and what waits for it.
class qlog_folder::writer : public std::enable_shared_from_this<writer> {
public:
  explicit writer(qlog_folder_options options) : options_(std::move(options)) {
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  std::shared_ptr<quic::connection_observer> observe(const quic::observed_start& start);

  void hand_over(log_part part) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_bytes_ + part.bytes.size() > options_.max_waiting_bytes) {
        dropped_ += part.bytes.size();
        return;
      }
      waiting_bytes_ += part.bytes.size();
      waiting_.push_back(std::move(part));
    }
    wake_.notify_one();
  }

  void connection_ended() noexcept { --connections_; }

  std::uint64_t not_logged() const noexcept { return not_logged_; }
  std::uint64_t dropped() const noexcept { return dropped_; }

private:
  void run();
  void write(const log_part& part);

  qlog_folder_options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<log_part> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::uint64_t> not_logged_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

namespace {

/// Gathers the records of one connection.
template <class Writer>
class gathering_sink final : public qlog::sink {
public:
  gathering_sink(std::shared_ptr<Writer> to, std::string path) : to_(std::move(to)), path_(std::move(path)) {
    gathered_.reserve(part_size);
  }

  ~gathering_sink() override {
    hand_over();
    to_->connection_ended();
  }
  gathering_sink(const gathering_sink&) = delete;
  gathering_sink& operator=(const gathering_sink&) = delete;

  void write(std::string_view record) override {
    gathered_ += record;
    if (gathered_.size() < part_size) return;
    hand_over();
    gathered_.reserve(part_size);
  }

  void flush() override { hand_over(); }

private:
  void hand_over() { to_->hand_over({file_, path_, std::exchange(gathered_, {})}); }

  std::shared_ptr<Writer> to_;
  std::shared_ptr<std::unique_ptr<log_file>> file_ = std::make_shared<std::unique_ptr<log_file>>();
  std::string path_;
  std::string gathered_;
};

}  // namespace

std::shared_ptr<quic::connection_observer> qlog_folder::writer::observe(const quic::observed_start& start) {
  if (++connections_ > options_.max_connections) {
    --connections_;
    ++not_logged_;
    return nullptr;
  }
  auto records =
      std::make_unique<gathering_sink<writer>>(shared_from_this(), options_.path + "/" + qlog::file_name(start));
  return qlog::make_connection_log(
      std::move(records),
      {.detail = options_.detail, .vantage_point = options_.vantage_point, .wall_clock_time = time_of_day()});
}

void qlog_folder::writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::deque<log_part> parts = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    lock.unlock();
    for (const log_part& part : parts) write(part);
    // The last part of a connection closes its file here, off the connection's thread.
    parts.clear();
    lock.lock();
  }
}

void qlog_folder::writer::write(const log_part& part) {
  std::unique_ptr<log_file>& file = *part.file;
  if (!file) file = log_file::create(part.path, options_.compression);
  if (!file || !file->write(part.bytes)) dropped_ += part.bytes.size();
}

qlog_folder::qlog_folder(std::shared_ptr<writer> made) noexcept : writer_(std::move(made)) {}
qlog_folder::~qlog_folder() { writer_->stop(); }

std::unique_ptr<qlog_folder> qlog_folder::open(qlog_folder_options options, error_code& error) {
  error = {};
  if (!is_available(options.compression)) {
    error = asio::error::operation_not_supported;
    return nullptr;
  }
  std::error_code made;
  std::filesystem::create_directory(options.path, made);
  if (!made && !std::filesystem::is_directory(options.path, made) && !made)
    made = std::make_error_code(std::errc::not_a_directory);
  if (made) {
    error = error_code(made.value(), asio::error::get_system_category());
    return nullptr;
  }
  return std::unique_ptr<qlog_folder>(new qlog_folder(std::make_shared<writer>(std::move(options))));
}

quic::observer_factory qlog_folder::observer() const {
  return [to = std::weak_ptr<writer>(writer_)](
             const quic::observed_start& start) -> std::shared_ptr<quic::connection_observer> {
    const auto alive = to.lock();
    return alive ? alive->observe(start) : nullptr;
  };
}

std::uint64_t qlog_folder::connections_not_logged() const noexcept { return writer_->not_logged(); }
std::uint64_t qlog_folder::bytes_dropped() const noexcept { return writer_->dropped(); }

}  // namespace quasio::runtime
