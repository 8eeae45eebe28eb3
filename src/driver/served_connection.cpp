#include "driver/served_connection.hpp"

#include <utility>

#include "driver/safe_method.hpp"
#include "driver/server_shard.hpp"

namespace quasio::http3 {
namespace {

constexpr int request_timeout = 408;
constexpr int content_too_large = 413;
constexpr int too_early = 425;  // RFC 8470, section 5.2.
constexpr int internal_server_error = 500;
constexpr int service_unavailable = 503;

quasio::error_code code_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const system_error& failed) {
    return failed.code();
  } catch (...) {
    return make_error_code(error_code::internal_error);
  }
}

bool is_clients_fault(const quasio::error_code& code) {
  return code == client_error::body_too_large || code == client_error::body_timeout ||
         code == client_error::write_timeout;
}

// What a client hears of a handler that failed before it answered: its own fault, where it is.
int status_of(const std::exception_ptr& exception) {
  const quasio::error_code code = code_of(exception);
  if (code == client_error::body_too_large) return content_too_large;
  if (code == client_error::body_timeout) return request_timeout;
  return internal_server_error;
}

error_code reset_code_of(const std::exception_ptr& exception) {
  return code_of(exception) == client_error::write_timeout ? error_code::request_cancelled : error_code::internal_error;
}

}  // namespace

served_connection::handler_run::handler_run(driver::incoming_request&& incoming,
                                            std::shared_ptr<const driver::connection_info> connection)
    : asked(std::move(incoming), std::move(connection)), answer(std::move(incoming.response), asked.method()) {}

served_connection::served_connection(std::shared_ptr<server_shard> shard, asio::any_io_executor executor,
                                     std::shared_ptr<const server_settings> settings, const network_path& path)
    : shard_(std::move(shard)),
      executor_(std::move(executor)),
      settings_(std::move(settings)),
      path_(path),
      watch_(std::make_shared<request_watch>(executor_, settings_->options.limits,
                                             static_cast<request_watch_listener&>(*this))) {}

served_connection::~served_connection() { watch_->stop(); }

void served_connection::shut_down() {
  if (driver_ != nullptr) driver_->shut_down();
}

void served_connection::abort() {
  cancel_runs();
  if (driver_ != nullptr) driver_->close(error_code::no_error, "the server stops");
}

void served_connection::on_early(const driver::connection_info& info) {
  info_ = std::make_shared<const driver::connection_info>(info);
}

void served_connection::on_established(const driver::connection_info& info) {
  info_ = std::make_shared<const driver::connection_info>(info);
  watch_->start();
  if (settings_->options.on_connection) settings_->options.on_connection(*info_);
}

void served_connection::on_ended(const runtime::connection_end& end) {
  driver_ = nullptr;
  watch_->stop();
  cancel_runs();
  if (settings_->options.on_connection_closed) settings_->options.on_connection_closed(path_, end);
  std::exchange(shard_, nullptr)->forget(*this);
}

void served_connection::on_abandoned() noexcept {
  driver_ = nullptr;
  watch_->stop();
  const auto shard = std::exchange(shard_, nullptr);
  if (shard != nullptr) shard->forget(*this);
}

// --- Requests
// ---------------------------------------------------------------------------------------------------------

void served_connection::on_request(fields_received&& request, const std::shared_ptr<driver::exchange>& with) {
  driver::incoming_request incoming{std::move(request.fields), request.end_of_message, driver::body_reader(with),
                                    driver::body_writer(with), request.is_early_data};
  const server_limits& limits = settings_->options.limits;
  const auto run = std::make_shared<handler_run>(std::move(incoming), info_);
  run->refusal = refusal_of(run->asked);
  with->limit_body(limits.max_request_body);
  watch_->on_request(with->id(), with);
  with->on_abandoned([weak = std::weak_ptr<handler_run>(run)] {
    const auto abandoned = weak.lock();
    if (abandoned == nullptr) return;
    abandoned->given_up = true;
    abandoned->cancellation.emit(asio::cancellation_type::terminal);
  });
  set_deadline(run);
  runs_.insert(run);
  settings_->running_requests->fetch_add(1, std::memory_order_relaxed);
  asio::co_spawn(executor_, handle(shared_from_this(), run),
                 asio::bind_cancellation_slot(
                     run->cancellation.slot(), [self = shared_from_this(), run](const std::exception_ptr&) {
                       run->deadline.reset();
                       self->runs_.erase(run);
                       self->settings_->running_requests->fetch_sub(1, std::memory_order_relaxed);
                     }));
}

// Why a request is not even given to the handler; 0 where it is.
int served_connection::refusal_of(const request& asked) const {
  const server_limits& limits = settings_->options.limits;
  if (asked.is_early_data() && !is_safe(asked.method())) return too_early;
  if (asked.content_length().value_or(0) > limits.max_request_body) return content_too_large;
  const std::size_t running = settings_->running_requests->load(std::memory_order_relaxed);
  if (limits.max_concurrent_requests > 0 && running >= limits.max_concurrent_requests) return service_unavailable;
  return 0;
}

asio::awaitable<void> served_connection::refuse(handler_run& run) {
  run.answer.status(run.refusal);
  if (run.refusal == service_unavailable) run.answer.set("retry-after", "1");
  co_await run.answer.finish();
}

// A client that keeps the remains of a refused request open must not keep the connection by it.
void served_connection::on_unused() {
  if (!std::exchange(was_unused_, true)) return shut_down();
  if (driver_ != nullptr) driver_->close(error_code::no_error, "no request came for long");
}

void served_connection::on_headers_late(stream_id id) {
  if (driver_ != nullptr) driver_->reject_unheard(id);
}

void served_connection::set_deadline(const std::shared_ptr<handler_run>& run) {
  if (settings_->options.request_timeout.count() <= 0) return;
  run->deadline = std::make_unique<asio::steady_timer>(executor_, settings_->options.request_timeout);
  run->deadline->async_wait([weak = std::weak_ptr<handler_run>(run)](const quasio::error_code& error) {
    const auto late = weak.lock();
    if (error || late == nullptr) return;
    late->given_up = true;
    late->cancellation.emit(asio::cancellation_type::terminal);
  });
}

asio::awaitable<void> served_connection::handle(std::shared_ptr<served_connection> self,
                                                std::shared_ptr<handler_run> run) {
  std::exception_ptr failure;
  try {
    if (run->refusal != 0) {
      co_await refuse(*run);
    } else {
      co_await self->settings_->handler(run->asked, run->answer);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (run->given_up) {
    run->answer.cancel(error_code::request_cancelled);
    co_return;
  }
  const bool is_clients_doing = failure && is_clients_fault(code_of(failure));
  if (failure && !is_clients_doing && self->settings_->options.on_handler_error)
    self->settings_->options.on_handler_error(run->asked, failure);
  co_await finish(*run, failure);
}

asio::awaitable<void> served_connection::finish(handler_run& run, std::exception_ptr failure) {
  if (run.answer.finished()) co_return;
  if (failure && run.answer.head_sent()) {
    run.answer.cancel(reset_code_of(failure));
    co_return;
  }
  if (failure) run.answer.reset(status_of(failure));
  // Whether the client still wants it does not matter any more.
  co_await run.answer.finish(asio::const_buffer(), asio::as_tuple(asio::use_awaitable));
}

void served_connection::cancel_runs() {
  const auto runs = runs_;
  for (const auto& run : runs) {
    run->given_up = true;
    run->cancellation.emit(asio::cancellation_type::terminal);
  }
}

}  // namespace quasio::http3
