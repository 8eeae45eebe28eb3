#include "server/http3_front.hpp"

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "server/access_record.hpp"
#include "site/file_reader.hpp"

namespace quasio::apps {

namespace {

void set_head(http3::response& response, const answer& what) {
  response.status(what.status);
  for (const http3::field& field : what.headers) response.set(field.name, field.value);
}

// Writes what is left of the file. On an error of the disk the response is given up: a short body that ends in peace
// would be a lie. Returns what went wrong, for the log.
asio::awaitable<std::string> send_file(http3::response& response, file_reader& reader, std::string_view first_piece,
                                       access_record& record) {
  std::string_view piece = first_piece;
  for (;;) {
    error_code error;
    std::size_t written = 0;
    const asio::const_buffer bytes = asio::buffer(piece);
    if (reader.remaining() == 0) {
      written = co_await response.finish(bytes, asio::redirect_error(asio::use_awaitable, error));
    } else {
      written = co_await response.write(bytes, asio::redirect_error(asio::use_awaitable, error));
    }
    record.add_bytes(written);
    if (error) co_return "cut off: " + error.message();
    if (reader.remaining() == 0) co_return std::string();
    piece = co_await reader.next(error);
    if (error) {
      response.cancel(http3::error_code::internal_error);
      co_return "cut off: cannot read the file: " + error.message();
    }
  }
}

asio::awaitable<std::string> send_text(http3::response& response, const answer& what, access_record& record) {
  error_code error;
  const std::size_t written =
      co_await response.finish(asio::buffer(what.text), asio::redirect_error(asio::use_awaitable, error));
  record.add_bytes(written);
  co_return error ? "cut off: " + error.message() : std::string();
}

}  // namespace

asio::awaitable<void> http3_front::serve(http3::request& request, http3::response& response) const {
  const char* const protocol = request.is_early_data() ? "h3 in early data" : "h3";
  access_record record(request.method(), request.path(), protocol, request.connection().path.peer.to_string());
  record.note("cut off: the client went away");  // Where the coroutine is cancelled, nothing below is reached.
  const auto now = static_cast<unix_seconds>(std::time(nullptr));
  const request_head head{request.method(), request.path(), request.headers()};
  answer what = site_.respond(head, now);

  std::optional<file_reader> reader;
  std::string_view first_piece;
  if (what.file) {
    // The first piece comes before the headers leave, so that a disk that fails can still be told by a status.
    reader.emplace(std::move(*what.file), disk_);
    what.file.reset();
    error_code error;
    first_piece = co_await reader->next(error);
    if (error) {
      what = plain_answer(500, "The server could not read this file.", now);
      reader.reset();
    }
  }
  set_head(response, what);
  record.status(what.status);
  if (reader) {
    record.note(co_await send_file(response, *reader, first_piece, record));
  } else {
    record.note(co_await send_text(response, what, record));
  }
}

}  // namespace quasio::apps
