#include <utility>

#include "driver/client_h3_driver.hpp"
#include "driver/server_h3_link.hpp"
#include "quasio/driver/h3_driver.hpp"

namespace quasio::driver {

// --- Server
// -----------------------------------------------------------------------------------------------------------

asio::any_io_executor server_h3_controller::get_executor() const { return link_->executor(); }
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
  const auto link = std::make_shared<server_h3_link>(where, settings.max_waiting_requests);
  return {std::make_unique<server_h3_driver>(where, settings.http3, link), server_h3_controller(link)};
}

// --- Client
// -----------------------------------------------------------------------------------------------------------

asio::any_io_executor client_h3_controller::get_executor() const { return link_->executor(); }
std::shared_ptr<runtime::cancellable> client_h3_controller::cancel_target() const { return link_; }
bool client_h3_controller::is_usable() const noexcept { return link_->is_usable(); }
std::size_t client_h3_controller::open_requests() const noexcept { return link_->open_requests(); }
bool client_h3_controller::may_send_now() { return link_->may_send_now(); }
const runtime::connection_end& client_h3_controller::end() const noexcept { return link_->end(); }
quic::statistics client_h3_controller::statistics() const { return link_->statistics(); }
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
                                      runtime::pending_operation<outgoing_request> operation) {
  asio::dispatch(link->executor(), [link, fields = std::move(fields), end, operation = std::move(operation)]() mutable {
    link->send(std::move(fields), end, std::move(operation));
  });
}

void client_h3_controller::close(http3::error_code code, std::string reason) {
  if (link_->is_over()) return;
  asio::dispatch(link_->executor(), [link = link_, code, reason = std::move(reason)] { link->close(code, reason); });
}

driver_and_controller<client_h3_controller> make_client_h3_driver(const asio::any_io_executor& where,
                                                                  h3_driver_settings settings) {
  const auto link =
      std::make_shared<client_h3_link>(where, settings.max_waiting_sends, std::move(settings.on_new_token));
  link->tell_changes_to(std::move(settings.on_change));
  return {std::make_unique<client_h3_driver>(where, std::move(settings), link), client_h3_controller(link)};
}

}  // namespace quasio::driver
