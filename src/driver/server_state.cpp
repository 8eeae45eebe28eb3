#include "driver/server_state.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <utility>

#include "quasio/crypto/master_secret.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/http3/remembered_settings.hpp"
#include "quasio/runtime/error.hpp"

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

// Ends when each listener of each shard has been heard; the first error counts.
struct server_state::handover_under_way {
  std::size_t awaited = 0;
  quasio::error_code error;
  runtime::inheritance given;
  runtime::pending_operation<runtime::inheritance> operation;
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
  const std::size_t endpoints = options.inherited ? options.inherited->endpoints.size() : options.endpoints.size();
  if (endpoints == 0) {
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

  for (std::size_t endpoint = 0; endpoint < endpoints; ++endpoint) {
    auto listeners = listen(endpoint, listening, error);
    if (error) {
      abort();
      return {};
    }
    bound_.push_back(listeners.front().local_endpoint());
    for (std::size_t index = 0; index < listeners.size(); ++index) shards_[index]->serve(std::move(listeners[index]));
  }
  return bound_;
}

std::vector<runtime::listener> server_state::listen(std::size_t endpoint, const runtime::listen_options& options,
                                                    quasio::error_code& error) {
  const server_options& given = settings_->options;
  runtime::listen_options own = options;
  if (!given.inherited) {
    own.acceptor.reset_token_key = reset_key_for(given.endpoints[endpoint], given.reset_token_key);
    return runtime::listen(where_, given.endpoints[endpoint], own, error);
  }
  std::vector<runtime::inherited_listener>& inherited = given.inherited->endpoints[endpoint];
  if (inherited.empty()) {
    error = asio::error::invalid_argument;
    return {};
  }
  own.acceptor.reset_token_key = reset_key_for(inherited.front().local, given.reset_token_key);
  return runtime::listen(where_, std::move(inherited), own, error);
}

void server_state::hand_over(runtime::pending_operation<runtime::inheritance> operation) {
  const auto handover = std::make_shared<handover_under_way>();
  handover->awaited = bound_.size() * shards_.size();
  handover->given.endpoints.resize(bound_.size());
  handover->operation = std::move(operation);
  if (handover->awaited == 0) {
    handover->operation.complete(runtime::error::listener_closed, {});
    return;
  }
  for (const auto& shard : shards_) {
    asio::dispatch(shard->where().get_executor(), [self = shared_from_this(), shard, handover] {
      const auto tell = [self, handover](const quasio::error_code& error, runtime::inherited_listener given) {
        asio::post(self->executor_, [self, handover, error, given = std::move(given)]() mutable {
          self->on_handed_over(handover, error, std::move(given));
        });
      };
      // One that stops has closed them.
      for (auto missing = self->bound_.size() - shard->listener_count(); missing > 0; --missing) {
        tell(runtime::error::listener_closed, {});
      }
      shard->hand_over(tell);
    });
  }
}

void server_state::on_handed_over(const std::shared_ptr<handover_under_way>& handover, const quasio::error_code& error,
                                  runtime::inherited_listener given) {
  if (error && !handover->error) handover->error = error;
  const auto endpoint = std::ranges::find(bound_, given.local);
  if (!error && endpoint != bound_.end()) {
    handover->given.endpoints[static_cast<std::size_t>(endpoint - bound_.begin())].push_back(std::move(given));
  }
  if (--handover->awaited > 0) return;
  for (auto& each : handover->given.endpoints) std::ranges::sort(each, {}, &runtime::inherited_listener::shard);
  // What was handed over comes back when it is destroyed.
  if (handover->error) handover->given = {};
  handover->operation.complete(handover->error, std::move(handover->given));
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
