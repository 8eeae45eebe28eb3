// How a router hands its sockets to another process, and what the two tell each other from then on: see
// quasio/runtime/inheritance.hpp.
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "quasio/runtime/error.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::runtime {
namespace {

/// Batches after which timers and other connections get their turn.
constexpr int max_batches_per_turn = 64;

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

net::descriptor copy_of(int handle, error_code& error) {
  net::descriptor copy(::fcntl(handle, F_DUPFD_CLOEXEC, 0));
  if (!copy) error = {errno, system_category()};
  return copy;
}

}  // namespace

void inbound_packet_router::inherit(net::descriptor channel) {
  testator_ = std::make_shared<handover_channel>(shard_.executor(), std::move(channel));
  wait_for_relative(testator_);
}

inherited_listener inbound_packet_router::hand_over(error_code& error) {
  error.clear();
  if (acceptor_ == nullptr) error = error::listener_closed;
  if (heir_ != nullptr) error = asio::error::already_started;
  inherited_listener given;
  given.local = local_endpoint();
  given.shard = shard_.index();
  for (const auto& each : sockets_) {
    if (!error) given.sockets.push_back(copy_of(each->socket.native_handle(), error));
  }
  if (error) return {};
  auto [ours, theirs] = handover_channel::make_ends(error);
  if (error) return {};
  given.channel = std::move(theirs);
  heir_ = std::make_shared<handover_channel>(shard_.executor(), std::move(ours));
  wait_for_relative(heir_);
  return given;
}

void inbound_packet_router::wait_for_relative(const channel_pointer& at) {
  at->async_wait_readable([hold = router_hold(shared_from_this()), at](const error_code& error) mutable {
    const auto self = hold.take();
    if (error != asio::error::operation_aborted) self->receive_from_relative(at);
  });
}

void inbound_packet_router::receive_from_relative(const channel_pointer& at) {
  const time_point now = read_clock();
  for (int batches = 0; batches < max_batches_per_turn; ++batches) {
    inbound_run run;
    const auto outcome = at->receive(run, shard_.buffers());
    if (outcome == handover_channel::outcome::nothing) break;
    if (outcome == handover_channel::outcome::ended) return on_relative_gone(at);
    if (outcome == handover_channel::outcome::dropped) shard_.counters().handover_drops.add();
    if (outcome == handover_channel::outcome::received) take_from_relative(at, std::move(run), now);
  }
  run_touched_workers();
  // A connection that has ended may have been the last one.
  if (at == testator_ || at == heir_) wait_for_relative(at);
}

void inbound_packet_router::take_from_relative(const channel_pointer& at, inbound_run run, time_point now) {
  const byte_view first = run.bytes().first(std::min(run.segment_size, run.size));
  io_worker* const worker = find(first);
  if (worker != nullptr) return deliver(*worker, std::move(run));
  // A question may be for another shard, or for the process before this one; an answer has been everywhere.
  if (at == heir_) return take_unknown(std::move(run), now);
  take_strange(std::move(run), now);
}

void inbound_packet_router::on_relative_gone(const channel_pointer& at) {
  run_touched_workers();
  at->close();
  if (at == testator_) testator_ = nullptr;
  if (at != heir_) return;
  heir_ = nullptr;
  if (is_through_) return close_sockets();
  for (const auto& each : sockets_) wait_for_datagrams(each);
}

// With an heir, questions to this router may be for its siblings: it stays until all are through.
bool inbound_packet_router::is_needed_by_siblings() {
  const bool is_news = !std::exchange(is_through_, true);
  if (group_ == nullptr) return false;
  const bool is_last = is_news && group_->serving.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (!is_last) return heir_ != nullptr && group_->serving.load(std::memory_order_acquire) > 0;
  for (const auto& each : group_->by_shard) {
    const auto sibling = each.lock();
    if (sibling == nullptr || sibling.get() == this) continue;
    asio::post(sibling->shard_.executor(), [sibling] { sibling->close_sockets(); });
  }
  return false;
}

void inbound_packet_router::close_sockets() noexcept {
  for (const auto& each : sockets_) each->close();
  for (channel_pointer* const each : {&testator_, &heir_}) {
    if (*each != nullptr) (*each)->close();
    each->reset();
  }
}

}  // namespace quasio::runtime
