#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "quasio/asio.hpp"
#include "site/file_site.hpp"

namespace quasio::apps {

/// Reads a part of a file piece by piece into one buffer, so that a file of any size costs the same memory. Each piece
/// is twice as large as the one before it, up to largest_piece: a client that takes nothing costs little.
///
/// What the system holds in memory is read at once; what it has to fetch from a disk is read by another thread, so that
/// the network does not wait.
///
/// Threads: one at a time. The pool must outlive the reader's coroutines.
class file_reader {
public:
  static constexpr std::size_t first_piece = 16 * 1024;
  static constexpr std::size_t largest_piece = 128 * 1024;

  file_reader(file_part part, asio::thread_pool& disk);

  std::uint64_t remaining() const noexcept { return part_.size; }

  /// The next piece, valid until the next call; not empty while remaining() is not 0. An error: what the system says,
  /// or eof when the file has become shorter since it was opened.
  asio::awaitable<std::string_view> next(error_code& error);

private:
  file_part part_;
  asio::thread_pool& disk_;
  std::size_t next_size_ = first_piece;
  std::shared_ptr<std::vector<char>> buffer_;  // Shared with a read that outlives a cancelled coroutine.
};

}  // namespace quasio::apps
