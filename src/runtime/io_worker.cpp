#include "runtime/io_worker.hpp"

#include <algorithm>
#include <utility>

#include "runtime/client_sockets.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

/// Batches a turn may send before others get theirs: half a megabyte, or some 100 µs.
constexpr int max_batches_per_turn = 8;

/// How often, and after how long a silence, an established connection must hear that nobody is there before it believes
/// it: anyone can forge such news, but nobody can silence a peer that lives.
constexpr unsigned refusals_to_believe = 3;
constexpr std::chrono::seconds silence_to_believe{1};

/// How often the time is looked at while a full socket holds everything back.
constexpr std::chrono::milliseconds full_socket_pause{2};

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

}  // namespace

io_worker::io_worker(std::shared_ptr<shard_state> shard, datagram_carrier& router,
                     std::unique_ptr<quic::connection> connection, io_worker_limits limits)
    : shard_(std::move(shard)),
      router_(&router),
      connection_(std::move(connection)),
      limits_(limits),
      records_(shard_->counters(), read_clock()),
      timer_(shard_->executor()),
      last_heard_of_peer_(read_clock()) {
  shard_->counters().connections_in_memory.add();
}

io_worker::~io_worker() { shard_->counters().connections_in_memory.subtract(); }

const asio::any_io_executor& io_worker::get_executor() const noexcept { return shard_->executor(); }
random_source& io_worker::random() noexcept { return shard_->random(); }

bool io_worker::is_handshaking() const noexcept {
  return std::holds_alternative<awaiting_application>(stage_) || std::holds_alternative<handshaking>(stage_);
}

void io_worker::register_first_ids() {
  tell_events(read_clock());
  set_timer();
}

void io_worker::start(std::unique_ptr<application_over_quic> application) {
  auto* const waiting = std::get_if<awaiting_application>(&stage_);
  if (waiting == nullptr || router_ == nullptr) {
    application->on_started(*this);
    application->on_connection_closed(connection_->is_closed()
                                          ? describe(connection_->reason())
                                          : connection_end{error::listener_closed, "the listener is closed", {}});
    return;
  }
  const auto datagrams = std::move(waiting->datagrams);
  stage_ = handshaking{std::move(application)};
  const time_point now = read_clock();
  records_.on_begun(now);
  this->application()->on_started(*this);
  // A client's early data is ready before there is an application to tell.
  if (connection_->may_use_streams()) on(quic::early_data_ready{}, now);
  for (auto datagram : datagrams) connection_->receive(datagram.bytes, datagram.path, datagram.ecn, now);
  wake();
}

void io_worker::refuse() {
  if (!std::holds_alternative<awaiting_application>(stage_) || router_ == nullptr) return;
  const auto datagrams = std::move(std::get<awaiting_application>(stage_).datagrams);
  const time_point now = read_clock();
  // Without the first packets there would be no keys to say so with.
  for (auto datagram : datagrams) connection_->receive(datagram.bytes, datagram.path, datagram.ecn, now);
  connection_->close(0, "refused", now);
  wake();
}

void io_worker::detach() noexcept {
  router_ = nullptr;
  stage_ = finished{};
  inbox_.clear();
  timer_.cancel();
}

void io_worker::wake() {
  if (turn_scheduled_ || router_ == nullptr) return;
  turn_scheduled_ = true;
  woken_at_ = read_clock();
  asio::post(shard_->executor(), [self = shared_from_this()] {
    if (!self->turn_scheduled_) return;
    const duration delay = read_clock() - self->woken_at_;
    self->shard_->counters().wake_delay_seconds.observe(std::chrono::duration<double>(delay).count());
    self->turn();
  });
}

void io_worker::may_move_by(std::unique_ptr<client_sockets> sockets) { client_sockets_ = std::move(sockets); }

result<network_path, error_code> io_worker::migrate(const ip_endpoint& local, quic::migration_timing when) {
  if (client_sockets_ == nullptr) return unexpected(make_error_code(quic::path_error::not_a_client));
  if (router_ == nullptr || is_finished()) return unexpected(make_error_code(error::connection_closed));
  auto moved = client_sockets_->move(*connection_, local, connection_->path().peer, when, read_clock());
  if (moved) wake();
  return moved;
}

void io_worker::give_up(const network_path& path) {
  // The only path left is kept, whoever wants to be rid of it.
  if (connection_->abandon_path(path, read_clock())) wake();
}

void io_worker::close(std::uint64_t application_code, std::string_view reason) {
  connection_->close(application_code, reason, read_clock());
  wake();
}

void io_worker::close_gracefully(std::uint64_t application_code, std::string_view reason, duration timeout) {
  const time_point now = read_clock();
  connection_->close_gracefully(application_code, reason, now + timeout, now);
  wake();
}

// --- Inbound --------------------------------------------------------------------------------------------------------

bool io_worker::deliver(inbound_run run) {
  if (auto* const waiting = std::get_if<awaiting_application>(&stage_)) return keep_for_application(*waiting, run);
  if (inbox_.size() >= limits_.inbox_size) {
    shard_->counters().inbox_drops.add(run.count());
    return false;
  }
  shard_->counters().datagrams_delivered.add(run.count());
  inbox_.push_back(std::move(run));
  return inbox_.size() == 1;
}

bool io_worker::keep_for_application(awaiting_application& stage, const inbound_run& run) {
  run.for_each_datagram([&](byte_span datagram) {
    if (stage.datagrams.size() >= limits_.waiting_inbox_size) {
      shard_->counters().inbox_drops.add();
      return;
    }
    stage.datagrams.push_back({{datagram.begin(), datagram.end()}, run.path, run.ecn});
  });
  return false;
}

void io_worker::drain_inbox(time_point now) {
  if (inbox_.empty()) return;
  for (const inbound_run& run : inbox_) {
    run.for_each_datagram([&](byte_span datagram) { connection_->receive(datagram, run.path, run.ecn, now); });
  }
  inbox_.clear();
  last_heard_of_peer_ = now;
  refusals_in_a_row_ = 0;
}

// --- A turn ---------------------------------------------------------------------------------------------------------

void io_worker::turn() {
  turn_scheduled_ = false;
  if (router_ == nullptr || is_finished()) return;
  shard_->counters().worker_turns.add();
  const time_point now = read_clock();
  take_turn(now);
  records_.on_turn(*connection_, now, read_clock());
}

void io_worker::take_turn(time_point now) {
  drain_inbox(now);
  if (const auto deadline = connection_->next_deadline(); deadline && *deadline <= now) connection_->on_timeout(now);
  tell_events(now);
  if (auto* const active = lively_application()) {
    active->process_reads(*this, now);
    active->process_writes(*this, now);
    tell_events(now);
  }
  flush(now);
  if (is_finished()) return;
  // Sending makes room, and who waited for room will now write: after them is another turn.
  if (tell_events(now)) wake();
  if (connection_->is_drained()) return finish();
  set_timer();
}

bool io_worker::tell_events(time_point now) {
  bool told = false;
  while (const auto event = connection_->poll_event()) {
    std::visit([&](const auto& each) { on(each, now); }, *event);
    told = true;
  }
  return told;
}

application_over_quic* io_worker::application() noexcept {
  return std::visit(overloaded{[](handshaking& stage) { return stage.application.get(); },
                               [](running& stage) { return stage.application.get(); },
                               [](auto&) -> application_over_quic* { return nullptr; }},
                    stage_);
}

application_over_quic* io_worker::lively_application() noexcept {
  if (auto* const stage = std::get_if<running>(&stage_)) return stage->application.get();
  auto* const stage = std::get_if<handshaking>(&stage_);
  return stage != nullptr && stage->early ? stage->application.get() : nullptr;
}

void io_worker::on(const quic::client_hello_received& event, time_point now) {
  // One that is refused may have been seen before it was closed.
  if (!connection_->is_closed()) router_->on_client_hello(*this, event, now);
}

void io_worker::answer_client_hello(crypto::client_hello_answer how) {
  if (router_ == nullptr || is_finished()) return;
  connection_->answer_client_hello(std::move(how), read_clock());
  wake();
}

void io_worker::on(const quic::early_data_ready&, time_point now) {
  if (auto* const stage = std::get_if<handshaking>(&stage_))
    stage->early = stage->application->on_early_data(*this, now);
}

void io_worker::on(const quic::handshake_completed&, time_point now) {
  auto* const stage = std::get_if<handshaking>(&stage_);
  if (stage == nullptr) return;
  std::unique_ptr<application_over_quic> application = std::move(stage->application);
  const auto kept = std::move(stage->kept);
  application_over_quic& lively = *application;
  stage_ = running{std::move(application)};
  shard_->counters().connections_established.add();
  records_.on_established(now);
  router_->handshake_ended(*this);
  lively.on_connection_established(*this, now);
  for (const quic::event& each : kept) lively.on_event(*this, each, now);
}

void io_worker::on(const quic::connection_id_issued& event, time_point) {
  ids_.push_back(event.id);
  records_.on_id(event.id);
  router_->add_route(event.id, *this);
}

void io_worker::on(const quic::connection_id_retired& event, time_point) {
  std::erase(ids_, event.id);
  router_->remove_route(event.id, *this);
}

void io_worker::on(const quic::connection_closed& event, time_point) { end(describe(event.reason), closing{}); }

void io_worker::on(const quic::path_failed& event, time_point now) {
  if (client_sockets_ != nullptr) client_sockets_->on_path_gone(*connection_, event.path);
  tell_application(event, now);
}

void io_worker::on(const quic::path_closed& event, time_point now) {
  if (client_sockets_ != nullptr) client_sockets_->on_path_gone(*connection_, event.path);
  tell_application(event, now);
}

void io_worker::on(const quic::preferred_address_offered& event, time_point now) {
  if (client_sockets_ != nullptr) client_sockets_->on_preferred_address(*connection_, event.address, now);
  tell_application(event, now);
}

template <class ForApplication>
void io_worker::on(const ForApplication& event, time_point now) {
  tell_application(event, now);
}

template <class Event>
void io_worker::tell_application(const Event& event, time_point now) {
  if (auto* const lively = lively_application()) return lively->on_event(*this, event, now);
  if (auto* const stage = std::get_if<handshaking>(&stage_)) stage->kept.emplace_back(event);
}

void io_worker::end(const connection_end& how, worker_stage next) {
  const bool was_handshaking = is_handshaking();
  worker_stage last = std::exchange(stage_, std::move(next));
  if (was_handshaking) {
    shard_->counters().failed_handshakes.add();
    router_->handshake_ended(*this);
  }
  std::visit(overloaded{[&](handshaking& stage) { stage.application->on_connection_closed(how); },
                        [&](running& stage) { stage.application->on_connection_closed(how); }, [](auto&) {}},
             last);
  const time_point now = read_clock();
  const bool is_news = records_.on_ended(*connection_, how, now);
  if (is_news && router_ != nullptr && router_->is_audited()) router_->on_ended(records_.audit(*connection_, how, now));
}

void io_worker::finish() {
  stage_ = finished{};
  inbox_.clear();
  timer_.cancel();
  for (const connection_id& id : ids_) router_->remove_route(id, *this);
  ids_.clear();
  router_->forget(*this);
}

void io_worker::on_carrier_lost() {
  if (router_ == nullptr || is_finished()) return;
  const bool has_ended = std::holds_alternative<closing>(stage_);
  if (!has_ended) end({make_error_code(error::connection_closed), "the datagram path was taken away", {}}, finished{});
  finish();
}

void io_worker::on_peer_refused(const error_code& code) {
  if (router_ == nullptr || is_finished()) return;
  if (std::holds_alternative<running>(stage_)) {
    ++refusals_in_a_row_;
    const bool believed =
        refusals_in_a_row_ >= refusals_to_believe && read_clock() - last_heard_of_peer_ >= silence_to_believe;
    if (!believed) return;
    const error_code lost = error::peer_lost;
    end({lost, lost.message(), std::nullopt}, finished{});
  } else {
    end(describe(code), finished{});
  }
  finish();
}

// --- Outbound -------------------------------------------------------------------------------------------------------

void io_worker::flush(time_point now) {
  if (!held_back_.data.empty()) return;
  const std::size_t max_segments = router_->max_segments(connection_->path());
  for (int batches = 0; batches < max_batches_per_turn; ++batches) {
    const byte_span buffer = shard_->send_buffer();
    const auto made = connection_->transmit(buffer, max_segments, now);
    if (!made) {
      if (connection_->awaits_client_hello_answer()) shard_->counters().skipped_mid_handshake_flushes.add();
      return;
    }
    records_.on_sent(now);
    if (!send({.data = buffer.first(made->size),
               .segment_size = made->segment_size,
               .path = made->path,
               .ecn = made->ecn}))
      return;
  }
  wake();
}

bool io_worker::send(net::outgoing_datagrams batch) {
  while (!batch.data.empty()) {
    error_code error;
    const std::size_t sent = router_->send(batch, error);
    if (sent > 0 && sent < batch.data.size()) shard_->counters().write_partial.add();
    batch.data = batch.data.subspan(sent);
    switch (net::classify_send_error(error)) {
      case net::send_failure::none:
        break;
      case net::send_failure::would_block:
        hold_back(batch);
        return false;
      case net::send_failure::too_large: {
        const std::size_t size = std::min(batch.segment_size, batch.data.size());
        connection_->on_datagram_too_large(batch.path, size, read_clock());
        batch.data = batch.data.subspan(size);
        break;
      }
      case net::send_failure::path:
      case net::send_failure::socket:
        return on_send_refused(error, batch.path);
    }
  }
  return true;
}

// What the system refuses is lost like a packet on the way, unless this is a client's first try and better told at
// once, or the client can go elsewhere.
bool io_worker::on_send_refused(const error_code& error, const network_path& path) {
  shard_->counters().write_errors.add();
  if (client_sockets_ == nullptr) return true;
  if (!std::holds_alternative<running>(stage_)) {
    on_peer_refused(error);
    return false;
  }
  if (path == connection_->path() && client_sockets_->on_path_refused(*connection_, read_clock())) wake();
  return true;
}

void io_worker::hold_back(const net::outgoing_datagrams& rest) {
  shard_->counters().write_would_block.add();
  held_back_.data.assign(rest.data.begin(), rest.data.end());
  held_back_.segment_size = rest.segment_size;
  held_back_.path = rest.path;
  held_back_.ecn = rest.ecn;
  records_.on_blocked(read_clock());
  router_->wait_writable(rest.path, *this);
}

void io_worker::on_writable(const error_code& error) {
  if (router_ == nullptr || is_finished()) return;
  records_.on_unblocked(read_clock());
  if (!error) return send_what_was_held_back();
  // The path and its socket were given up meanwhile; what waited there is lost.
  held_back_.data.clear();
  wake();
}

void io_worker::send_what_was_held_back() {
  if (router_ == nullptr || is_finished()) return;
  const held_back_batch batch = std::exchange(held_back_, {});
  if (send({.data = batch.data, .segment_size = batch.segment_size, .path = batch.path, .ecn = batch.ecn})) turn();
}

// --- The timer ------------------------------------------------------------------------------------------------------

// The timer is only moved when the deadline comes earlier; one that went later is noticed when the timer fires.
void io_worker::set_timer() {
  auto deadline = connection_->next_deadline();
  // What is due to be sent stays due while the socket is full.
  if (deadline && !held_back_.data.empty()) deadline = std::max(*deadline, read_clock() + full_socket_pause);
  if (!deadline || (timer_set_for_ && *timer_set_for_ <= *deadline)) return;
  timer_set_for_ = deadline;
  timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(*deadline));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->on_timer();
  });
}

void io_worker::on_timer() {
  timer_set_for_.reset();
  if (router_ == nullptr || is_finished()) return;
  const auto deadline = connection_->next_deadline();
  if (deadline && *deadline > read_clock()) return set_timer();
  turn();
}

}  // namespace quasio::runtime
