#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "driver/client_state.hpp"
#include "driver/retry.hpp"

namespace quasio::http3 {

/// A request from its call to its response: redirects, tries, time limits, cancellation.
class request_run final : public runtime::cancellable, public std::enable_shared_from_this<request_run> {
public:
  request_run(std::shared_ptr<client_state> client, client_request what, client_state::pending_request pending);

  /// For the initiating thread.
  void allow_cancellation();

  /// On the executor.
  void start();

  void cancel_operation(std::uint64_t) override { signal_.emit(asio::cancellation_type::terminal); }
  void cancel_operation_as(std::uint64_t tag, asio::cancellation_type kind) override;

private:
  using clock = std::chrono::steady_clock;

  struct limit {
    clock::time_point when = clock::time_point::max();
    client_error why = client_error::request_timeout;
  };

  // What became of one try to get a response.
  struct outcome {
    std::optional<client_response> response;
    failure why_not;
    request_fate fate = request_fate::failed;
  };

  static asio::awaitable<client_response> perform(std::shared_ptr<request_run> self);
  asio::awaitable<client_response> fetch(url to);
  asio::awaitable<outcome> try_once(url to, bool is_first);
  asio::awaitable<outcome> exchange(std::shared_ptr<pooled_connection> on, url to, bool is_first);
  void note_alternatives(const driver::response_head& head, const url& to) const;
  client_response respond(const pooled_connection& on, driver::response_head&& head, driver::response_reader&& reader,
                          const url& to);
  outcome explain_failure(const quasio::error_code& error, const pooled_connection& on, const url& to) const;
  bool is_repeatable() const;
  bool is_sent_again_later(const driver::response_head& head, pooled_connection& on, const url& to, bool is_first,
                           outcome& done) const;

  void set_limits();
  void end(std::exception_ptr error, client_response response);

  std::shared_ptr<client_state> client_;
  std::shared_ptr<client_request> what_;
  client_state::pending_request pending_;
  request_timeouts timeouts_;
  std::string url_;
  limit limit_;
  std::optional<clock::time_point> total_;
  asio::steady_timer timer_;
  asio::cancellation_signal signal_;
  bool timed_out_ = false;
  bool has_left_ = false;  ///< A server may have heard of it.
};

}  // namespace quasio::http3
