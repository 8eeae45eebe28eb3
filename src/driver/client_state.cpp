#include "driver/client_state.hpp"

#include <algorithm>
#include <utility>

namespace quasio::http3 {
namespace {

/// A request that the server has not processed is tried so often in all (RFC 9114, section 4.1.1 allows more).
constexpr int max_tries = 2;

/// Origins remembered for early data that failed; beyond it, it is tried again.
constexpr std::size_t max_early_failures = 1024;

// RFC 8470, section 5.2.
constexpr int too_early = 425;

[[noreturn]] void fail(const failure& why) { throw request_failed(why.code, why.message); }

bool expects_a_body(const std::string& method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

field_list make_fields(const client_request& what, const url& to) {
  field_list fields;
  fields.reserve(what.headers.size() + 5);
  fields.push_back({":method", what.method});
  fields.push_back({":scheme", to.scheme});
  fields.push_back({":authority", to.authority()});
  fields.push_back({":path", to.target});
  fields.insert(fields.end(), what.headers.begin(), what.headers.end());
  const bool has_length = !what.source && (!what.body.empty() || expects_a_body(what.method));
  if (has_length && find_field(what.headers, "content-length").empty()) {
    fields.push_back({"content-length", std::to_string(what.body.size())});
  }
  return fields;
}

std::string resumption_of(const quic::handshake_summary& handshake) {
  if (!handshake.resumed && handshake.early_data == quic::early_data_status::not_offered) return {};
  std::string text = handshake.resumed ? ", resumed" : ", not resumed";
  if (handshake.early_data == quic::early_data_status::not_offered) return text;
  return text + ", early data " + std::string(quic::to_string(handshake.early_data));
}

std::string summary_of(const driver::connection_info& info) {
  return "connected to " + info.path.peer.to_string() + (info.handshake.after_retry ? " after a Retry: " : ": ") +
         info.handshake.alpn + ", " + info.handshake.cipher + ", " + info.handshake.group + ", handshake took " +
         std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(info.handshake.elapsed).count()) + " us" +
         resumption_of(info.handshake);
}

// What a source threw, kept until the response fails because of it.
struct body_failure {
  std::exception_ptr exception;
};

asio::awaitable<void> send_body(request_writer writer, std::shared_ptr<client_request> what,
                                std::shared_ptr<body_failure> failed) {
  if (!what->source) {
    // Should the server not want it, the response says what it wants instead.
    co_await writer.async_finish(asio::buffer(what->body), asio::as_tuple(asio::use_awaitable));
    co_return;
  }
  try {
    co_await what->source(writer);
    co_await writer.async_finish(asio::const_buffer(), asio::as_tuple(asio::use_awaitable));
  } catch (...) {
    failed->exception = std::current_exception();
  }
}

failure failure_to_respond(const quasio::error_code& code, const driver::client_h3_controller& controller,
                           const url& to) {
  const bool connection_ended = !controller.is_usable() && code == controller.end().code;
  const std::string why =
      connection_ended ? controller.end().message : "the server gave the request up: " + code.message();
  return {code, to.origin() + ": " + why};
}

}  // namespace

// A request from its call to its response, with its time limit.
class client_state::request_run final : public runtime::cancellable, public std::enable_shared_from_this<request_run> {
public:
  request_run(const asio::any_io_executor& executor,
              runtime::pending_completion<std::exception_ptr, client_response> pending)
      : limit_(executor), pending_(std::move(pending)) {}

  void start(const std::shared_ptr<client_state>& client, std::shared_ptr<client_request> what) {
    const auto time = client->options_.request_timeout;
    url_ = what->url;
    if (time.count() > 0) {
      limit_.expires_after(time);
      limit_.async_wait([weak = weak_from_this()](const quasio::error_code& error) {
        const auto self = weak.lock();
        if (error || self == nullptr) return;
        self->timed_out_ = true;
        self->signal_.emit(asio::cancellation_type::terminal);
      });
    }
    asio::co_spawn(client->executor_, perform(client, std::move(what)),
                   asio::bind_cancellation_slot(
                       signal_.slot(), [self = shared_from_this()](std::exception_ptr error, client_response response) {
                         self->end(std::move(error), std::move(response));
                       }));
  }

  void cancel_operation(std::uint64_t) override { signal_.emit(asio::cancellation_type::terminal); }

  /// For the initiating thread.
  void allow_cancellation(const asio::any_io_executor& executor) {
    pending_.allow_cancellation(executor, shared_from_this());
  }

private:
  void end(std::exception_ptr error, client_response response) {
    limit_.cancel();
    if (error && timed_out_) {
      error = std::make_exception_ptr(request_failed(make_error_code(client_error::request_timeout),
                                                     url_ + ": the response did not begin in time"));
    }
    pending_.complete(std::move(error), std::move(response));
  }

  asio::steady_timer limit_;
  asio::cancellation_signal signal_;
  runtime::pending_completion<std::exception_ptr, client_response> pending_;
  std::string url_;
  bool timed_out_ = false;
};

client_state::client_state(asio::any_io_executor executor, client_options options)
    : executor_(std::move(executor)), options_(std::move(options)), shard_(executor_) {
  if (!options_.tokens) options_.tokens = std::make_shared<quic::token_store>();
  if (!options_.sessions) options_.sessions = std::make_shared<session_cache>();
  if (options_.tls) return;
  auto verifying = crypto::tls_context::client({});
  if (verifying) {
    options_.tls = std::move(*verifying);
  } else {
    unusable_ =
        failure{make_error_code(error_code::internal_error), "TLS cannot be set up: " + verifying.error().reason};
  }
}

void client_state::trace(const std::string& line) const {
  if (options_.trace) options_.trace(line);
}

void client_state::start(client_request what,
                         runtime::pending_completion<std::exception_ptr, client_response> pending) {
  const auto run = std::make_shared<request_run>(executor_, std::move(pending));
  run->allow_cancellation(executor_);
  asio::dispatch(executor_, [self = shared_from_this(), run,
                             wanted = std::make_shared<client_request>(std::move(what))]() mutable {
    run->start(self, std::move(wanted));
  });
}

asio::awaitable<client_response> client_state::perform(std::shared_ptr<client_state> self,
                                                       std::shared_ptr<client_request> what) {
  if (self->unusable_) fail(*self->unusable_);
  std::string explanation;
  const auto to = parse_url(what->url, &explanation);
  if (!to) fail({to.error(), explanation});
  for (int tries = 1;; ++tries) {
    const auto origin = co_await self->connection_to(*to);
    if (!origin->controller) fail(origin->why_not);
    outcome done = co_await exchange(self, origin, what, *to, tries == 1);
    if (done.response) co_return std::move(*done.response);
    if (!done.was_not_processed || tries == max_tries || self->unusable_) fail(done.why_not);
    self->trace(to->origin() + " has not processed the request; trying again");
  }
}

// --- Connections
// ------------------------------------------------------------------------------------------------------

asio::awaitable<std::shared_ptr<client_state::origin_connection>> client_state::connection_to(url to) {
  forget_ended();
  auto& place = origins_[to.origin()];
  if (place == nullptr) {
    place = std::make_shared<origin_connection>(executor_);
    asio::co_spawn(executor_, connect(shared_from_this(), place, to),
                   asio::bind_cancellation_slot(place->cancellation.slot(), asio::detached));
  }
  const auto origin = place;
  while (origin->is_connecting) co_await origin->ready.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return origin;
}

asio::awaitable<void> client_state::connect(std::shared_ptr<client_state> self,
                                            std::shared_ptr<origin_connection> origin, url to) {
  std::string host = to.host;
  std::uint16_t port = to.port;
  for (const auto& rule : self->options_.connect_to) {
    if ((!rule.host.empty() && rule.host != to.host) || (rule.port != 0 && rule.port != to.port)) continue;
    if (!rule.to_host.empty()) host = rule.to_host;
    if (rule.to_port != 0) port = rule.to_port;
    break;
  }
  try {
    const bool may_be_early = !self->early_failures_.contains(to.origin());
    client_connector connector(self->shard_, self->options_, std::move(host), port, to.host, to.origin(), may_be_early);
    auto made = co_await connector.connect(origin->why_not);
    if (made) {
      origin->is_established = made->info.handshake.early_data != quic::early_data_status::offered;
      if (origin->is_established) self->trace(summary_of(made->info));
      origin->info = std::make_shared<const driver::connection_info>(std::move(made->info));
      origin->controller = std::move(made->controller);
    }
  } catch (const system_error& stopped) {
    origin->why_not = {stopped.code(), "cannot connect to " + to.authority() + ": " + stopped.code().message()};
  }
  if (self->unusable_) {
    origin->why_not = *self->unusable_;
    if (origin->controller) origin->controller->close();
    origin->controller.reset();
  }
  origin->is_connecting = false;
  origin->ready.cancel();
  if (origin->controller && !origin->is_established) co_await watch_handshake(self, origin, to);
}

// Early data is on its way already; what comes of the handshake is for the trace, for later requests, and for the
// choice whether to try this again.
asio::awaitable<void> client_state::watch_handshake(std::shared_ptr<client_state> self,
                                                    std::shared_ptr<origin_connection> origin, url to) {
  self->trace("sending early data to " + origin->info->path.peer.to_string());
  auto [failed, info] = co_await origin->controller->async_wait_established(asio::as_tuple(asio::use_awaitable));
  if (failed) co_return;
  origin->is_established = true;
  self->early_failures_.erase(to.origin());
  self->trace(summary_of(info));
  origin->info = std::make_shared<const driver::connection_info>(std::move(info));
}

void client_state::forget_ended() {
  std::erase_if(origins_, [](const auto& each) { return !each.second->is_usable(); });
}

void client_state::close() {
  if (!unusable_) unusable_ = failure{make_error_code(client_error::client_closed), "the client is closed"};
  for (const auto& [name, origin] : std::exchange(origins_, {})) {
    if (origin->is_connecting) origin->cancellation.emit(asio::cancellation_type::terminal);
    if (origin->controller) origin->controller->close();
  }
}

// --- A request
// --------------------------------------------------------------------------------------------------------

asio::awaitable<client_state::outcome> client_state::exchange(std::shared_ptr<client_state> self,
                                                              std::shared_ptr<origin_connection> origin,
                                                              std::shared_ptr<client_request> what, url to,
                                                              bool is_first_try) {
  outcome done;
  driver::client_h3_controller& controller = *origin->controller;
  const bool has_body = what->source || !what->body.empty();
  auto [refused, begun] =
      co_await controller.async_send_request(make_fields(*what, to), !has_body, asio::as_tuple(asio::use_awaitable));
  if (refused) {
    // The connection has gone, or goes: nothing was sent.
    done.was_not_processed = refused == make_error_code(operation_error::going_away) || !controller.is_usable();
    done.why_not = failure_to_respond(refused, controller, to);
    co_return done;
  }
  const auto failed = std::make_shared<body_failure>();
  if (has_body) {
    asio::co_spawn(self->executor_, send_body(std::move(begun.body), what, failed), asio::detached);
  }
  for (;;) {
    auto [error, head] = co_await begun.response.async_receive_head(asio::as_tuple(asio::use_awaitable));
    if (error) {
      if (failed->exception) std::rethrow_exception(failed->exception);
      // A request that goes with early data is safe to repeat, and no other went before the handshake was complete.
      if (!origin->is_established && self->early_failures_.size() < max_early_failures)
        self->early_failures_.insert(to.origin());
      done.was_not_processed =
          error == make_error_code(error_code::request_rejected) || (!origin->is_established && !has_body);
      done.why_not = failure_to_respond(error, controller, to);
      co_return done;
    }
    const bool offered_early_data = origin->info->handshake.early_data != quic::early_data_status::not_offered;
    if (head.status == too_early && offered_early_data && is_first_try) {
      // RFC 8470, section 5.2: now that the handshake is complete it is not early any more.
      done.was_not_processed = true;
      done.why_not = {make_error_code(error_code::request_rejected), to.origin() + ": the request came too early"};
      co_return done;
    }
    if (head.status >= 200) {
      done.response.emplace(std::move(head), std::move(begun.response), origin->info, controller);
      co_return done;
    }
    if (what->on_informational) what->on_informational(head);
  }
}

}  // namespace quasio::http3
