#include "driver/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace quasio::http3 {
namespace {

/// Origins remembered for early data that failed; beyond it, it is tried again.
constexpr std::size_t max_early_failures = 1024;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string resumption_of(const quic::handshake_summary& handshake) {
  if (!handshake.resumed && handshake.early_data == quic::early_data_status::not_offered) return {};
  std::string text = handshake.resumed ? ", resumed" : ", not resumed";
  if (handshake.early_data == quic::early_data_status::not_offered) return text;
  return text + ", early data " + std::string(quic::to_string(handshake.early_data));
}

std::string attempt_at(const std::string& host, std::uint16_t port, const std::string& origin) {
  return "trying the alternative " + host + ":" + std::to_string(port) + " of " + origin;
}

std::string summary_of(const driver::connection_info& info) {
  return "connected to " + info.path.peer.to_string() + (info.handshake.after_retry ? " after a Retry: " : ": ") +
         info.handshake.alpn + ", " + info.handshake.cipher + ", " + info.handshake.group + ", handshake took " +
         std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(info.handshake.elapsed).count()) + " us" +
         resumption_of(info.handshake);
}

wall_time calendar_now() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

connection_pool::connection_pool(asio::any_io_executor executor, std::shared_ptr<const client_options> options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      shard_(executor_),
      room_(executor_, std::chrono::steady_clock::time_point::max()) {}

void connection_pool::trace(const std::string& line) const {
  if (options_->trace) options_->trace(line);
}

std::size_t connection_pool::size() const noexcept {
  std::size_t all = 0;
  for (const auto& [name, places] : origins_) all += places.size();
  return all;
}

// --- Choosing
// ---------------------------------------------------------------------------------------------------------

asio::awaitable<std::shared_ptr<pooled_connection>> connection_pool::connection_to(url to) {
  const auto self = shared_from_this();
  for (;;) {
    if (closed_) {
      const auto none = std::make_shared<pooled_connection>(executor_);
      none->is_connecting = false;
      none->why_not = *closed_;
      co_return none;
    }
    const place chosen = choose(to);
    if (chosen == nullptr) {
      co_await room_.async_wait(as_result);
      continue;
    }
    if (!chosen->is_connecting) co_return chosen;
    while (chosen->is_connecting) co_await chosen->ready.async_wait(as_result);
    if (!chosen->controller) co_return chosen;
    // Others have waited too: maybe there is no room left on it.
  }
}

connection_pool::place connection_pool::choose(const url& to) {
  forget_ended();
  const auto found = origins_.find(to.origin());
  if (found == origins_.end()) return make_room() ? begin(to) : nullptr;
  const std::vector<place>& places = found->second;
  // The first with room, so that the others fall idle and can go.
  const auto roomy = std::find_if(places.begin(), places.end(), [](const place& each) { return each->has_room(); });
  if (roomy != places.end()) return *roomy;
  const auto coming = std::find_if(places.begin(), places.end(), [](const place& each) { return each->is_connecting; });
  if (coming != places.end()) return *coming;
  // Where there can be but one, requests wait for their turn on it; else here, for the first that has room.
  if (options_->pool.max_connections_per_origin <= 1) return places.front();
  return places.size() < options_->pool.max_connections_per_origin && make_room() ? begin(to) : nullptr;
}

// Whether one more connection may be made, if need be in place of an idle one.
bool connection_pool::make_room() {
  if (size() < std::max<std::size_t>(options_->pool.max_connections, 1)) return true;
  place oldest;
  for (const auto& [name, places] : origins_) {
    for (const place& each : places) {
      if (each->is_idle() && (oldest == nullptr || each->idle_since < oldest->idle_since)) oldest = each;
    }
  }
  if (oldest == nullptr) return false;
  oldest->is_retired = true;
  oldest->controller->close();
  forget_ended();
  return true;
}

void connection_pool::forget_ended() {
  for (auto& [name, places] : origins_) {
    std::erase_if(places, [](const place& each) { return !each->is_usable(); });
  }
  std::erase_if(origins_, [](const auto& each) { return each.second.empty(); });
}

// --- Connecting
// -------------------------------------------------------------------------------------------------------

connection_pool::place connection_pool::begin(const url& to) {
  auto begun = std::make_shared<pooled_connection>(executor_);
  origins_[to.origin()].push_back(begun);
  asio::co_spawn(executor_, connect(shared_from_this(), begun, to),
                 asio::bind_cancellation_slot(begun->cancellation.slot(), asio::detached));
  return begun;
}

asio::awaitable<void> connection_pool::connect(std::shared_ptr<connection_pool> self, place to_fill, url to) {
  try {
    if (self->options_->use_alternatives) co_await self->connect_to_alternative(to_fill, to);
    if (!to_fill->controller) {
      const bool early = !self->early_failures_.contains(to.origin());
      co_await self->connect_to_host(to_fill, to, to.host, to.port, early, self->options_->connect_timeout);
    }
  } catch (const system_error& stopped) {
    to_fill->why_not = {stopped.code(), "cannot connect to " + to.authority() + ": " + stopped.code().message()};
  }
  if (self->closed_) {
    to_fill->why_not = *self->closed_;
    if (to_fill->controller) to_fill->controller->close();
    to_fill->controller.reset();
  }
  to_fill->is_connecting = false;
  to_fill->ready.cancel();
  self->on_change(to_fill);
  if (to_fill->controller && !to_fill->is_established) co_await watch_handshake(self, to_fill, to);
}

// RFC 7838, section 2.4: an alternative comes before the origin's own host, and where it fails that is as good as ever.
asio::awaitable<void> connection_pool::connect_to_alternative(place to_fill, url to) {
  const std::string origin = to.origin();
  for (const alternative_service& each : options_->alternatives->find(origin, calendar_now())) {
    const std::string host = each.host.empty() ? to.host : each.host;
    if (host == to.host && each.port == to.port) co_return;
    trace(attempt_at(host, each.port, origin));
    // No early data: whether anybody is there is not known before the handshake is complete.
    const auto timeout = std::min(options_->alternative_timeout, options_->connect_timeout);
    co_await connect_to_host(to_fill, to, host, each.port, false, timeout);
    if (to_fill->controller) {
      to_fill->alternative = alternative_service{.protocol = each.protocol, .host = host, .port = each.port};
      options_->alternatives->mark_working(origin, each);
      co_return;
    }
    trace("the alternative failed: " + to_fill->why_not.message);
    options_->alternatives->mark_broken(origin, each, calendar_now());
  }
}

asio::awaitable<void> connection_pool::connect_to_host(place to_fill, url to, std::string host, std::uint16_t port,
                                                       bool early_data, std::chrono::milliseconds timeout) {
  for (const auto& rule : options_->connect_to) {
    if ((!rule.host.empty() && rule.host != host) || (rule.port != 0 && rule.port != port)) continue;
    if (!rule.to_host.empty()) host = rule.to_host;
    if (rule.to_port != 0) port = rule.to_port;
    break;
  }
  connect_target target;
  target.host = std::move(host);
  target.port = port;
  target.server_name = to.host;
  target.origin = to.origin();
  target.early_data = early_data;
  target.timeout = timeout;
  target.on_change = [weak = weak_from_this(), changed = std::weak_ptr<pooled_connection>(to_fill)] {
    const auto pool = weak.lock();
    const auto connection = changed.lock();
    if (pool != nullptr && connection != nullptr) pool->on_change(connection);
  };
  client_connector connector(shard_, *options_, std::move(target));
  auto made = co_await connector.connect(to_fill->why_not);
  if (!made) co_return;
  to_fill->is_established = made->info.handshake.early_data != quic::early_data_status::offered;
  if (to_fill->is_established) trace(summary_of(made->info));
  to_fill->info = std::make_shared<const driver::connection_info>(std::move(made->info));
  to_fill->controller = std::move(made->controller);
}

// Early data is on its way already; what comes of the handshake is for the trace, for later requests, and for the
// choice whether to try this again.
asio::awaitable<void> connection_pool::watch_handshake(std::shared_ptr<connection_pool> self, place of, url to) {
  self->trace("sending early data to " + of->info->path.peer.to_string());
  auto [failed, info] = co_await of->controller->async_wait_established(as_result);
  if (failed) co_return;
  of->is_established = true;
  self->early_failures_.erase(to.origin());
  self->trace(summary_of(info));
  of->info = std::make_shared<const driver::connection_info>(std::move(info));
}

void connection_pool::note_early_failure(const std::string& origin) {
  if (early_failures_.size() < max_early_failures) early_failures_.insert(origin);
}

// --- Ending
// -----------------------------------------------------------------------------------------------------------

void connection_pool::retire(pooled_connection& connection) {
  connection.is_retired = true;
  if (connection.is_idle()) connection.controller->close();
}

void connection_pool::on_change(const place& changed) {
  if (changed->is_retired) retire(*changed);
  if (changed->is_idle() && changed->is_usable()) {
    changed->idle_since = std::chrono::steady_clock::now();
    close_when_idle_for_long(changed);
  }
  room_.cancel();
}

void connection_pool::close_when_idle_for_long(const place& idle) {
  const auto limit = options_->pool.idle_timeout;
  if (limit.count() <= 0) return;
  idle->idle.expires_at(idle->idle_since + limit);
  idle->idle.async_wait([self = shared_from_this(), weak = std::weak_ptr<pooled_connection>(idle),
                         since = idle->idle_since](const quasio::error_code& error) {
    const auto kept = weak.lock();
    if (error || kept == nullptr || kept->idle_since != since || !kept->is_idle()) return;
    kept->is_retired = true;
    kept->controller->close();
    self->room_.cancel();
  });
}

void connection_pool::close(const failure& why) {
  if (!closed_) closed_ = why;
  for (const auto& [name, places] : std::exchange(origins_, {})) {
    for (const place& each : places) {
      each->idle.cancel();
      if (each->is_connecting) each->cancellation.emit(asio::cancellation_type::terminal);
      if (each->controller) each->controller->close();
    }
  }
  room_.cancel();
}

}  // namespace quasio::http3
