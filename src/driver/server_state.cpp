#include "driver/server_state.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <utility>

#include "quasio/crypto/master_secret.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/http3/remembered_settings.hpp"

namespace quasio::http3 {
namespace {

// How long the end of a server waits for its threads to say farewell to clients.
constexpr std::chrono::seconds farewell_patience{2};

// Connections of one endpoint are unknown to another, which therefore must not know the tokens of their resets: else
// anybody could have those made there (RFC 9000, section 21.11).
std::array<std::uint8_t, 32> reset_key_for(const ip_endpoint& endpoint, const std::array<std::uint8_t, 32>& key) {
  const bool is_given = std::any_of(key.begin(), key.end(), [](std::uint8_t byte) { return byte != 0; });
  if (!is_given) return key;
  return crypto::master_secret(key).derive("stateless reset at " + endpoint.to_string());
}

quic::early_data_options early_data_of(const server_options& options) {
  quic::early_data_options early{
      .accept = options.early_data,
      .application_context = encode_server_context(options.http3),
      .accepts_context = [ours = options.http3](byte_view former) { return accepts_server_context(former, ours); },
      .replay_guard = options.replay_guard};
  if (early.accept && !early.replay_guard) {
    // One for all endpoints and threads.
    crypto::system_random random;
    early.replay_guard = quic::make_replay_guard(options.tls, random);
  }
  return early;
}

asio::awaitable<void> answer_not_found(request&, response& answer) {
  answer.status(404);
  co_await answer.finish();
}

}  // namespace

// A stop ends once: when all shards are empty, also after those that were too slow have been cut off.
struct server_state::stop_under_way {
  stop_under_way(const asio::any_io_executor& executor, std::size_t shards, runtime::pending_operation<> with)
      : busy_shards(shards), patience(executor), operation(std::move(with)) {}

  std::size_t busy_shards;
  asio::steady_timer patience;
  runtime::pending_operation<> operation;
  bool cut_off = false;
};

server_state::server_state(asio::any_io_executor executor, server_options options)
    : executor_(std::move(executor)),
      settings_(std::make_shared<server_settings>(
          server_settings{.options = std::move(options), .handler = answer_not_found})) {}

server_state::~server_state() { end(); }

void server_state::handle(request_handler handler) { settings_->handler = std::move(handler); }

void server_state::prepare_shards() {
  if (!where_.empty()) return;
  if (settings_->options.threads == 0) {
    where_.emplace_back(executor_);
  } else {
    pool_.emplace(settings_->options.threads);
    where_ = pool_->shards();
  }
  for (const runtime::shard& each : where_) {
    shards_.push_back(std::make_shared<server_shard>(each, settings_, open_connections_));
  }
}

std::vector<ip_endpoint> server_state::start(quasio::error_code& error) {
  error.clear();
  const server_options& options = settings_->options;
  if (options.endpoints.empty()) {
    error = asio::error::invalid_argument;
    return {};
  }
  prepare_shards();
  runtime::listen_options listening;
  listening.acceptor.tls = options.tls;
  listening.acceptor.alpn = {"h3"};
  listening.acceptor.transport = driver::match_transport(options.transport, options.http3);
  listening.acceptor.early_data = early_data_of(options);
  listening.acceptor.retry = options.retry;
  listening.acceptor.retry_threshold = options.retry_threshold;
  listening.acceptor.observe = options.observe;
  listening.acceptor.new_tokens = options.new_tokens;
  listening.acceptor.stateless_reset = options.stateless_reset;
  listening.acceptor.connection_ids = options.connection_ids;
  crypto::system_random random;
  listening.acceptor.token_keys = options.token_keys ? options.token_keys : quic::token_keys::generate(random);
  listening.acceptor.spent_tokens = std::make_shared<quic::spent_tokens>();
  listening.socket = options.socket;
  listening.max_connections = options.max_connections;
  listening.acceptor.admit = options.admit;
  listening.hooks = options.hooks;
  listening.count_subnets = options.count_subnets;

  std::vector<ip_endpoint> bound;
  for (const ip_endpoint& endpoint : options.endpoints) {
    listening.acceptor.reset_token_key = reset_key_for(endpoint, options.reset_token_key);
    auto listeners = runtime::listen(where_, endpoint, listening, error);
    if (error) {
      abort();
      return {};
    }
    bound.push_back(listeners.front().local_endpoint());
    for (std::size_t index = 0; index < listeners.size(); ++index) shards_[index]->serve(std::move(listeners[index]));
  }
  return bound;
}

void server_state::stop(std::chrono::milliseconds patience, runtime::pending_operation<> operation) {
  if (shards_.empty()) return operation.complete(quasio::error_code());
  const auto stop = std::make_shared<stop_under_way>(executor_, shards_.size(), std::move(operation));
  for (const auto& shard : shards_) {
    asio::dispatch(shard->where().get_executor(), [shard, stop, executor = executor_] {
      shard->shut_down([stop, executor] { asio::dispatch(executor, [stop] { on_shard_empty(stop); }); });
    });
  }
  stop->patience.expires_after(patience);
  stop->patience.async_wait([self = shared_from_this(), stop](const quasio::error_code& error) {
    if (!error) self->abort_what_is_left(stop);
  });
}

void server_state::on_shard_empty(const std::shared_ptr<stop_under_way>& stop) {
  if (--stop->busy_shards > 0) return;
  stop->patience.cancel();
  stop->operation.complete(stop->cut_off ? quasio::error_code(asio::error::timed_out) : quasio::error_code());
}

void server_state::abort_what_is_left(const std::shared_ptr<stop_under_way>& stop) {
  stop->cut_off = stop->busy_shards > 0;
  abort();
}

void server_state::abort() {
  for (const auto& shard : shards_) {
    asio::dispatch(shard->where().get_executor(), [shard] { shard->abort(); });
  }
}

void server_state::end() noexcept {
  if (std::exchange(ended_, true)) return;
  abort();
  if (!pool_) return;
  std::vector<std::future<void>> said;
  for (const runtime::shard& each : where_) {
    // Behind the abort, and behind the turns that it causes.
    auto done = std::make_shared<std::promise<void>>();
    said.push_back(done->get_future());
    asio::post(each.get_executor(),
               [done, executor = each.get_executor()] { asio::post(executor, [done] { done->set_value(); }); });
  }
  for (auto& each : said) each.wait_for(farewell_patience);
  pool_->stop();
  pool_->join();
}

}  // namespace quasio::http3
