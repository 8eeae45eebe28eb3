#include "site/file_reader.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "apps/temporary_folder.hpp"

namespace quasio::apps {
namespace {

class file_reader_test : public ::testing::Test {
protected:
  file_reader open(std::uint64_t first, std::uint64_t size) {
    const auto root = root_folder::open(folder_.path().string());
    return {file_part{*root->open_beneath({"file"}), first, size}, disk_};
  }

  // Runs a coroutine to its end.
  template <class Function>
  void run(Function function) {
    asio::io_context context;
    std::exception_ptr failure;
    asio::co_spawn(context, function(), [&](const std::exception_ptr& thrown) { failure = thrown; });
    context.run();
    if (failure) std::rethrow_exception(failure);
  }

  static asio::awaitable<std::string> read_all(file_reader& reader, error_code& error) {
    std::string all;
    while (reader.remaining() > 0) {
      const std::string_view piece = co_await reader.next(error);
      if (error) break;
      EXPECT_LE(piece.size(), file_reader::largest_piece);
      all += piece;
    }
    co_return all;
  }

  std::string read(file_reader& reader, error_code& error) {
    std::string all;
    run([&]() -> asio::awaitable<void> { all = co_await read_all(reader, error); });
    return all;
  }

  testing::temporary_folder folder_;
  asio::thread_pool disk_{1};
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + (i >> 8) * 13);
  return text;
}

TEST_F(file_reader_test, reads_a_part_in_pieces) {
  const std::string text = pattern(3 * file_reader::largest_piece + 17);
  folder_.write("file", text);
  error_code error;
  auto whole = open(0, text.size());
  EXPECT_EQ(read(whole, error), text);
  EXPECT_FALSE(error);
  auto part = open(1000, file_reader::largest_piece + 5);
  EXPECT_EQ(read(part, error), text.substr(1000, file_reader::largest_piece + 5));
  EXPECT_FALSE(error);
}

TEST_F(file_reader_test, begins_with_small_pieces) {
  folder_.write("file", pattern(4 * file_reader::largest_piece));
  auto reader = open(0, 4 * file_reader::largest_piece);
  std::vector<std::size_t> sizes;
  run([&]() -> asio::awaitable<void> {
    error_code error;
    while (reader.remaining() > 0 && !error) sizes.push_back((co_await reader.next(error)).size());
  });
  ASSERT_GE(sizes.size(), 5u);
  EXPECT_EQ(sizes[0], file_reader::first_piece);
  EXPECT_EQ(sizes[1], 2 * file_reader::first_piece);
  EXPECT_EQ(sizes[4], file_reader::largest_piece);
}

TEST_F(file_reader_test, reads_nothing_of_nothing) {
  folder_.write("file", "");
  error_code error;
  auto reader = open(0, 0);
  EXPECT_EQ(read(reader, error), "");
  EXPECT_FALSE(error);
}

TEST_F(file_reader_test, says_when_the_file_has_become_shorter) {
  folder_.write("file", pattern(4 * file_reader::largest_piece));
  auto reader = open(0, 4 * file_reader::largest_piece);
  error_code error;
  std::string got;
  run([&]() -> asio::awaitable<void> {
    got += co_await reader.next(error);
    EXPECT_FALSE(error);
    std::filesystem::resize_file(folder_ / "file", file_reader::largest_piece + 10);
    got += co_await read_all(reader, error);
  });
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_EQ(got, pattern(4 * file_reader::largest_piece).substr(0, file_reader::largest_piece + 10));
}

TEST_F(file_reader_test, reads_a_sparse_file_of_great_size) {
  folder_.write("file", "");
  std::filesystem::resize_file(folder_ / "file", std::uintmax_t{64} << 20);
  error_code error;
  auto reader = open(0, std::uint64_t{64} << 20);
  EXPECT_EQ(read(reader, error).size(), std::size_t{64} << 20);
  EXPECT_FALSE(error);
}

}  // namespace
}  // namespace quasio::apps
