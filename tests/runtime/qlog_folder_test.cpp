#include "quasio/runtime/qlog_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace quasio::test {
namespace {

namespace fs = std::filesystem;

class qlog_folder_test : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "quasio-qlog-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static quic::observed_start start_of(std::uint8_t fill) {
    const std::vector<std::uint8_t> id(8, fill);
    return {.role = endpoint_role::server, .path = {}, .original_destination = connection_id(id), .local_id = {}};
  }

  /// Logs one connection that drops `drops` packets.
  static void log_one(const runtime::qlog_folder& into, std::uint8_t fill, int drops) {
    const auto observer = into.observer()(start_of(fill));
    if (!observer) return;
    observer->on_started(start_of(fill), time_point());
    for (int i = 0; i < drops; ++i) observer->on_packet_dropped({}, time_point());
  }

  std::unique_ptr<runtime::qlog_folder> open(runtime::qlog_folder_options options) {
    options.path = (folder_ / "logs").string();
    error_code error;
    auto made = runtime::qlog_folder::open(std::move(options), error);
    EXPECT_FALSE(error) << error.message();
    return made;
  }

  std::string content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "logs" / name, std::ios::binary).rdbuf();
    return text.str();
  }

  /// What the distribution's own tool makes of a compressed file.
  std::string unpacked(const char* tool, const std::string& name) const {
    const std::string out = (folder_ / "unpacked").string();
    const std::string command = std::string(tool) + " -dc '" + (folder_ / "logs" / name).string() + "' > '" + out + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ostringstream text;
    text << std::ifstream(out, std::ios::binary).rdbuf();
    return text.str();
  }

  static std::size_t records(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\x1e'));
  }

  fs::path folder_;
};

// The head and the start; then come the drops.
constexpr std::size_t fixed_records = 2;

TEST_F(qlog_folder_test, writes_a_file_for_each_connection) {
  {
    const auto logs = open({});
    log_one(*logs, 0x11, 5);
    log_one(*logs, 0x22, 2000);
  }
  EXPECT_EQ(records(content("1111111111111111_server.sqlog")), fixed_records + 5);
  EXPECT_EQ(records(content("2222222222222222_server.sqlog")), fixed_records + 2000);
}

TEST_F(qlog_folder_test, compresses_as_asked) {
  if (!runtime::is_available(runtime::log_compression::gzip) || !runtime::is_available(runtime::log_compression::zstd))
    GTEST_SKIP() << "this build has no zlib or no zstd";
  {
    const auto logs = open({.path = {}, .compression = runtime::log_compression::gzip});
    log_one(*logs, 0x33, 3000);
  }
  EXPECT_EQ(records(unpacked("gzip", "3333333333333333_server.sqlog.gz")), fixed_records + 3000);
  {
    const auto logs = open({.path = {}, .compression = runtime::log_compression::zstd});
    log_one(*logs, 0x44, 3000);
  }
  const std::string packed = content("4444444444444444_server.sqlog.zst");
  EXPECT_LT(packed.size(), 20'000u);
  if (std::system("command -v zstd >/dev/null") == 0) {
    EXPECT_EQ(records(unpacked("zstd", "4444444444444444_server.sqlog.zst")), fixed_records + 3000);
  }
}

TEST_F(qlog_folder_test, logs_no_more_connections_at_once_than_asked) {
  const auto logs = open({.path = {}, .max_connections = 1});
  const auto first = logs->observer()(start_of(1));
  EXPECT_TRUE(first);
  EXPECT_FALSE(logs->observer()(start_of(2)));
  EXPECT_EQ(logs->connections_not_logged(), 1u);
}

TEST_F(qlog_folder_test, drops_what_the_disk_does_not_keep_up_with) {
  const auto logs = open({.path = {}, .max_waiting_bytes = 10});
  log_one(*logs, 0x55, 10);
  EXPECT_GT(logs->bytes_dropped(), 0u);
}

TEST_F(qlog_folder_test, may_end_before_its_connections) {
  std::shared_ptr<quic::connection_observer> observer;
  quic::observer_factory factory;
  {
    const auto logs = open({});
    factory = logs->observer();
    observer = factory(start_of(0x66));
    observer->on_started(start_of(0x66), time_point());
  }
  observer->on_packet_dropped({}, time_point());
  observer.reset();
  EXPECT_FALSE(factory(start_of(0x77)));
}

TEST_F(qlog_folder_test, says_when_the_folder_cannot_be_made) {
  error_code error;
  EXPECT_FALSE(runtime::qlog_folder::open({.path = (folder_ / "missing/logs").string()}, error));
  EXPECT_TRUE(error);
  std::ofstream(folder_ / "file") << "text";
  EXPECT_FALSE(runtime::qlog_folder::open({.path = (folder_ / "file").string()}, error));
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace quasio::test
