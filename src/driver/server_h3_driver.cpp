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

server_h3_driver::server_h3_driver(const asio::any_io_executor& executor, const h3_driver_settings& settings,
                                   std::shared_ptr<server_h3_sink> sink)
    : h3_driver(endpoint_role::server, executor, settings),
      sink_(std::move(sink)),
      max_requests_(settings.max_requests),
      post_accept_timeout_(settings.post_accept_timeout),
      farewell_timeout_(settings.farewell_timeout) {
  sink_->on_attached(*this);
}

server_h3_driver::~server_h3_driver() {
  *self_ = nullptr;
  sink_->on_abandoned();
}

void server_h3_driver::on_established(const connection_info& info) {
  if (post_accept_timeout_.count() > 0) expect_a_request(info.handshake.started);
  sink_->on_established(info);
}

void server_h3_driver::expect_a_request(time_point handshake_begun) {
  const auto timer = std::make_shared<asio::steady_timer>(executor());
  timer->expires_at(
      std::chrono::time_point_cast<std::chrono::steady_clock::duration>(handshake_begun + post_accept_timeout_));
  timer->async_wait([timer, self = self_](const error_code& error) {
    if (error || *self == nullptr || (*self)->requests_ > 0 || (*self)->transport().is_closed()) return;
    (*self)->keeping()->count([](h3_counters& counters) { counters.post_accept_timeouts.add(); });
    (*self)->farewell_ = "no request came in time";
    (*self)->shut_down();
  });
}

void server_h3_driver::on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) {
  ++requests_;
  if (max_requests_ > 0 && requests_ > max_requests_) {
    keeping()->count([](h3_counters& counters) { counters.requests_over_limit.add(); });
    return with->cancel(http3::error_code::request_rejected);
  }
  // Before the sink hears of it: what that does may bring the next request.
  if (requests_ == max_requests_) end_at_limit();
  sink_->on_request(std::move(request), with);
}

// Nothing that comes later is processed, so that the last GOAWAY can be said at once: what is on its way already may be
// sent again elsewhere, whatever its method (RFC 9114, section 5.2).
void server_h3_driver::end_at_limit() {
  keeping()->count([](h3_counters& counters) { counters.request_limits_reached.add(); });
  if (shutdown_ == shutdown_step::none) {
    keeping()->count([](h3_counters& counters) { counters.goaways_sent.add(); });
    http().send_goaway(transport());
  }
  if (shutdown_ != shutdown_step::final) http().send_goaway(transport());
  begin_farewell();
  farewell_ = "as many requests as one connection may have";
  wake();
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
  keeping()->count([](h3_counters& counters) { counters.goaways_sent.add(); });
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
  if (transport().is_closed() || shutdown_ == shutdown_step::final) return;
  http().send_goaway(transport());
  begin_farewell();
  wake();
}

// A client that is slow to hear of the GOAWAY, as on a busy machine, goes on sending requests. They are to be refused
// as long as that may last, not cut off.
void server_h3_driver::begin_farewell() {
  if (std::exchange(shutdown_, shutdown_step::final) == shutdown_step::final) return;
  farewell_is_over_ = farewell_timeout_.count() == 0;
  if (farewell_is_over_) return;
  const auto timer = std::make_shared<asio::steady_timer>(executor(), farewell_timeout_);
  timer->async_wait([timer, self = self_](const error_code& error) {
    if (error || *self == nullptr) return;
    (*self)->farewell_is_over_ = true;
    (*self)->wake();
  });
}

void server_h3_driver::close_when_done() {
  if (shutdown_ == shutdown_step::final && farewell_is_over_ && http().open_exchanges() == 0)
    close(http3::error_code::no_error, farewell_);
}

}  // namespace quasio::driver
