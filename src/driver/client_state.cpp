#include "driver/client_state.hpp"

#include <utility>

#include "driver/request_run.hpp"

namespace quasio::http3 {
namespace {

client_options complete(client_options options, std::optional<failure>& unusable) {
  if (!options.tokens) options.tokens = std::make_shared<quic::token_store>();
  if (!options.sessions) options.sessions = std::make_shared<session_cache>();
  if (!options.alternatives) options.alternatives = std::make_shared<alt_svc_cache>();
  if (options.tls) return options;
  auto verifying = crypto::tls_context::client({});
  if (verifying) {
    options.tls = std::move(*verifying);
  } else {
    unusable =
        failure{make_error_code(error_code::internal_error), "TLS cannot be set up: " + verifying.error().reason};
  }
  return options;
}

}  // namespace

client_state::client_state(asio::any_io_executor executor, client_options options)
    : executor_(std::move(executor)),
      options_(std::make_shared<const client_options>(complete(std::move(options), unusable_))),
      pool_(std::make_shared<connection_pool>(executor_, options_)) {}

void client_state::trace(const std::string& line) const {
  if (options_->trace) options_->trace(line);
}

void client_state::start(client_request what, pending_request pending) {
  const auto run = std::make_shared<request_run>(shared_from_this(), std::move(what), std::move(pending));
  run->allow_cancellation();
  asio::dispatch(executor_, [run] { run->start(); });
}

void client_state::close() {
  if (!unusable_) unusable_ = failure{make_error_code(client_error::client_closed), "the client is closed"};
  pool_->close(*unusable_);
}

}  // namespace quasio::http3
