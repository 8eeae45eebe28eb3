#include "runtime/client_hello_desk.hpp"

#include <utility>

#include "runtime/io_worker.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

constexpr std::uint8_t internal_error_alert = 80;

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

}  // namespace

// --- One that waits -------------------------------------------------------------------------------------------------

void waiting_hello::answer(crypto::client_hello_answer how) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) return;
  asio::dispatch(executor_,
                 [self = shared_from_this(), how = std::move(how)]() mutable { self->deliver(std::move(how)); });
}

bool waiting_hello::answer_here(crypto::client_hello_answer how) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) return false;
  deliver(std::move(how));
  return true;
}

void waiting_hello::deliver(crypto::client_hello_answer how) {
  if (const auto desk = desk_.lock()) desk->note_answered();
  if (const auto worker = worker_.lock()) worker->answer_client_hello(std::move(how));
}

client_hello_reply::client_hello_reply() noexcept = default;
client_hello_reply::client_hello_reply(std::shared_ptr<waiting_hello> waiting) noexcept
    : waiting_(std::move(waiting)) {}
client_hello_reply::client_hello_reply(client_hello_reply&&) noexcept = default;

client_hello_reply& client_hello_reply::operator=(client_hello_reply&& other) noexcept {
  std::swap(waiting_, other.waiting_);
  return *this;
}

client_hello_reply::~client_hello_reply() { answer(crypto::refuse_hello{internal_error_alert}); }

void client_hello_reply::accept() { answer(crypto::use_own_context{}); }
void client_hello_reply::use(crypto::tls_context context) { answer(crypto::use_context{std::move(context)}); }
void client_hello_reply::refuse(std::uint8_t alert) { answer(crypto::refuse_hello{alert}); }
asio::any_io_executor client_hello_reply::get_executor() const { return waiting_->executor(); }

void client_hello_reply::answer(crypto::client_hello_answer how) noexcept {
  if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->answer(std::move(how));
}

// --- The desk -------------------------------------------------------------------------------------------------------

client_hello_desk::client_hello_desk(std::shared_ptr<shard_state> shard, connection_hooks hooks)
    : shard_(std::move(shard)), hooks_(std::move(hooks)), timer_(shard_->executor()) {}

client_hello_desk::~client_hello_desk() { close(); }

void client_hello_desk::close() noexcept {
  for (const entry& each : std::exchange(by_deadline_, {})) {
    if (const auto hello = each.hello.lock()) hello->abandon();
  }
  shard_->counters().client_hellos_waiting.subtract(std::exchange(waiting_, 0));
  timer_.cancel();
}

void client_hello_desk::show(io_worker& worker, const quic::client_hello_received& hello, time_point now) {
  if (!hooks_.on_client_hello) return worker.answer_client_hello(crypto::use_own_context{});
  if (waiting_ >= hooks_.max_waiting_hellos) {
    shard_->counters().client_hellos_dropped.add();
    return worker.answer_client_hello(crypto::refuse_hello{internal_error_alert});
  }
  ++waiting_;
  shard_->counters().client_hellos_waiting.add();
  const auto waiting =
      std::make_shared<waiting_hello>(shard_->executor(), weak_from_this(), std::weak_ptr(worker.shared_from_this()));
  const client_hello told{worker.connection().path(), hello.server_name, hello.alpn};
  const std::weak_ptr<waiting_hello> shown = waiting;
  hooks_.on_client_hello(told, client_hello_reply(waiting));
  if (waiting->is_answered()) return;
  by_deadline_.push_back({now + hooks_.hello_timeout, shown});
  set_timer();
}

void client_hello_desk::note_answered() noexcept {
  if (waiting_ == 0) return;
  --waiting_;
  shard_->counters().client_hellos_waiting.subtract();
}

void client_hello_desk::set_timer() {
  while (!by_deadline_.empty()) {
    const auto first = by_deadline_.front().hello.lock();
    if (first != nullptr && !first->is_answered()) break;
    by_deadline_.pop_front();
  }
  if (by_deadline_.empty() || std::exchange(timer_is_set_, true)) return;
  timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(by_deadline_.front().deadline));
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->timer_is_set_ = false;
    self->refuse_the_late();
  });
}

void client_hello_desk::refuse_the_late() {
  const time_point now = read_clock();
  while (!by_deadline_.empty() && by_deadline_.front().deadline <= now) {
    const auto late = by_deadline_.front().hello.lock();
    by_deadline_.pop_front();
    if (late != nullptr && late->answer_here(crypto::refuse_hello{internal_error_alert}))
      shard_->counters().client_hellos_timed_out.add();
  }
  set_timer();
}

}  // namespace quasio::runtime
