#include "quasio/driver/http3_client.hpp"

#include <utility>

#include "driver/client_state.hpp"
#include "quasio/driver/query.hpp"

namespace quasio::http3 {

// --- client
// -----------------------------------------------------------------------------------------------------------

client::client(asio::any_io_executor executor, client_options options)
    : state_(std::make_shared<client_state>(std::move(executor), std::move(options))) {}

client::~client() { close(); }

void client::close() {
  asio::dispatch(state_->executor(), [state = state_] { state->close(); });
}

asio::any_io_executor client::get_executor() const { return state_->executor(); }

void client::start_request(const std::shared_ptr<client_state>& state, client_request what, pending_request pending) {
  state->start(std::move(what), std::move(pending));
}

// --- client_response
// --------------------------------------------------------------------------------------------------

client_response::client_response(driver::response_head&& head, driver::response_reader&& reader,
                                 std::shared_ptr<const driver::connection_info> connection,
                                 driver::client_h3_controller controller)
    : status_(head.status),
      headers_(std::move(head.fields)),
      reader_(std::move(reader)),
      connection_(std::move(connection)),
      controller_(std::move(controller)) {
  std::erase_if(headers_, [](const field& each) { return each.name.starts_with(':'); });
}

std::optional<std::uint64_t> client_response::content_length() const noexcept {
  return parse_number<std::uint64_t>(header("content-length"));
}

client_response::executor_type client_response::get_executor() const { return controller_->get_executor(); }
quic::statistics client_response::statistics() const { return controller_->statistics(); }
statistics client_response::http_statistics() const { return controller_->http_statistics(); }
std::vector<quic::path_statistics> client_response::paths() const { return controller_->paths(); }

result<network_path, quasio::error_code> client_response::migrate(const ip_endpoint& local,
                                                                  quic::migration_timing when) {
  return controller_->migrate(local, when);
}

std::string client_response::explain(const quasio::error_code& error) const {
  if (controller_ && !controller_->is_usable() && controller_->end().code == error) return controller_->end().message;
  return error.message();
}

// --- failure
// ----------------------------------------------------------------------------------------------------------

std::optional<failure> failure_of(const std::exception_ptr& exception) {
  if (!exception) return std::nullopt;
  try {
    std::rethrow_exception(exception);
  } catch (const request_failed& failed) {
    return failure{failed.code(), failed.message()};
  } catch (const system_error& failed) {
    return failure{failed.code(), failed.what()};
  } catch (const std::exception& failed) {
    return failure{make_error_code(error_code::internal_error), failed.what()};
  } catch (...) {
    return failure{make_error_code(error_code::internal_error), "unknown error"};
  }
}

}  // namespace quasio::http3
