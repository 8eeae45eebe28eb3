#include <utility>

#include "driver/client_h3_driver.hpp"
#include "driver/server_h3_link.hpp"
#include "quasio/driver/h3_driver.hpp"

namespace quasio::driver {

namespace {

// Hands a command to the link, unless too many are on their way.
template <class Command, class... Results>
void command(const std::shared_ptr<h3_link>& link, runtime::pending_operation<Results...> operation, Command what) {
  if (!link->claim_command()) return operation.complete(runtime::error::too_many_waiting, Results()...);
  asio::dispatch(link->executor(), [link, what = std::move(what), operation = std::move(operation)]() mutable {
    link->return_claim();
    what(*link, std::move(operation));
  });
}

}  // namespace

// --- Both -----------------------------------------------------------------------------------------------------------

asio::any_io_executor h3_controller::get_executor() const { return common_->executor(); }
std::shared_ptr<runtime::cancellable> h3_controller::common_target() const { return common_; }

void h3_controller::start_receive_event(const std::shared_ptr<h3_link>& link,
                                        runtime::pending_operation<h3_event> operation) {
  asio::dispatch(link->executor(),
                 [link, operation = std::move(operation)]() mutable { link->events().receive(std::move(operation)); });
}

void h3_controller::start_goaway(const std::shared_ptr<h3_link>& link, runtime::pending_operation<> operation) {
  command(link, std::move(operation),
          [](h3_link& at, runtime::pending_operation<> with) { at.send_goaway(std::move(with)); });
}

void h3_controller::start_shut_down(const std::shared_ptr<h3_link>& link, stream_id id, stream_half half,
                                    http3::error_code code, runtime::pending_operation<> operation) {
  command(link, std::move(operation), [id, half, code](h3_link& at, runtime::pending_operation<> with) {
    at.shut_down_stream(id, half, code, std::move(with));
  });
}

void h3_controller::start_set_priority(const std::shared_ptr<h3_link>& link, stream_id id,
                                       const http3::priority& wanted, runtime::pending_operation<> operation) {
  command(link, std::move(operation), [id, wanted](h3_link& at, runtime::pending_operation<> with) {
    at.set_priority(id, wanted, std::move(with));
  });
}

void h3_controller::start_run(const std::shared_ptr<h3_link>& link,
                              std::function<void(quic::connection&, time_point)> what,
                              runtime::pending_operation<> operation) {
  command(link, std::move(operation),
          [what = std::move(what)](h3_link& at, runtime::pending_operation<> with) { at.run(what, std::move(with)); });
}

void h3_controller::start_statistics(const std::shared_ptr<h3_link>& link,
                                     runtime::pending_operation<h3_connection_statistics> operation) {
  command(link, std::move(operation), [](h3_link& at, runtime::pending_operation<h3_connection_statistics> with) {
    at.tell_statistics(std::move(with));
  });
}

quic::settings match_transport(quic::settings transport, const http3::settings& http) {
  // All that fits a packet (RFC 9221, section 3).
  constexpr std::uint64_t any_size = 65535;
  if (http.datagrams.enable && transport.datagrams.max_frame_size == 0) transport.datagrams.max_frame_size = any_size;
  return transport;
}

// --- Server
// -----------------------------------------------------------------------------------------------------------

server_h3_controller::server_h3_controller(const std::shared_ptr<server_h3_link>& link) noexcept
    : h3_controller(link), link_(link) {}

std::shared_ptr<runtime::cancellable> server_h3_controller::cancel_target() const { return link_; }

void server_h3_controller::start_receive(const std::shared_ptr<server_h3_link>& link,
                                         runtime::pending_operation<incoming_request> operation) {
  asio::dispatch(link->executor(),
                 [link, operation = std::move(operation)]() mutable { link->receive(std::move(operation)); });
}

void server_h3_controller::shut_down() {
  if (link_->is_over()) return;
  asio::dispatch(link_->executor(), [link = link_] { link->shut_down(); });
}

void server_h3_controller::close(http3::error_code code, std::string reason) {
  if (link_->is_over()) return;
  asio::dispatch(link_->executor(), [link = link_, code, reason = std::move(reason)] { link->close(code, reason); });
}

driver_and_controller<server_h3_controller> make_server_h3_driver(const asio::any_io_executor& where,
                                                                  const h3_driver_settings& settings) {
  const auto link = std::make_shared<server_h3_link>(where, settings);
  return {std::make_unique<server_h3_driver>(where, settings, link), server_h3_controller(link)};
}

// --- Client
// -----------------------------------------------------------------------------------------------------------

client_h3_controller::client_h3_controller(const std::shared_ptr<client_h3_link>& link) noexcept
    : h3_controller(link), link_(link) {}

std::shared_ptr<runtime::cancellable> client_h3_controller::cancel_target() const { return link_; }
bool client_h3_controller::is_usable() const noexcept { return link_->is_usable(); }
std::size_t client_h3_controller::open_requests() const noexcept { return link_->open_requests(); }
bool client_h3_controller::may_send_now() { return link_->may_send_now(); }
const runtime::connection_end& client_h3_controller::end() const noexcept { return link_->end(); }
quic::statistics client_h3_controller::statistics() const { return link_->statistics(); }
http3::statistics client_h3_controller::http_statistics() const { return link_->http_statistics(); }
std::vector<quic::path_statistics> client_h3_controller::paths() const { return link_->paths(); }

result<network_path, error_code> client_h3_controller::migrate(const ip_endpoint& local, quic::migration_timing when) {
  return link_->migrate(local, when);
}

void client_h3_controller::start_wait(const std::shared_ptr<client_h3_link>& link,
                                      runtime::pending_operation<connection_info> operation) {
  asio::dispatch(link->executor(),
                 [link, operation = std::move(operation)]() mutable { link->wait_established(std::move(operation)); });
}

void client_h3_controller::start_wait_usable(const std::shared_ptr<client_h3_link>& link,
                                             runtime::pending_operation<connection_info> operation) {
  asio::dispatch(link->executor(),
                 [link, operation = std::move(operation)]() mutable { link->wait_usable(std::move(operation)); });
}

void client_h3_controller::start_send(const std::shared_ptr<client_h3_link>& link, http3::field_list fields, bool end,
                                      std::uint64_t request_tag,
                                      runtime::pending_operation<outgoing_request> operation) {
  asio::dispatch(link->executor(),
                 [link, fields = std::move(fields), end, request_tag, operation = std::move(operation)]() mutable {
                   link->send(std::move(fields), end, request_tag, std::move(operation));
                 });
}

void client_h3_controller::close(http3::error_code code, std::string reason) {
  if (link_->is_over()) return;
  asio::dispatch(link_->executor(), [link = link_, code, reason = std::move(reason)] { link->close(code, reason); });
}

driver_and_controller<client_h3_controller> make_client_h3_driver(const asio::any_io_executor& where,
                                                                  h3_driver_settings settings) {
  const auto link = std::make_shared<client_h3_link>(where, settings);
  link->tell_changes_to(std::move(settings.on_change));
  return {std::make_unique<client_h3_driver>(where, std::move(settings), link), client_h3_controller(link)};
}

}  // namespace quasio::driver
