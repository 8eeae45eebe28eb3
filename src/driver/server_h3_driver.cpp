#include "driver/server_h3_driver.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace quasio::driver {
namespace {

// Requests that the client sent before it got the first GOAWAY must be here by then.
constexpr std::chrono::milliseconds shortest_wait{10};
constexpr std::chrono::seconds longest_wait{1};

bool is_request_stream(stream_id id) noexcept { return direction_of(id) == stream_direction::bidirectional; }

}  // namespace

server_h3_driver::server_h3_driver(const asio::any_io_executor& executor, const http3::settings& settings,
                                   std::shared_ptr<server_h3_sink> sink)
    : h3_driver(endpoint_role::server, executor, settings), sink_(std::move(sink)) {
  sink_->on_attached(*this);
}

server_h3_driver::~server_h3_driver() {
  *self_ = nullptr;
  sink_->on_abandoned();
}

void server_h3_driver::on_established(const connection_info& info) { sink_->on_established(info); }

void server_h3_driver::on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) {
  sink_->on_request(std::move(request), with);
}

void server_h3_driver::on_ended(const runtime::connection_end& end) { sink_->on_ended(end); }

void server_h3_driver::on_event(runtime::worker& host, const quic::event& event, time_point now) {
  const auto* const opened = std::get_if<quic::stream_opened>(&event);
  if (opened != nullptr && is_request_stream(opened->id)) sink_->on_stream_opened(opened->id);
  h3_driver::on_event(host, event, now);
  const auto* const closed = std::get_if<quic::stream_closed>(&event);
  if (closed != nullptr && is_request_stream(closed->id)) sink_->on_stream_closed(closed->id);
}

// To HTTP/3 the stream ends as if the client had given it up.
void server_h3_driver::reject_unheard(stream_id id) {
  const auto code = static_cast<std::uint64_t>(http3::error_code::request_rejected);
  static_cast<void>(transport().stop_sending(id, code));
  static_cast<void>(transport().reset_stream(id, code));
  wake();
}

void server_h3_driver::process_writes(runtime::worker& host, time_point now) {
  h3_driver::process_writes(host, now);
  close_when_done();
}

void server_h3_driver::shut_down() {
  // Who has not completed the handshake has asked for nothing yet.
  if (!is_established()) return close(http3::error_code::no_error, "the server stops");
  if (shutdown_ != shutdown_step::none) return;
  shutdown_ = shutdown_step::announced;
  announce_end();
}

void server_h3_driver::announce_end() {
  http().send_goaway(transport());
  wake();
  const duration wait = std::clamp<duration>(transport().statistics().smoothed_rtt, shortest_wait, longest_wait);
  const auto timer = std::make_shared<asio::steady_timer>(executor(), wait);
  timer->async_wait([timer, self = self_](const error_code& error) {
    if (!error && *self != nullptr) (*self)->name_last_request();
  });
}

void server_h3_driver::name_last_request() {
  if (transport().is_closed()) return;
  shutdown_ = shutdown_step::final;
  http().send_goaway(transport());
  wake();
}

void server_h3_driver::close_when_done() {
  if (shutdown_ == shutdown_step::final && http().open_exchanges() == 0) close(http3::error_code::no_error, "");
}

}  // namespace quasio::driver
