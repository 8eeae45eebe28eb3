#include "driver/h3_statistics_tally.hpp"

#include <utility>

namespace quasio::driver {
namespace {

constexpr std::chrono::milliseconds between_looks{100};

void add_difference(runtime::counter& to, std::uint64_t before, std::uint64_t now) noexcept { to.add(now - before); }

// Wraps around where it falls, as adding the difference does.
void set_difference(runtime::counter& to, std::size_t before, std::size_t now) noexcept {
  to.add(static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(before));
}

}  // namespace

bool h3_statistics_tally::is_due(time_point now, bool is_idle) noexcept {
  if (!is_wanted()) return false;
  const bool fell_idle = is_idle && !std::exchange(was_idle_, is_idle);
  was_idle_ = is_idle;
  return fell_idle || now - taken_at_ >= between_looks;
}

void h3_statistics_tally::take(const http3::statistics& latest, time_point now) {
  taken_at_ = now;
  add(latest);
}

void h3_statistics_tally::take_last(const http3::statistics& latest) {
  add(latest);
  withdraw_gauges();
  counters_ = nullptr;
}

void h3_statistics_tally::add(const http3::statistics& latest) {
  if (!taken_) taken_ = std::make_unique<http3::statistics>();
  const http3::statistics& before = *taken_;
  h3_counters& to = *counters_;
  add_difference(to.datagrams_sent, before.datagrams_sent, latest.datagrams_sent);
  add_difference(to.datagram_bytes_sent, before.datagram_bytes_sent, latest.datagram_bytes_sent);
  add_difference(to.datagrams_received, before.datagrams.received, latest.datagrams.received);
  add_difference(to.datagram_bytes_received, before.datagrams.bytes_received, latest.datagrams.bytes_received);
  auto& dropped = to.datagrams_dropped;
  add_difference(dropped[datagram_drop::full], before.datagrams.dropped_full, latest.datagrams.dropped_full);
  add_difference(dropped[datagram_drop::late], before.datagrams.dropped_late, latest.datagrams.dropped_late);
  add_difference(dropped[datagram_drop::unasked], before.datagrams.dropped_unasked, latest.datagrams.dropped_unasked);
  add_difference(dropped[datagram_drop::early], before.datagrams.dropped_early, latest.datagrams.dropped_early);
  set_difference(to.datagram_bytes_waiting, before.datagram_bytes_waiting, latest.datagram_bytes_waiting);
  add_difference(to.priority_updates_sent, before.priority_updates_sent, latest.priority_updates_sent);
  add_difference(to.priority_updates_received, before.priority_updates_received, latest.priority_updates_received);
  add_difference(to.priority_updates_ignored, before.priority_updates_ignored, latest.priority_updates_ignored);
  add_difference(to.field_bytes_sent, before.field_bytes_sent, latest.field_bytes_sent);
  add_difference(to.field_bytes_received, before.field_bytes_received, latest.field_bytes_received);
  add_difference(to.requests_unprocessed, before.requests_rejected_by_peer, latest.requests_rejected_by_peer);
  add_difference(to.requests_too_large, before.requests_too_large, latest.requests_too_large);
  add_difference(to.unknown_streams, before.unknown_streams, latest.unknown_streams);
  const auto& old_qpack = before.qpack;
  const auto& qpack = latest.qpack;
  add_difference(to.qpack_inserted[qpack_side::encoder], old_qpack.encoder.inserted, qpack.encoder.inserted);
  add_difference(to.qpack_inserted[qpack_side::decoder], old_qpack.decoder.inserted, qpack.decoder.inserted);
  set_difference(to.qpack_memory[qpack_side::encoder], old_qpack.encoder.memory, qpack.encoder.memory);
  set_difference(to.qpack_memory[qpack_side::decoder], old_qpack.decoder.memory, qpack.decoder.memory);
  set_difference(to.qpack_blocked_streams, old_qpack.decoder.outstanding, qpack.decoder.outstanding);
  *taken_ = latest;
}

void h3_statistics_tally::withdraw_gauges() noexcept {
  if (counters_ == nullptr || !taken_) return;
  counters_->datagram_bytes_waiting.subtract(taken_->datagram_bytes_waiting);
  counters_->qpack_memory[qpack_side::encoder].subtract(taken_->qpack.encoder.memory);
  counters_->qpack_memory[qpack_side::decoder].subtract(taken_->qpack.decoder.memory);
  counters_->qpack_blocked_streams.subtract(taken_->qpack.decoder.outstanding);
  taken_.reset();
}

}  // namespace quasio::driver
