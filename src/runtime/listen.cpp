#include "quasio/runtime/listen.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "quasio/crypto/system_random.hpp"
#include "quasio/net/udp_socket.hpp"
#include "quasio/quic/routable_connection_ids.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/io_worker.hpp"
#include "runtime/shard_state.hpp"
#include "runtime/unrouted_connection_ids.hpp"

namespace quasio::runtime {
namespace {

// Opens sockets at the server's preferred addresses, and fills in the ports that the system chose.
std::vector<net::udp_socket> open_preferred(const shard& where, listen_options& options, error_code& error) {
  std::vector<net::udp_socket> opened;
  quic::settings& transport = options.acceptor.transport;
  for (auto* const preferred : {&transport.preferred_address_v4, &transport.preferred_address_v6}) {
    if (error || !options.open_preferred_addresses || !*preferred) continue;
    net::udp_socket socket(where.get_executor(), where.state()->buffers());
    socket.open(**preferred, options.socket, error);
    if (error) break;
    (*preferred)->port = socket.local_endpoint().port;
    opened.push_back(std::move(socket));
  }
  return opened;
}

// The first is bound to `local`. The ports that the system chose stand in `options` afterwards.
std::vector<net::udp_socket> open_sockets(const shard& where, const ip_endpoint& local, listen_options& options,
                                          error_code& error) {
  net::udp_socket socket(where.get_executor(), where.state()->buffers());
  socket.open(local, options.socket, error);
  if (error) return {};
  auto all = open_preferred(where, options, error);
  all.insert(all.begin(), std::move(socket));
  return all;
}

std::vector<net::udp_socket> take_sockets(const shard& where, inherited_listener& from, listen_options& options,
                                          error_code& error) {
  std::vector<net::udp_socket> all;
  quic::settings& transport = options.acceptor.transport;
  for (net::descriptor& each : from.sockets) {
    net::udp_socket socket(where.get_executor(), where.state()->buffers());
    socket.assign(each.get(), options.socket, error);
    if (error) return {};
    each.release();
    const ip_endpoint& bound = socket.local_endpoint();
    auto& preferred = bound.is_v4() ? transport.preferred_address_v4 : transport.preferred_address_v6;
    if (!all.empty() && preferred) preferred->port = bound.port;
    all.push_back(std::move(socket));
  }
  if (all.empty()) error = asio::error::invalid_argument;
  return all;
}

std::shared_ptr<inbound_packet_router> make_router(const shard& where, std::vector<net::udp_socket> sockets,
                                                   const listen_options& options, error_code& error) {
  if (error) return nullptr;
  quic::acceptor_options accepting = options.acceptor;
  if (!accepting.connection_ids) accepting.connection_ids = std::make_shared<quic::random_connection_ids>();
  if (options.hooks.on_client_hello) accepting.ask_about_client_hello = true;
  const bool can_ask = !accepting.ask_about_client_hello || accepting.tls.can_ask_about_client_hello();
  if (accepting.connection_ids->size() == 0 || !can_ask) {
    error = asio::error::invalid_argument;
    return nullptr;
  }
  const auto ids = std::make_shared<unrouted_connection_ids>(std::move(accepting.connection_ids));
  accepting.connection_ids = ids;
  auto acceptor = std::make_unique<quic::acceptor>(std::move(accepting), where.state()->random());
  const router_limits limits{options.accept_backlog,
                             options.max_connections,
                             {options.inbox_size, options.waiting_inbox_size},
                             options.count_subnets};
  auto router = std::make_shared<inbound_packet_router>(where, std::move(sockets.front()), limits, ids->size());
  ids->ask([weak = std::weak_ptr(router)](const connection_id& id) {
    const auto asked = weak.lock();
    return asked != nullptr && asked->is_routed(id);
  });
  router->hook_in(options.hooks);
  router->accept_by(std::move(acceptor), ids);
  for (auto each = std::next(sockets.begin()); each != sockets.end(); ++each) router->add_socket(std::move(*each));
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

void listener::hand_over(std::function<void(error_code, inherited_listener)> handler) {
  asio::dispatch(router_->shard().get_executor(), [router = router_, handler = std::move(handler)] {
    error_code error;
    inherited_listener given = router->hand_over(error);
    handler(error, std::move(given));
  });
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
  listen_options own = options;
  auto sockets = open_sockets(where, local, own, error);
  const auto router = make_router(where, std::move(sockets), own, error);
  if (error) return {};
  start_on_its_shard(router);
  return listener(router);
}

namespace {

// What gives each shard in turn its sockets.
using socket_source =
    std::function<std::vector<net::udp_socket>(const shard& where, listen_options& options, error_code& error)>;

std::vector<std::shared_ptr<inbound_packet_router>> make_group(const std::vector<shard>& shards,
                                                               const listen_options& options,
                                                               const socket_source& sockets, error_code& error) {
  listen_options shared = options;
  shared.socket.reuse_port = shards.size() > 1 || options.socket.reuse_port;
  crypto::system_random random;
  if (!shared.acceptor.token_keys) shared.acceptor.token_keys = quic::token_keys::generate(random);
  if (!shared.acceptor.spent_tokens) shared.acceptor.spent_tokens = std::make_shared<quic::spent_tokens>();
  share_key(shared.acceptor.reset_token_key);
  if (shared.acceptor.early_data.accept && !shared.acceptor.early_data.replay_guard) {
    shared.acceptor.early_data.replay_guard = quic::make_replay_guard(shared.acceptor.tls, random);
  }

  const std::shared_ptr<quic::connection_id_generator> ids =
      options.acceptor.connection_ids ? options.acceptor.connection_ids : quic::routable_connection_ids::make(random);
  auto group = std::make_shared<router_group>();
  std::vector<std::shared_ptr<inbound_packet_router>> routers;
  for (const shard& each : shards) {
    shared.acceptor.connection_ids = ids->for_shard(each.index());
    if (!shared.acceptor.connection_ids && shards.size() == 1) shared.acceptor.connection_ids = ids;
    if (!shared.acceptor.connection_ids) {
      error = asio::error::invalid_argument;
      return {};
    }
    auto own = sockets(each, shared, error);
    routers.push_back(make_router(each, std::move(own), shared, error));
    if (error) return {};
    group->by_shard.resize(std::max(group->by_shard.size(), std::size_t{each.index()} + 1));
    group->by_shard[each.index()] = routers.back();
  }
  for (const auto& router : routers) router->join_group(group);
  return routers;
}

std::vector<listener> start_all(const std::vector<std::shared_ptr<inbound_packet_router>>& routers) {
  std::vector<listener> listeners;
  for (const auto& router : routers) {
    start_on_its_shard(router);
    listeners.emplace_back(router);
  }
  return listeners;
}

}  // namespace

std::vector<listener> listen(const std::vector<shard>& shards, const ip_endpoint& local, const listen_options& options,
                             error_code& error) {
  ip_endpoint address = local;
  const auto routers = make_group(
      shards, options,
      [&address](const shard& where, listen_options& with, error_code& failed) {
        auto opened = open_sockets(where, address, with, failed);
        // The first socket finds the port that the others share.
        if (!failed) address.port = opened.front().local_endpoint().port;
        return opened;
      },
      error);
  return start_all(routers);
}

std::vector<listener> listen(const std::vector<shard>& shards, std::vector<inherited_listener> inherited,
                             const listen_options& options, error_code& error) {
  error.clear();
  if (inherited.size() != shards.size()) error = asio::error::invalid_argument;
  if (error) return {};
  std::size_t next = 0;
  const auto routers = make_group(
      shards, options,
      [&](const shard& where, listen_options& with, error_code& failed) {
        return take_sockets(where, inherited[next++], with, failed);
      },
      error);
  for (std::size_t index = 0; index < routers.size(); ++index) {
    asio::dispatch(routers[index]->shard().get_executor(),
                   [router = routers[index], channel = std::move(inherited[index].channel)]() mutable {
                     router->inherit(std::move(channel));
                   });
  }
  return start_all(routers);
}

}  // namespace quasio::runtime
