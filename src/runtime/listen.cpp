#include "quasio/runtime/listen.hpp"

#include <algorithm>
#include <utility>

#include "quasio/crypto/system_random.hpp"
#include "quasio/net/udp_socket.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/io_worker.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

std::shared_ptr<inbound_packet_router> open_router(const shard& where, const ip_endpoint& local,
                                                   const listen_options& options, error_code& error) {
  net::udp_socket socket(where.get_executor(), where.state()->buffers());
  socket.open(local, options.socket, error);
  if (error) return nullptr;
  auto acceptor = std::make_unique<quic::acceptor>(options.acceptor, where.state()->random());
  const std::size_t id_size = acceptor->connection_id_size();
  const router_limits limits{
      options.accept_backlog, options.max_connections, {options.inbox_size, options.waiting_inbox_size}};
  auto router = std::make_shared<inbound_packet_router>(where, std::move(socket), limits, id_size);
  router->accept_by(std::move(acceptor));
  return router;
}

void start_on_its_shard(const std::shared_ptr<inbound_packet_router>& router) {
  asio::dispatch(router->shard().get_executor(), [router] { router->start(); });
}

// Tokens and stateless resets must hold whichever shard they come back to.
template <class Key>
void share_key(Key& key) {
  const bool is_given = std::any_of(key.begin(), key.end(), [](std::uint8_t byte) { return byte != 0; });
  if (!is_given) crypto::system_random().fill(key);
}

}  // namespace

incoming_connection::incoming_connection() noexcept = default;
incoming_connection::incoming_connection(std::shared_ptr<io_worker> waiting) noexcept
    : waiting_(std::move(waiting)), path_(waiting_->connection().path()) {}
incoming_connection::incoming_connection(incoming_connection&& other) noexcept = default;

incoming_connection& incoming_connection::operator=(incoming_connection&& other) noexcept {
  std::swap(waiting_, other.waiting_);
  std::swap(path_, other.path_);
  return *this;
}

incoming_connection::~incoming_connection() {
  if (waiting_ == nullptr) return;
  const asio::any_io_executor executor = waiting_->get_executor();
  asio::dispatch(executor, [waiting = std::move(waiting_)] { waiting->refuse(); });
}

const network_path& incoming_connection::path() const noexcept { return path_; }
asio::any_io_executor incoming_connection::get_executor() const { return waiting_->get_executor(); }

void incoming_connection::start(std::unique_ptr<application_over_quic> application) {
  std::exchange(waiting_, nullptr)->start(std::move(application));
}

void incoming_connection::refuse() { std::exchange(waiting_, nullptr)->refuse(); }

listener::listener() noexcept = default;
listener::listener(std::shared_ptr<inbound_packet_router> router) noexcept : router_(std::move(router)) {}
listener::listener(listener&&) noexcept = default;
listener& listener::operator=(listener&& other) noexcept {
  std::swap(router_, other.router_);
  return *this;
}
listener::~listener() { close(); }

const ip_endpoint& listener::local_endpoint() const noexcept { return router_->local_endpoint(); }
const runtime::shard& listener::shard() const noexcept { return router_->shard(); }

void listener::on_accept(std::function<void(incoming_connection)> handler) {
  asio::dispatch(router_->shard().get_executor(),
                 [router = router_, handler = std::move(handler)]() mutable { router->on_accept(std::move(handler)); });
}

void listener::close() {
  if (router_ == nullptr) return;
  const asio::any_io_executor executor = router_->shard().get_executor();
  asio::dispatch(executor, [router = std::exchange(router_, nullptr)] { router->close(); });
}

void listener::start_accept(const std::shared_ptr<inbound_packet_router>& router,
                            pending_operation<incoming_connection> operation) {
  asio::dispatch(router->shard().get_executor(),
                 [router, operation = std::move(operation)]() mutable { router->accept(std::move(operation)); });
}

std::shared_ptr<cancellable> listener::cancel_target() const { return router_; }

listener listen(const shard& where, const ip_endpoint& local, const listen_options& options, error_code& error) {
  const auto router = open_router(where, local, options, error);
  if (error) return {};
  start_on_its_shard(router);
  return listener(router);
}

std::vector<listener> listen(const std::vector<shard>& shards, const ip_endpoint& local, const listen_options& options,
                             error_code& error) {
  listen_options shared = options;
  shared.socket.reuse_port = shards.size() > 1 || options.socket.reuse_port;
  crypto::system_random random;
  if (!shared.acceptor.token_keys) shared.acceptor.token_keys = quic::token_keys::generate(random);
  if (!shared.acceptor.spent_tokens) shared.acceptor.spent_tokens = std::make_shared<quic::spent_tokens>();
  share_key(shared.acceptor.reset_token_key);
  if (shared.acceptor.early_data.accept && !shared.acceptor.early_data.replay_guard) {
    crypto::system_random random;
    shared.acceptor.early_data.replay_guard = quic::make_replay_guard(shared.acceptor.tls, random);
  }

  auto group = std::make_shared<router_group>();
  std::vector<std::shared_ptr<inbound_packet_router>> routers;
  ip_endpoint address = local;
  for (const shard& each : shards) {
    shared.acceptor.connection_ids = std::make_shared<quic::sharded_connection_ids>(each.index());
    routers.push_back(open_router(each, address, shared, error));
    if (error) return {};
    // The first socket finds the port that the others share.
    address.port = routers.back()->local_endpoint().port;
    group->by_shard.resize(std::max(group->by_shard.size(), std::size_t{each.index()} + 1));
    group->by_shard[each.index()] = routers.back();
  }
  std::vector<listener> listeners;
  for (const auto& router : routers) {
    router->join_group(group);
    start_on_its_shard(router);
    listeners.emplace_back(router);
  }
  return listeners;
}

}  // namespace quasio::runtime
