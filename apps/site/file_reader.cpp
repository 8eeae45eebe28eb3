#include "site/file_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/uio.h>
#include <unistd.h>
#include <boost/asio/redirect_error.hpp>

namespace quasio::apps {

namespace {

struct read_outcome {
  error_code error;
  std::size_t size = 0;
};

read_outcome read_once(const open_file& file, std::vector<char>& into, std::size_t size, std::uint64_t first,
                       int flags) {
  iovec piece{.iov_base = into.data(), .iov_len = size};
  for (;;) {
    const ssize_t got = ::preadv2(file.handle.get(), &piece, 1, static_cast<off_t>(first), flags);
    if (got > 0) return {.size = static_cast<std::size_t>(got)};
    if (got == 0) return {.error = asio::error::eof};
    if (errno != EINTR) return {.error = error_code(errno, system_category())};
  }
}

bool would_wait(const error_code& error) {
  // Some file systems cannot tell whether a read would wait.
  return error.value() == EAGAIN || error.value() == EOPNOTSUPP || error.value() == ENOSYS;
}

template <class Token>
auto async_read_elsewhere(asio::thread_pool& disk, std::shared_ptr<const open_file> file,
                          std::shared_ptr<std::vector<char>> into, std::size_t size, std::uint64_t first,
                          Token&& token) {
  return asio::async_initiate<Token, void(error_code, std::size_t)>(
      [](auto handler, asio::thread_pool& pool, auto source, auto buffer, std::size_t count, std::uint64_t offset) {
        auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        asio::post(pool, [handler = std::move(handler), home = std::move(home), source = std::move(source),
                          buffer = std::move(buffer), count, offset]() mutable {
          const read_outcome outcome = read_once(*source, *buffer, count, offset, 0);
          asio::post(home, [handler = std::move(handler), outcome]() mutable {
            std::move(handler)(outcome.error, outcome.size);
          });
        });
      },
      token, std::ref(disk), std::move(file), std::move(into), size, first);
}

}  // namespace

file_reader::file_reader(file_part part, asio::thread_pool& disk)
    : part_(std::move(part)), disk_(disk), buffer_(std::make_shared<std::vector<char>>()) {}

asio::awaitable<std::string_view> file_reader::next(error_code& error) {
  error = {};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(part_.size, next_size_));
  if (wanted == 0) co_return std::string_view();
  if (buffer_->size() < wanted) buffer_ = std::make_shared<std::vector<char>>(wanted);
  next_size_ = std::min(2 * next_size_, largest_piece);
  read_outcome outcome = read_once(*part_.file, *buffer_, wanted, part_.first, RWF_NOWAIT);
  if (outcome.error && would_wait(outcome.error)) {
    outcome.error = {};
    outcome.size = co_await async_read_elsewhere(disk_, part_.file, buffer_, wanted, part_.first,
                                                 asio::redirect_error(asio::use_awaitable, outcome.error));
  }
  error = outcome.error;
  if (error) co_return std::string_view();
  part_.first += outcome.size;
  part_.size -= outcome.size;
  co_return std::string_view(buffer_->data(), outcome.size);
}

}  // namespace quasio::apps
