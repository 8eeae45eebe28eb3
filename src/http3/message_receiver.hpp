#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "http3/breach.hpp"
#include "http3/content_account.hpp"
#include "http3/exchange_context.hpp"
#include "http3/frame.hpp"
#include "http3/message_validation.hpp"
#include "quasio/http3/operation.hpp"

namespace quasio::http3 {

/// The peer's message on a request stream: a request, or interim responses and a response (RFC 9114, section 4.1).
/// Frames are handled as they come, except that content stays in the transport until it is read, so that flow control
/// holds the peer.
class message_receiver {
public:
  /// Receives a request.
  explicit message_receiver(stream_id id) noexcept : id_(id) {}

  /// Receives the response to `request`.
  message_receiver(stream_id id, const request_head& request) noexcept : id_(id), request_(request), announced_(true) {}

  /// The transport has something to read. Tells what came as events.
  result<void, breach> take(const exchange_context& context);

  /// Copies content to `out`, and handles the frames around it.
  result<body_read, breach> read(const exchange_context& context, byte_span out);

  /// No more is wanted or will come.
  void abandon(const exchange_context& context);

  /// The QPACK decoder has what a section here waited for. take() is to follow.
  void unblock() noexcept { is_blocked_ = false; }

  bool is_open() const noexcept { return stage_ != stage::ended && stage_ != stage::abandoned; }
  bool is_abandoned() const noexcept { return stage_ == stage::abandoned; }

  /// Whether the application knows that the message has ended.
  bool is_end_told() const noexcept { return end_told_; }

  /// Whether any of the response has been told.
  bool has_response() const noexcept { return stage_ != stage::headers || interim_responses_ > 0; }

  /// Whether the application knows of the exchange.
  bool is_announced() const noexcept { return announced_; }

  /// The request of this exchange; on a server once it was announced.
  const request_head& request() const noexcept { return request_; }

private:
  enum class stage : std::uint8_t { headers, content, after_trailers, ended, abandoned };

  /// What one walk through the bytes at hand came to.
  struct progress {
    std::size_t copied = 0;
    bool is_dry = false;  ///< All bytes at hand were used.
  };

  result<progress, breach> walk(const exchange_context& context, byte_span out);
  result<void, breach> step(const exchange_context& context, const unread_bytes& unread, byte_span& out);
  result<void, breach> begin_frame(const exchange_context& context, const frame_header& header);
  result<void, breach> begin_data(const exchange_context& context, std::uint64_t length);
  result<void, breach> begin_headers(const exchange_context& context, std::uint64_t length);
  result<void, breach> take_payload(const exchange_context& context, byte_view& bytes, byte_span& out);
  result<void, breach> take_section(const exchange_context& context, byte_view& bytes);
  result<void, breach> skip(const exchange_context& context, std::uint64_t count);
  result<void, breach> finish_section(const exchange_context& context, byte_view encoded);
  result<section_kind, breach> accept_header_section(const exchange_context& context, const field_list& fields);
  result<section_kind, breach> accept_request(const exchange_context& context, const field_list& fields);
  result<section_kind, breach> accept_response(const exchange_context& context, const field_list& fields);
  result<section_kind, breach> accept_trailers(const field_list& fields);
  result<void, breach> finish(const exchange_context& context);
  bool is_within_content() const noexcept;
  result<bool, breach> may_take_section(const exchange_context& context, byte_view piece);
  void tell_section(const exchange_context& context, bool end_of_message);
  void tell_readable(const exchange_context& context);

  stream_id id_;
  request_head request_;
  stage stage_ = stage::headers;
  bool announced_ = false;
  bool tunnel_ = false;        ///< CONNECT: only DATA may follow (RFC 9114, section 4.4).
  bool is_decodable_ = false;  ///< The section at hand was found to be so.
  bool is_blocked_ = false;    ///< It waits for the peer's QPACK encoder stream.
  bool readable_told_ = false;
  bool end_told_ = false;
  std::size_t interim_responses_ = 0;
  std::uint64_t skipped_ = 0;  ///< Bytes since something that meant anything.
  frame_reader frames_;
  content_account content_;
  std::vector<std::uint8_t> section_;      ///< The part of a HEADERS payload that came so far.
  std::optional<fields_received> untold_;  ///< Waits until it is known whether the message ends with it.
};

}  // namespace quasio::http3
