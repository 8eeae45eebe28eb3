#include "driver/server_h3_link.hpp"

#include <algorithm>
#include <utility>

namespace quasio::driver {

void server_h3_link::on_attached(server_h3_driver& driver) {
  driver_ = &driver;
  on_linked(driver);
  if (events().is_on()) driver.tell_to(&events());
}

void server_h3_link::receive(runtime::pending_operation<incoming_request> operation) {
  if (events().is_on()) return operation.complete(asio::error::operation_not_supported, {});
  if (!requests_.empty()) {
    incoming_request request = std::move(requests_.front());
    requests_.pop_front();
    return operation.complete(error_code(), std::move(request));
  }
  if (end_) return operation.complete(end_->code, {});
  receives_.push_back(std::move(operation));
}

void server_h3_link::on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) {
  if (offer(std::move(request), with)) return;
  if (counters_ != nullptr) counters_->requests_refused.add();
  with->cancel(http3::error_code::request_rejected);
}

bool server_h3_link::offer(http3::fields_received&& request, const std::shared_ptr<exchange>& with) {
  const bool is_full = events().is_on() ? !events().has_room_for_request()
                                        : receives_.empty() && requests_.size() >= max_waiting_requests_;
  if (is_full) return false;
  std::string priority(http3::find_field(request.fields, "priority"));
  incoming_request incoming{std::move(request.fields), request.end_of_message, body_reader(with), body_writer(with),
                            request.is_early_data};
  if (events().is_on()) {
    events().offer({request.id, std::move(incoming), std::move(priority)});
  } else if (receives_.empty()) {
    requests_.push_back(std::move(incoming));
  } else {
    auto operation = std::move(receives_.front());
    receives_.pop_front();
    operation.complete(error_code(), std::move(incoming));
  }
  return true;
}

void server_h3_link::shut_down() {
  if (driver_ != nullptr) driver_->shut_down();
}

void server_h3_link::close(http3::error_code code, std::string_view reason) {
  if (driver_ != nullptr) driver_->close(code, reason);
}

void server_h3_link::cancel_operation(std::uint64_t tag) {
  if (events().cancel(tag)) return;
  const auto found =
      std::find_if(receives_.begin(), receives_.end(), [&](const auto& each) { return each.tag() == tag; });
  if (found == receives_.end()) return;
  auto operation = std::move(*found);
  receives_.erase(found);
  operation.complete(asio::error::operation_aborted, {});
}

void server_h3_link::on_ended(const runtime::connection_end& end) {
  end_ = end;
  driver_ = nullptr;
  on_unlinked(end.code);
  requests_.clear();
  for (auto& operation : std::exchange(receives_, {})) operation.complete(end.code, {});
}

void server_h3_link::on_abandoned() noexcept {
  driver_ = nullptr;
  on_link_abandoned();
  const auto unheard = std::exchange(receives_, {});
  const auto unread = std::exchange(requests_, {});
}

}  // namespace quasio::driver
