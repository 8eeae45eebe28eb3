#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/varint.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/http3/capsule.hpp"

/// Capsules (RFC 9297, section 3) over streams of bytes as Asio knows them: body_reader and body_writer, http3::request
/// and http3::response, http3::client_response and its writer, or any other AsyncReadStream and AsyncWriteStream.
namespace quasio::driver {

/// What becomes of a capsule whose value is longer than capsule_source_settings::max_value.
enum class large_capsule : std::uint8_t {
  refuse,  ///< Reading ends with capsule_error::too_large.
  skip,    ///< It is passed over without being kept, and counted.
  stream,  ///< It comes in pieces, as it arrives.
};

/// What a capsule_source keeps, and what it passes over.
struct capsule_source_settings {
  /// Bytes of the largest value that is given as a whole, and so the most that is ever kept. The default holds whatever
  /// fits a UDP payload.
  std::size_t max_value = 65535;

  /// What becomes of those that are longer.
  large_capsule large = large_capsule::refuse;

  /// The types that mean something; capsules of all others are skipped, however long they are, as must be done
  /// (RFC 9297, section 3.2). Empty: all of them do.
  std::vector<std::uint64_t> wanted_types;

  /// Bytes read at once, and so the most of a piece of a capsule that is streamed; at least 1.
  std::size_t read_size = 16 * 1024;
};

/// Makes capsules of bytes, within its limits and without any I/O. What a peer says about a length costs no memory: a
/// value is kept as it comes.
class capsule_assembler {
public:
  /// Reserves the buffer for reading; values take memory as they come.
  explicit capsule_assembler(capsule_source_settings settings);

  /// The next capsule that is wanted, or piece of one, of what was put in; valid until the next call. Nothing when all
  /// of that has been looked at, or reading has failed.
  std::optional<http3::capsule_piece> next();

  /// Why there will be no more, if so.
  const error_code& failure() const noexcept { return failure_; }

  /// Where bytes are to be put, after next() said that it has none.
  asio::mutable_buffer room() noexcept { return asio::buffer(buffer_); }

  /// So many were.
  void put(std::size_t size) noexcept { unread_ = byte_view(buffer_).first(size); }

  /// What the end of the stream means here: eof, or capsule_error::truncated.
  error_code end() const noexcept;

  std::uint64_t skipped() const noexcept { return skipped_; }      ///< Of types that are not wanted.
  std::uint64_t too_large() const noexcept { return too_large_; }  ///< Skipped for their length.

private:
  bool is_wanted(std::uint64_t type) const noexcept;
  std::optional<http3::capsule_piece> take_large(const http3::capsule_piece& piece);

  capsule_source_settings settings_;
  std::vector<std::uint8_t> buffer_;
  std::vector<std::uint8_t> value_;
  byte_view unread_;
  http3::capsule_reader reader_;
  error_code failure_;
  std::uint64_t skipped_ = 0;
  std::uint64_t too_large_ = 0;
};

/// Reads capsules from a stream that lives longer. Where the stream is an exchange's and ends amid a capsule, the
/// exchange is given up with H3_MESSAGE_ERROR.
///
/// Threads: as the stream; one operation at a time.
template <class Stream>
class capsule_source {
public:
  using executor_type = typename Stream::executor_type;

  /// Reads nothing yet.
  explicit capsule_source(Stream& from, capsule_source_settings settings = {})
      : from_(from), assembler_(std::move(settings)) {}

  executor_type get_executor() { return from_.get_executor(); }

  /// The next capsule. Its value is valid until the next operation. is_first and is_last are both set, but for
  /// capsules that come in pieces (large_capsule::stream).
  /// @par Completion Signature
  /// void(error_code, http3::capsule_piece): eof at the end of the stream; a capsule_error; what the stream says.
  /// @par Per-Operation Cancellation
  /// terminal, partial and total; nothing is lost by it.
  template <class Token = asio::use_awaitable_t<>>
  auto async_receive_capsule(Token&& token = {}) {
    return asio::async_compose<Token, void(error_code, http3::capsule_piece)>(receive_operation{*this}, token, from_);
  }

  std::uint64_t skipped() const noexcept { return assembler_.skipped(); }      ///< Capsules of unwanted types.
  std::uint64_t too_large() const noexcept { return assembler_.too_large(); }  ///< Skipped for their length.

private:
  struct receive_operation {
    enum class stage : std::uint8_t { begin, read, deliver };

    capsule_source& source;
    stage at = stage::begin;
    error_code code{};
    http3::capsule_piece piece{};

    template <class Self>
    void operator()(Self& self, const error_code& error = {}, std::size_t size = 0) {
      if (at == stage::deliver) return self.complete(code, piece);
      if (at == stage::begin) {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        // A handler is never called from within the call that starts its operation.
        if (take()) return post(self);
      } else {
        if (error) return self.complete(source.explain(error), {});
        source.assembler_.put(size);
        if (take()) return self.complete(code, piece);
      }
      at = stage::read;
      source.from_.async_read_some(source.assembler_.room(), std::move(self));
    }

    // Whether there is something to tell.
    bool take() {
      const auto next = source.assembler_.next();
      if (next) piece = *next;
      code = source.assembler_.failure();
      return next || code;
    }

    template <class Self>
    void post(Self& self) {
      at = stage::deliver;
      asio::post(source.from_.get_executor(), std::move(self));
    }
  };

  error_code explain(const error_code& error) {
    if (error != asio::error::eof) return error;
    const error_code end = assembler_.end();
    if constexpr (requires { from_.control(); }) {
      if (end == capsule_error::truncated) from_.control().cancel(http3::error_code::message_error);
    }
    return end;
  }

  Stream& from_;
  capsule_assembler assembler_;
};

/// Writes capsules to a stream that lives longer.
///
/// Threads: as the stream; one operation at a time.
template <class Stream>
class capsule_sink {
public:
  using executor_type = typename Stream::executor_type;

  /// Writes nothing yet.
  explicit capsule_sink(Stream& to) : to_(to) {}

  executor_type get_executor() { return to_.get_executor(); }

  /// Writes a whole capsule, and waits while the peer does not keep up. `value` must live until then; a type is at most
  /// 2^62 - 1.
  /// @par Completion Signature
  /// void(error_code): what the stream says.
  /// @par Per-Operation Cancellation
  /// terminal: some of it may have been written, so that the stream is of no more use for capsules.
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_capsule(std::uint64_t type, asio::const_buffer value, Token&& token = {}) {
    return asio::async_compose<Token, void(error_code)>(send_operation{*this, type, value.size(), value}, token, to_);
  }

  /// Writes the beginning of a capsule whose value of `length` bytes the caller writes to the stream itself, in any
  /// pieces. As async_send_capsule().
  template <class Token = asio::use_awaitable_t<>>
  auto async_send_header(std::uint64_t type, std::uint64_t length, Token&& token = {}) {
    return asio::async_compose<Token, void(error_code)>(send_operation{*this, type, length, {}}, token, to_);
  }

private:
  // Values up to this size go with their headers, in one piece; larger ones are not copied.
  static constexpr std::size_t small_value = 2048;

  struct send_operation {
    enum class stage : std::uint8_t { begin, refuse, header, value };

    capsule_sink& sink;
    std::uint64_t type;
    std::uint64_t length;
    asio::const_buffer value;
    stage at = stage::begin;

    template <class Self>
    void operator()(Self& self, const error_code& error = {}, std::size_t = 0) {
      switch (at) {
        case stage::begin:
          if (type > varint_max || length > varint_max) {
            at = stage::refuse;
            return asio::post(sink.to_.get_executor(), std::move(self));
          }
          at = stage::header;
          return asio::async_write(sink.to_, sink.begin(type, length, value), std::move(self));
        case stage::refuse:
          return self.complete(asio::error::invalid_argument);
        case stage::header:
          if (error || value.size() == 0) return self.complete(error);
          at = stage::value;
          return asio::async_write(sink.to_, asio::buffer(value), std::move(self));
        case stage::value:
          return self.complete(error);
      }
    }
  };

  // What is written first; what is left of the value stays in `value`.
  asio::const_buffer begin(std::uint64_t type, std::uint64_t length, asio::const_buffer& value) {
    head_.clear();
    http3::append_capsule_header(head_, type, length);
    if (value.size() <= small_value) {
      const auto* const bytes = static_cast<const std::uint8_t*>(value.data());
      head_.insert(head_.end(), bytes, bytes + value.size());
      value = {};
    }
    return asio::buffer(head_);
  }

  Stream& to_;
  std::vector<std::uint8_t> head_;
};

}  // namespace quasio::driver
