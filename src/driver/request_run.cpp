#include "driver/request_run.hpp"

#include <utility>

#include "driver/redirect.hpp"
#include "driver/response_watch.hpp"
#include "quasio/driver/query.hpp"
#include "quasio/wire/transport_error.hpp"

namespace quasio::http3 {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr int misdirected_request = 421;  // RFC 9110, section 15.5.20.
constexpr int too_early = 425;            // RFC 8470, section 5.2.

[[noreturn]] void fail(const failure& why) { throw request_failed(why.code, why.message); }

bool expects_a_body(const std::string& method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

field_list make_fields(const client_request& what, const url& to, const pooled_connection& on) {
  field_list fields;
  fields.reserve(what.headers.size() + 8);
  fields.push_back({":method", what.protocol.empty() ? what.method : "CONNECT"});
  if (!what.protocol.empty()) fields.push_back({":protocol", what.protocol});
  fields.push_back({":scheme", to.scheme});
  fields.push_back({":authority", to.authority()});
  fields.push_back({":path", to.target});
  fields.insert(fields.end(), what.headers.begin(), what.headers.end());
  if (what.priority) {
    std::erase_if(fields, [](const field& each) { return each.name == "priority"; });
    fields.push_back({"priority", to_field_value(*what.priority)});
  }
  const bool has_length = !what.source && what.protocol.empty() && (!what.body.empty() || expects_a_body(what.method));
  if (has_length && find_field(what.headers, "content-length").empty()) {
    fields.push_back({"content-length", std::to_string(what.body.size())});
  }
  if (on.alternative) {
    // RFC 7838, section 5.
    url place = to;
    place.host = on.alternative->host;
    place.port = on.alternative->port;
    fields.push_back({"alt-used", place.authority()});
  }
  return fields;
}

// What a source threw, kept until the response fails because of it.
struct body_failure {
  std::exception_ptr exception;
};

asio::awaitable<void> send_body(request_writer writer, std::shared_ptr<client_request> what,
                                std::shared_ptr<body_failure> failed) {
  if (!what->source) {
    // Should the server not want it, the response says what it wants instead.
    co_await writer.async_finish(asio::buffer(what->body), as_result);
    co_return;
  }
  try {
    co_await what->source(writer);
    co_await writer.async_finish(asio::const_buffer(), as_result);
  } catch (...) {
    failed->exception = std::current_exception();
  }
}

// RFC 9000, sections 10.2.3 and 20.1: the server takes no connection, or its application, which is about to stop, ended
// it during the handshake. No request was seen.
bool is_connection_refused(const quasio::error_code& code) {
  if (code.category() != runtime::transport_category()) return false;
  const auto value = static_cast<transport_error_code>(code.value());
  return value == transport_error_code::connection_refused || value == transport_error_code::application_error;
}

bool has_ended(const driver::client_h3_controller& controller, const quasio::error_code& code) {
  return !controller.is_usable() && code == controller.end().code;
}

}  // namespace

request_run::request_run(std::shared_ptr<client_state> client, client_request what,
                         client_state::pending_request pending)
    : client_(std::move(client)),
      what_(std::make_shared<client_request>(std::move(what))),
      pending_(std::move(pending)),
      timeouts_(what_->timeouts.value_or(client_->options().timeouts)),
      url_(what_->url),
      timer_(client_->executor()) {}

void request_run::allow_cancellation() { pending_.allow_cancellation(client_->executor(), shared_from_this()); }

// A request that a server may have heard of cannot be undone, which is what "total" promises.
void request_run::cancel_operation_as(std::uint64_t tag, asio::cancellation_type kind) {
  const bool wants_no_effect_only = kind == asio::cancellation_type::total;
  if (wants_no_effect_only && has_left_) return;
  cancel_operation(tag);
}

void request_run::set_limits() {
  const auto now = clock::now();
  const auto to_headers = client_->options().request_timeout;
  if (to_headers.count() > 0) limit_ = {now + to_headers, client_error::request_timeout};
  if (timeouts_.total.count() > 0) {
    total_ = now + timeouts_.total;
    if (*total_ < limit_.when) limit_ = {*total_, client_error::total_timeout};
  }
  if (limit_.when == clock::time_point::max()) return;
  timer_.expires_at(limit_.when);
  timer_.async_wait([weak = weak_from_this()](const quasio::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->timed_out_ = true;
    self->signal_.emit(asio::cancellation_type::terminal);
  });
}

void request_run::start() {
  set_limits();
  asio::co_spawn(client_->executor(), perform(shared_from_this()),
                 asio::bind_cancellation_slot(
                     signal_.slot(), [self = shared_from_this()](std::exception_ptr error, client_response response) {
                       self->end(std::move(error), std::move(response));
                     }));
}

void request_run::end(std::exception_ptr error, client_response response) {
  timer_.cancel();
  if (error && timed_out_) {
    const auto code = make_error_code(limit_.why);
    error = std::make_exception_ptr(request_failed(code, url_ + ": " + code.message()));
  }
  pending_.complete(std::move(error), std::move(response));
}

// --- Redirects and tries
// ----------------------------------------------------------------------------------------------

asio::awaitable<client_response> request_run::perform(std::shared_ptr<request_run> self) {
  if (self->client_->unusable()) fail(*self->client_->unusable());
  std::string explanation;
  const auto parsed = parse_url(self->what_->url, &explanation);
  if (!parsed) fail({parsed.error(), explanation});
  url to = *parsed;
  redirect_trail trail(self->client_->options().redirects, *self->what_, to);
  for (;;) {
    client_response response = co_await self->fetch(to);
    if (!trail.leads_on(response)) {
      response.redirects_ = trail.steps();
      co_return response;
    }
    // Who still writes the old body goes on with what it was given.
    self->what_ = std::make_shared<client_request>(*self->what_);
    auto next = trail.follow(response, *self->what_);
    if (!next) fail(next.error());
    to = std::move(*next);
    self->client_->trace("redirected to " + to.origin() + to.target);
  }
}

asio::awaitable<client_response> request_run::fetch(url to) {
  retry_count tries(client_->options().retries);
  for (;;) {
    outcome done = co_await try_once(to, tries.tries() == 1);
    if (done.response) co_return std::move(*done.response);
    if (client_->unusable()) fail(done.why_not);
    const auto wait = tries.next(done.fate, is_repeatable(), client_->random());
    if (!wait) fail(done.why_not);
    client_->trace(done.why_not.message + "; trying again" +
                   (wait->count() > 0 ? " in " + std::to_string(wait->count()) + " ms" : ""));
    if (wait->count() == 0) continue;
    asio::steady_timer pause(client_->executor(), *wait);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

bool request_run::is_repeatable() const { return what_->idempotent.value_or(is_idempotent(what_->method)); }

asio::awaitable<request_run::outcome> request_run::try_once(url to, bool is_first) {
  const auto on = co_await client_->connections().connection_to(to);
  if (!on->controller) {
    outcome none;
    none.why_not = on->why_not;
    none.fate = is_connection_refused(on->why_not.code) ? request_fate::unprocessed : request_fate::unconnected;
    co_return none;
  }
  co_return co_await exchange(on, to, is_first);
}

// --- One try
// ----------------------------------------------------------------------------------------------------------

asio::awaitable<request_run::outcome> request_run::exchange(std::shared_ptr<pooled_connection> on, url to,
                                                            bool is_first) {
  const auto what = what_;
  const bool is_tunnel = !what->protocol.empty();
  const bool has_body = !is_tunnel && (what->source || !what->body.empty());
  auto [refused, begun] =
      co_await on->controller->async_send_request(make_fields(*what, to, *on), !has_body && !is_tunnel, as_result);
  if (refused) {
    outcome done = explain_failure(refused, *on, to);
    // The connection has gone, or goes: nothing was sent.
    const bool is_gone = refused == make_error_code(operation_error::going_away) || !on->controller->is_usable();
    done.fate = is_gone ? request_fate::unprocessed : request_fate::failed;
    co_return done;
  }
  has_left_ = true;
  if (what->on_sent) what->on_sent(begun.response.control());
  const auto failed = std::make_shared<body_failure>();
  if (has_body) asio::co_spawn(client_->executor(), send_body(std::move(begun.body), what, failed), asio::detached);
  const auto watch = std::make_shared<response_watch>(begun.response.body().state());
  if (timeouts_.headers.count() > 0)
    watch->set_deadline(clock::now() + timeouts_.headers, client_error::headers_timeout);
  for (;;) {
    auto [error, head] = co_await begun.response.async_receive_head(as_result);
    if (error) {
      if (failed->exception) std::rethrow_exception(failed->exception);
      if (!on->is_established) client_->connections().note_early_failure(to.origin());
      outcome done = explain_failure(error, *on, to);
      // A request that goes with early data is safe to repeat, and no other went before the handshake was complete.
      const bool was_early = !on->is_established && !has_body && !is_tunnel && error != client_error::headers_timeout;
      const bool was_unprocessed = begun.response.body().state()->was_unprocessed();
      if (was_early || was_unprocessed) done.fate = request_fate::unprocessed;
      // Who refuses again on this connection, though not going away, may take the request on another one.
      if (was_unprocessed && !is_first) client_->connections().retire(*on);
      co_return done;
    }
    if (head.status < 200) {
      if (what->on_informational) what->on_informational(head);
      continue;
    }
    watch->stop();
    outcome done;
    if (is_sent_again_later(head, *on, to, is_first, done)) co_return done;
    note_alternatives(head, to);
    const bool is_open_tunnel = is_tunnel && head.status < 300;
    // A tunnel that is refused is an exchange like any other: who answers must see the end of the request.
    if (is_tunnel && !is_open_tunnel) co_await begun.body.async_finish(asio::const_buffer(), as_result);
    done.response = respond(*on, std::move(head), std::move(begun.response), to);
    if (is_open_tunnel) done.response->writer_ = std::move(begun.body);
    if (total_) watch->set_deadline(*total_, client_error::total_timeout);
    watch->watch_body(timeouts_.body);
    done.response->watch_ = watch;
    co_return done;
  }
}

request_run::outcome request_run::explain_failure(const quasio::error_code& error, const pooled_connection& on,
                                                  const url& to) const {
  outcome done;
  const bool is_connections_end = has_ended(*on.controller, error);
  done.fate = is_connections_end ? request_fate::lost : request_fate::failed;
  const bool is_ours = error.category() == client_category();
  const std::string why = is_connections_end ? on.controller->end().message
                          : is_ours          ? error.message()
                                             : "the server gave the request up: " + error.message();
  done.why_not = {error, to.origin() + ": " + why};
  return done;
}

// Two statuses mean that the same request is better off elsewhere, or later.
bool request_run::is_sent_again_later(const driver::response_head& head, pooled_connection& on, const url& to,
                                      bool is_first, outcome& done) const {
  if (!is_first || client_->options().retries.max_tries < 2) return false;
  const bool offered_early_data = on.info->handshake.early_data != quic::early_data_status::not_offered;
  const bool is_too_early = head.status == too_early && offered_early_data;
  const bool is_misdirected = head.status == misdirected_request && on.alternative;
  if (is_misdirected) {
    // RFC 7838, section 6.
    client_->options().alternatives->forget(to.origin());
    client_->connections().retire(on);
  }
  if (!is_too_early && !is_misdirected) return false;
  done.fate = request_fate::unprocessed;
  done.why_not = {
      make_error_code(error_code::request_rejected),
      to.origin() + (is_too_early ? ": the request came too early" : ": the alternative does not serve it")};
  return true;
}

void request_run::note_alternatives(const driver::response_head& head, const url& to) const {
  if (!client_->options().use_alternatives) return;
  std::string all;
  for (const field& each : head.fields) {
    if (each.name == "alt-svc") all += (all.empty() ? "" : ", ") + each.value;
  }
  if (all.empty()) return;
  const auto age = parse_number<std::uint32_t>(find_field(head.fields, "age")).value_or(0);
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  client_->options().alternatives->put(to.origin(), all, now, std::chrono::seconds(age));
}

client_response request_run::respond(const pooled_connection& on, driver::response_head&& head,
                                     driver::response_reader&& reader, const url& to) {
  client_response made(std::move(head), std::move(reader), on.info, *on.controller);
  made.url_ = to.origin() + to.target;
  return made;
}

}  // namespace quasio::http3
