#include "runtime/inbound_packet_router.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "quasio/net/endpoint.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

/// Received batches after which timers and other connections get their turn.
constexpr int max_batches_per_turn = 4;

/// Batches that the kernel joined are up to 64 KB each: only so many at a time that they stay in the cache until they
/// are read.
constexpr std::size_t narrow_width = 8;
constexpr std::size_t narrow_above_bytes = 512 * 1024;
constexpr std::size_t widen_below_bytes = 128 * 1024;

/// Batches from other shards that may wait for this one.
constexpr unsigned max_forwarded_waiting = 256;

/// The pause after an error of the socket that would else come back at once.
constexpr std::chrono::milliseconds back_off_time{20};

constexpr std::size_t reply_size = 1500;

/// How often the acceptor is told what time of day it is.
constexpr std::chrono::minutes time_telling_interval{1};

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

bool is_long_header(byte_view datagram) noexcept { return (datagram.front() & 0x80) != 0; }

// Whether this may be the first packet of a client, whose destination ID the client has made up: of all that carries a
// long header only Handshake packets surely do not (RFC 9000 section 17.2, RFC 9369 section 3.2).
bool carries_own_id(byte_view datagram) noexcept {
  if (!is_long_header(datagram)) return true;
  if (datagram.size() < 5) return false;
  const std::uint32_t version = std::uint32_t{datagram[1]} << 24 | std::uint32_t{datagram[2]} << 16 |
                                std::uint32_t{datagram[3]} << 8 | std::uint32_t{datagram[4]};
  const unsigned type = (datagram.front() >> 4) & 3u;
  return version == static_cast<std::uint32_t>(quic_version::v2) ? type == 3 : type == 2;
}

}  // namespace

inbound_packet_router::inbound_packet_router(const runtime::shard& where, net::udp_socket socket, router_limits limits,
                                             std::size_t connection_id_size)
    : where_(where),
      shard_(*where.state()),
      limits_(limits),
      connection_id_size_(connection_id_size),
      routes_(16, keyed_hash(shard_.random())) {
  sockets_.push_back(std::make_shared<socket_entry>(std::move(socket), shard_.executor()));
}

router_hold::~router_hold() {
  if (router_ != nullptr) router_->abandon();
}

inbound_packet_router::~inbound_packet_router() {
  abandon();
  shard_.counters().handshakes_under_way.subtract(handshakes_under_way_);
}

void inbound_packet_router::abandon() noexcept {
  const auto handler = std::exchange(accept_handler_, nullptr);
  const auto accepts = std::exchange(accepts_, {});
  const auto backlog = std::exchange(backlog_, {});
  const auto workers = std::exchange(workers_, {});
  if (desk_ != nullptr) desk_->close();
  routes_.clear();
  for (const auto& [key, worker] : workers) worker->detach();
}

void inbound_packet_router::accept_by(std::unique_ptr<quic::acceptor> acceptor,
                                      std::shared_ptr<quic::connection_id_generator> ids) {
  acceptor_ = std::move(acceptor);
  ids_ = std::move(ids);
}

// --- Receiving ------------------------------------------------------------------------------------------------------

void inbound_packet_router::start() {
  is_receiving_ = true;
  for (const auto& each : sockets_) wait_for_datagrams(each);
}

void inbound_packet_router::add_socket(net::udp_socket socket) {
  sockets_.push_back(std::make_shared<socket_entry>(std::move(socket), shard_.executor()));
  if (is_receiving_) wait_for_datagrams(sockets_.back());
}

void inbound_packet_router::remove_socket(const ip_endpoint& local) noexcept {
  const auto found = std::ranges::find(sockets_, local, [](const entry_pointer& each) { return each->local; });
  if (found == sockets_.end() || sockets_.size() == 1) return;
  (*found)->close();
  sockets_.erase(found);
}

inbound_packet_router::socket_entry& inbound_packet_router::entry_for(const network_path& path) noexcept {
  for (const auto& each : sockets_) {
    if (each->local == path.local) return *each;
  }
  // One of a wildcard socket's many addresses.
  for (const auto& each : sockets_) {
    if (each->local.port == path.local.port && net::is_unspecified(each->local)) return *each;
  }
  return *sockets_.front();
}

void inbound_packet_router::wait_for_datagrams(const entry_pointer& at) {
  if (!at->socket.is_open() || at->is_waiting || heir_ != nullptr) return;
  at->is_waiting = true;
  at->socket.async_wait_readable([hold = router_hold(shared_from_this()), at](const error_code& error) mutable {
    const auto self = hold.take();
    at->is_waiting = false;
    if (error == asio::error::operation_aborted) return;
    if (error) return self->back_off(at);
    self->receive(at);
  });
}

void inbound_packet_router::back_off(const entry_pointer& at) {
  shard_.counters().receive_errors.add();
  at->back_off_timer.expires_after(back_off_time);
  at->back_off_timer.async_wait([hold = router_hold(shared_from_this()), at](const error_code& error) mutable {
    const auto self = hold.take();
    if (!error) self->wait_for_datagrams(at);
  });
}

void inbound_packet_router::receive(const entry_pointer& at) {
  for (int batches = 0; batches < max_batches_per_turn; ++batches) {
    if (!at->socket.is_open() || heir_ != nullptr) return;
    if (!receive_batch(at)) return;
  }
  asio::post(shard_.executor(), [hold = router_hold(shared_from_this()), at]() mutable { hold.take()->receive(at); });
}

// Returns whether there may be more at once; else the next wait has been arranged.
bool inbound_packet_router::receive_batch(const entry_pointer& at) {
  const auto room = shard_.receive_batch().first(at->receive_width);
  error_code error;
  const std::size_t count = at->socket.receive(room, error);
  note_refusals(*at);
  count_reception(*at, error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    back_off(at);
    return false;
  }
  if (!error && count > 0) {
    const time_point now = read_clock();
    std::size_t bytes = 0;
    for (const net::received_datagrams& batch : room.first(count)) {
      bytes += batch.size;
      route(batch, now);
    }
    if (bytes > narrow_above_bytes) at->receive_width = narrow_width;
    if (count == at->receive_width && bytes < widen_below_bytes) at->receive_width = net::max_receive_batch;
    run_touched_workers();
    if (count == room.size()) return true;
  }
  wait_for_datagrams(at);
  return false;
}

// A client's sockets are connected: the kernel tells them when the peer's host says that nobody listens.
void inbound_packet_router::note_refusals(socket_entry& at) {
  // RFC 9000, section 14.2.1: what else ICMP says, of sizes above all, may be forged and ends nothing.
  const std::uint64_t total = at.socket.statistics().port_refusals;
  if (total == std::exchange(at.refusals_seen, total) || acceptor_ != nullptr || workers_.size() != 1) return;
  const auto worker = workers_.begin()->second;
  // What is heard about a path that is only tried concerns that path alone, and its validation finds out.
  if (sockets_.size() > 1 && worker->connection().path().local != at.local) return;
  worker->on_peer_refused(asio::error::connection_refused);
}

void inbound_packet_router::count_reception(socket_entry& at, const error_code& error) {
  auto& counters = shard_.counters();
  const std::uint64_t drops = at.socket.statistics().kernel_drops;
  counters.kernel_drops.add(drops - std::exchange(at.drops_seen, drops));
  counters.receive_buffers.set(shard_.buffers().allocated());
  counters.receive_buffers_in_use.set(shard_.buffers().in_use());
  if (error == asio::error::no_buffer_space) counters.receive_buffers_missing.add();
}

// --- Routing --------------------------------------------------------------------------------------------------------

void inbound_packet_router::route(const net::received_datagrams& batch, time_point now) {
  for (std::size_t begin = 0; begin < batch.size;) {
    const auto length_at = [&](std::size_t offset) { return std::min(batch.segment_size, batch.size - offset); };
    const auto datagram_at = [&](std::size_t offset) {
      return byte_view(batch.buffer.data() + offset, length_at(offset));
    };
    const byte_view first = datagram_at(begin);
    std::size_t end = begin + first.size();
    io_worker* const worker = find(first);
    const bool may_be_known = worker != nullptr || testator_ != nullptr;
    while (may_be_known && end < batch.size && has_same_destination(first, datagram_at(end))) end += length_at(end);

    inbound_run run{batch.buffer, begin, end - begin, batch.segment_size, batch.path, batch.ecn};
    if (worker != nullptr) {
      deliver(*worker, std::move(run));
    } else {
      take_unknown(std::move(run), now);
    }
    begin = end;
  }
}

io_worker* inbound_packet_router::find(byte_view datagram) const {
  const auto id = quic::routing_id(datagram, connection_id_size_);
  if (!id) return nullptr;
  const auto found = routes_.find(*id);
  return found != routes_.end() ? found->second : nullptr;
}

bool inbound_packet_router::has_same_destination(byte_view first, byte_view other) const noexcept {
  if (!is_long_header(first) && !is_long_header(other)) {
    return first.size() > connection_id_size_ && other.size() > connection_id_size_ &&
           std::memcmp(first.data() + 1, other.data() + 1, connection_id_size_) == 0;
  }
  return quic::routing_id(first, connection_id_size_) == quic::routing_id(other, connection_id_size_);
}

void inbound_packet_router::deliver(io_worker& worker, inbound_run run) {
  if (worker.deliver(std::move(run))) touched_.push_back(worker.shared_from_this());
}

void inbound_packet_router::run_touched_workers() {
  // A turn may end connections, but touches no others.
  for (const auto& worker : touched_) worker->turn();
  touched_.clear();
}

void inbound_packet_router::remove_route(const connection_id& id, const io_worker& worker) {
  const auto found = routes_.find(id);
  if (found != routes_.end() && found->second == &worker) routes_.erase(found);
}

// --- Datagrams of no known connection
// ---------------------------------------------------------------------------------

void inbound_packet_router::take_unknown(inbound_run run, time_point now) {
  if (pass_on(run)) return;
  take_unknown_on_shard(std::move(run), now);
}

void inbound_packet_router::take_unknown_on_shard(inbound_run run, time_point now) {
  if (testator_ == nullptr) return take_strange(std::move(run), now);
  const bool had_room = testator_->send(run);
  (had_room ? shard_.counters().handover_questions : shard_.counters().handover_drops).add(run.count());
}

// Nobody before us knows it.
void inbound_packet_router::take_strange(inbound_run run, time_point now) {
  if (heir_ != nullptr) {
    const bool had_room = heir_->send(run);
    (had_room ? shard_.counters().handover_answers : shard_.counters().handover_drops).add(run.count());
    return;
  }
  if (acceptor_ != nullptr) return consider(std::move(run), now);
  // A Stateless Reset is addressed to an ID that nobody knows (RFC 9000, section 10.3). On a socket with one connection
  // it can only be for that one, which alone can recognise it.
  if (workers_.size() == 1 && run.size > 0) return deliver(*workers_.begin()->second, std::move(run));
  shard_.counters().unroutable_packets.add(run.count());
}

bool inbound_packet_router::pass_on(const inbound_run& run) {
  if (group_ == nullptr || group_->by_shard.size() < 2 || run.size == 0 || !carries_own_id(run.bytes())) return false;
  const auto id = quic::routing_id(run.bytes(), connection_id_size_);
  if (!id) return false;
  const auto owner = ids_->shard_of(id->bytes());
  if (!owner || *owner == shard_.index() || *owner >= group_->by_shard.size()) return false;
  auto router = group_->by_shard[*owner].lock();
  if (router == nullptr || !router->try_claim_forwarding()) {
    shard_.counters().forwarding_drops.add(run.count());
    return true;
  }
  shard_.counters().forwarded_packets.add(run.count());
  const auto& executor = router->shard_.executor();
  asio::post(executor,
             [router = std::move(router), bytes = std::vector<std::uint8_t>(run.bytes().begin(), run.bytes().end()),
              segment_size = run.segment_size, path = run.path,
              ecn = run.ecn] { router->take_forwarded(bytes, segment_size, path, ecn); });
  return true;
}

bool inbound_packet_router::try_claim_forwarding() noexcept {
  if (forwarded_waiting_.fetch_add(1, std::memory_order_relaxed) < max_forwarded_waiting) return true;
  forwarded_waiting_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void inbound_packet_router::take_forwarded(byte_view datagrams, std::size_t segment_size, const network_path& path,
                                           ecn_codepoint ecn) {
  forwarded_waiting_.fetch_sub(1, std::memory_order_relaxed);
  const byte_view first = datagrams.first(std::min(segment_size, datagrams.size()));
  io_worker* const worker = find(first);
  if (worker == nullptr && !has_relatives() && acceptor_ != nullptr && !is_long_header(first)) {
    consider(first, path, read_clock());
    return;
  }
  net::packet_buffer buffer = shard_.buffers().acquire();
  const bool is_wanted = worker != nullptr || has_relatives();
  if (!is_wanted || !buffer || buffer.capacity() < datagrams.size()) {
    shard_.counters().unroutable_packets.add();
    return;
  }
  std::copy(datagrams.begin(), datagrams.end(), buffer.data());
  inbound_run run{std::move(buffer), 0, datagrams.size(), segment_size, path, ecn};
  if (worker == nullptr) return take_unknown_on_shard(std::move(run), read_clock());
  deliver(*worker, std::move(run));
  run_touched_workers();
}

void inbound_packet_router::consider(inbound_run run, time_point now) {
  const bool may_begin_a_connection = run.size > 0 && is_long_header(run.bytes());
  const bool is_full = accept_handler_ == nullptr && accepts_.empty() && backlog_.size() >= limits_.accept_backlog;
  if (may_begin_a_connection && (is_full || workers_.size() >= limits_.max_connections)) {
    shard_.counters().accept_backlog_drops.add(run.count());
    count(initial_rejection::accept_queue_overflow, run.path);
    return;
  }
  const byte_view first = run.bytes().first(std::min(run.segment_size, run.size));
  if (auto connection = consider(first, run.path, now)) take_in(std::move(connection), std::move(run));
}

std::unique_ptr<quic::connection> inbound_packet_router::consider(byte_view datagram, const network_path& path,
                                                                  time_point now) {
  tell_the_time(now);
  std::array<std::uint8_t, reply_size> answer;
  auto decision = acceptor_->consider(datagram, path, handshakes_under_way_, answer, now);
  if (const auto* const ignored = std::get_if<quic::ignored>(&decision)) {
    count(ignored->why, path);
    return nullptr;
  }
  if (const auto* const stateless = std::get_if<quic::stateless_reply>(&decision)) {
    if (stateless->what == quic::stateless_reply::kind::stateless_reset) {
      shard_.counters().unroutable_packets.add();
      shard_.counters().stateless_resets.add();
    }
    if (stateless->what == quic::stateless_reply::kind::refusal)
      count(initial_rejection::token_validation_failed, path);
    if (stateless->what == quic::stateless_reply::kind::not_admitted) count(initial_rejection::not_admitted, path);
    reply(byte_view(answer).first(stateless->size), path);
    return nullptr;
  }
  return std::get<std::unique_ptr<quic::connection>>(std::move(decision));
}

// The wall clock may be set, or run apart from the monotonic one while the machine sleeps.
void inbound_packet_router::tell_the_time(time_point now) {
  if (time_told_at_ && now - *time_told_at_ < time_telling_interval) return;
  time_told_at_ = now;
  acceptor_->synchronise({now, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())});
}

void inbound_packet_router::count(quic::ignored::cause why, const network_path& path) {
  auto& counters = shard_.counters();
  switch (why) {
    case quic::ignored::cause::reset_limited:
      counters.stateless_resets_limited.add();
      [[fallthrough]];
    case quic::ignored::cause::not_initial:
      counters.unroutable_packets.add();
      return count(initial_rejection::wrong_type, path);
    case quic::ignored::cause::not_quic:
    case quic::ignored::cause::too_small:
    case quic::ignored::cause::unauthentic:
      counters.rejected_initial_packets.add();
      return count(initial_rejection::failed_to_parse, path);
    case quic::ignored::cause::bad_token:
      counters.rejected_initial_packets.add();
      return count(initial_rejection::token_validation_failed, path);
    case quic::ignored::cause::refused:
      counters.rejected_initial_packets.add();
      return count(initial_rejection::too_many_handshakes, path);
    case quic::ignored::cause::not_admitted:
      counters.rejected_initial_packets.add();
      return count(initial_rejection::not_admitted, path);
    case quic::ignored::cause::tls:
      counters.rejected_initial_packets.add();
      return count(initial_rejection::unexpected, path);
  }
}

void inbound_packet_router::count(initial_rejection why, const network_path& path) {
  shard_.counters().initial_rejections[why].add();
  if (limits_.count_subnets) shard_.counters().initials_by_subnet.count_rejected(path.peer);
}

// Who asks again gets another answer: one that the socket has no room for is not kept.
void inbound_packet_router::reply(byte_view datagram, const network_path& path) {
  shard_.counters().stateless_replies.add();
  error_code ignored;
  socket_for(path).send(
      {.data = datagram, .segment_size = datagram.size(), .path = path, .ecn = ecn_codepoint::not_ect}, ignored);
}

void inbound_packet_router::take_in(std::unique_ptr<quic::connection> connection, inbound_run run) {
  shard_.counters().accepted_initial_packets.add();
  if (limits_.count_subnets) shard_.counters().initials_by_subnet.count_accepted(run.path.peer);
  shard_.counters().connections_accepted.add();
  shard_.counters().handshakes_under_way.add();
  ++handshakes_under_way_;
  io_worker& worker = add_worker(std::move(connection));
  deliver(worker, std::move(run));
  announce(worker.shared_from_this());
}

// --- Workers
// ----------------------------------------------------------------------------------------------------------

io_worker& inbound_packet_router::add_worker(std::unique_ptr<quic::connection> connection) {
  auto worker = std::make_shared<io_worker>(where_.state(), *this, std::move(connection), limits_.worker);
  io_worker& added = *worker;
  workers_.emplace(&added, std::move(worker));
  added.register_first_ids();
  return added;
}

io_worker& inbound_packet_router::adopt(std::unique_ptr<quic::connection> connection) {
  return add_worker(std::move(connection));
}

void inbound_packet_router::handshake_ended(const io_worker&) {
  if (handshakes_under_way_ == 0) return;
  --handshakes_under_way_;
  shard_.counters().handshakes_under_way.subtract();
}

void inbound_packet_router::on_client_hello(io_worker& worker, const quic::client_hello_received& hello,
                                            time_point now) {
  if (desk_ == nullptr) return worker.answer_client_hello(crypto::use_own_context{});
  desk_->show(worker, hello, now);
}

void inbound_packet_router::on_ended(const connection_audit& audit) { desk_->hooks().on_end(audit); }

bool inbound_packet_router::is_audited() const noexcept { return desk_ != nullptr && desk_->hooks().on_end; }

std::size_t inbound_packet_router::max_segments(const network_path& path) noexcept {
  return socket_for(path).capabilities().max_segments;
}

std::size_t inbound_packet_router::send(const net::outgoing_datagrams& batch, error_code& error) {
  return socket_for(batch.path).send(batch, error);
}

void inbound_packet_router::wait_writable(const network_path& path, io_worker& worker) {
  socket_for(path).async_wait_writable(
      [held = worker.shared_from_this()](const error_code& error) { held->on_writable(error); });
}

void inbound_packet_router::forget(io_worker& worker) {
  workers_.erase(&worker);
  close_socket_when_done();
}

void inbound_packet_router::close_socket_when_done() {
  if (acceptor_ != nullptr || !workers_.empty() || is_needed_by_siblings()) return;
  close_sockets();
}

// --- Accepting
// --------------------------------------------------------------------------------------------------------

void inbound_packet_router::announce(std::shared_ptr<io_worker> worker) {
  if (accept_handler_ != nullptr) return accept_handler_(incoming_connection(std::move(worker)));
  if (accepts_.empty()) return backlog_.push_back(std::move(worker));
  auto operation = std::move(accepts_.front());
  accepts_.pop_front();
  operation.complete(error_code(), incoming_connection(std::move(worker)));
}

void inbound_packet_router::on_accept(std::function<void(incoming_connection)> handler) {
  if (acceptor_ == nullptr) return;
  accept_handler_ = std::move(handler);
  for (auto& worker : std::exchange(backlog_, {})) accept_handler_(incoming_connection(std::move(worker)));
}

void inbound_packet_router::accept(pending_operation<incoming_connection> operation) {
  if (acceptor_ == nullptr) return operation.complete(error::listener_closed, {});
  if (backlog_.empty()) return accepts_.push_back(std::move(operation));
  auto worker = std::move(backlog_.front());
  backlog_.pop_front();
  operation.complete(error_code(), incoming_connection(std::move(worker)));
}

void inbound_packet_router::cancel_operation(std::uint64_t tag) {
  const auto found =
      std::find_if(accepts_.begin(), accepts_.end(), [&](const auto& each) { return each.tag() == tag; });
  if (found == accepts_.end()) return;
  auto operation = std::move(*found);
  accepts_.erase(found);
  operation.complete(asio::error::operation_aborted, {});
}

void inbound_packet_router::close() {
  if (acceptor_ == nullptr) return;
  acceptor_.reset();
  accept_handler_ = nullptr;
  for (auto& operation : std::exchange(accepts_, {})) operation.complete(error::listener_closed, {});
  for (const auto& worker : std::exchange(backlog_, {})) worker->refuse();
  close_socket_when_done();
}

}  // namespace quasio::runtime
