#include "driver/served_connection.hpp"

#include <utility>

#include "driver/safe_method.hpp"
#include "driver/server_shard.hpp"

namespace quasio::http3 {
namespace {

// RFC 8470, section 5.2.
constexpr int too_early = 425;

}  // namespace

served_connection::handler_run::handler_run(driver::incoming_request&& incoming,
                                            std::shared_ptr<const driver::connection_info> connection)
    : asked(std::move(incoming), std::move(connection)),
      answer(std::move(incoming.response), asked.method() == "HEAD") {}

served_connection::served_connection(std::shared_ptr<server_shard> shard, asio::any_io_executor executor,
                                     std::shared_ptr<const server_settings> settings, const network_path& path)
    : shard_(std::move(shard)), executor_(std::move(executor)), settings_(std::move(settings)), path_(path) {}

served_connection::~served_connection() = default;

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
  if (settings_->options.on_connection) settings_->options.on_connection(*info_);
}

void served_connection::on_ended(const runtime::connection_end& end) {
  driver_ = nullptr;
  cancel_runs();
  if (settings_->options.on_connection_closed) settings_->options.on_connection_closed(path_, end);
  std::exchange(shard_, nullptr)->forget(*this);
}

void served_connection::on_abandoned() noexcept {
  driver_ = nullptr;
  const auto shard = std::exchange(shard_, nullptr);
  if (shard != nullptr) shard->forget(*this);
}

// --- Requests
// ---------------------------------------------------------------------------------------------------------

void served_connection::on_request(fields_received&& request, const std::shared_ptr<driver::exchange>& with) {
  driver::incoming_request incoming{std::move(request.fields), request.end_of_message, driver::body_reader(with),
                                    driver::body_writer(with), request.is_early_data};
  const auto run = std::make_shared<handler_run>(std::move(incoming), info_);
  with->on_abandoned([weak = std::weak_ptr<handler_run>(run)] {
    const auto abandoned = weak.lock();
    if (abandoned == nullptr) return;
    abandoned->given_up = true;
    abandoned->cancellation.emit(asio::cancellation_type::terminal);
  });
  set_deadline(run);
  runs_.insert(run);
  asio::co_spawn(executor_, handle(shared_from_this(), run),
                 asio::bind_cancellation_slot(run->cancellation.slot(),
                                              [self = shared_from_this(), run](const std::exception_ptr&) {
                                                run->deadline.reset();
                                                self->runs_.erase(run);
                                              }));
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
    if (run->asked.is_early_data() && !is_safe(run->asked.method())) {
      run->answer.status(too_early);
      co_await run->answer.finish();
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
  if (failure && self->settings_->options.on_handler_error)
    self->settings_->options.on_handler_error(run->asked, failure);
  co_await finish(*run, failure);
}

asio::awaitable<void> served_connection::finish(handler_run& run, std::exception_ptr failure) {
  if (run.answer.finished()) co_return;
  if (failure && run.answer.head_sent()) {
    run.answer.cancel(error_code::internal_error);
    co_return;
  }
  if (failure) run.answer.reset(500);
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
