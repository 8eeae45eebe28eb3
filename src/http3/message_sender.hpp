#pragma once

#include <cstdint>

#include "http3/content_account.hpp"
#include "http3/exchange_context.hpp"
#include "http3/message_validation.hpp"
#include "quasio/http3/operation.hpp"

namespace quasio::http3 {

/// Our message on a request stream: a request, or interim responses and a response (RFC 9114, section 4.1).
class message_sender {
public:
  explicit message_sender(stream_id id) noexcept : id_(id) {}

  /// Sends the header section of a request, whose fields were validated when `head` was made.
  operation_result<void> send_request(const exchange_context& context, const field_list& fields,
                                      const request_head& head, bool end);

  /// Sends the header section of an interim response or of the response to `request`.
  operation_result<void> send_response(const exchange_context& context, const field_list& fields,
                                       const request_head& request, bool end);

  operation_result<std::size_t> write_body(const exchange_context& context, byte_view data, bool end);

  operation_result<void> send_trailers(const exchange_context& context, const field_list& fields);

  /// The transport takes bytes again. Whether somebody waits for that.
  bool take_wish_for_room() noexcept;

  /// No more is wanted or will be sent.
  void abandon() noexcept { stage_ = stage::abandoned; }

  bool is_abandoned() const noexcept { return stage_ == stage::abandoned; }

  /// Whether our side of the stream is open.
  bool is_open() const noexcept { return stage_ == stage::headers || stage_ == stage::content; }

  /// Whether the header section that counts, of the request or of the final response, has been sent.
  bool has_begun() const noexcept { return begun_; }

private:
  enum class stage : std::uint8_t { headers, content, finished, abandoned };

  operation_result<void> check_stage(stage wanted) const noexcept;
  operation_result<void> write_section(const exchange_context& context, const field_list& fields, bool end);
  operation_result<void> write_data(const exchange_context& context, byte_view payload, bool end);
  operation_result<void> ask_for_room(const exchange_context& context, byte_view rest);

  stream_id id_;
  stage stage_ = stage::headers;
  bool tunnel_ = false;
  bool begun_ = false;
  bool no_content_ = false;
  content_account content_;
  bool wants_room_ = false;
};

/// What a transport's refusal means to whoever uses the exchange.
operation_error to_operation_error(quic::stream_error refused) noexcept;

}  // namespace quasio::http3
