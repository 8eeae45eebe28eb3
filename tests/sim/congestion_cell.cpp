#include "sim/congestion_cell.hpp"

#include <algorithm>

#include "sim/world.hpp"

namespace quasio::sim {
namespace {

// What an Ethernet path carries over IPv6.
constexpr std::size_t datagram_size = 1452;

/// Flow control and buffers that never are the limit: it is the controllers that are measured.
quic::settings transport(const congestion_cell& cell) {
  constexpr std::uint64_t ample = std::uint64_t{1} << 30;
  quic::settings made;
  made.initial_connection_window = made.max_connection_window = ample;
  made.initial_stream_window = made.max_stream_window = ample;
  made.max_datagram_size = datagram_size;
  made.congestion.algorithm = cell.algorithm;
  made.congestion.hystart = cell.hystart;
  made.stream_send_buffer = std::size_t{4} * 1024 * 1024;
  return made;
}

dumbbell_settings network(const congestion_cell& cell) {
  const double queue = cell.queue_products * static_cast<double>(bandwidth_delay_product(cell));
  return {.seed = cell.seed,
          .to_server = {.delay = cell.round_trip / 2,
                        .bits_per_second = cell.bits_per_second,
                        .queue_bytes = std::max<std::uint64_t>(static_cast<std::uint64_t>(queue), 2 * datagram_size),
                        .loss = cell.loss},
          .return_delay = cell.round_trip / 2,
          .return_jitter = cell.round_trip / 100,
          .client = transport(cell),
          .server = transport(cell)};
}

void pass(dumbbell& network, duration time, duration observed_every, const cell_observer& observer) {
  if (!observer || observed_every <= duration::zero()) return network.run_for(time);
  for (duration left = time; left > duration::zero(); left -= observed_every) {
    network.run_for(std::min(left, observed_every));
    observer(network);
  }
}

}  // namespace

std::uint64_t bandwidth_delay_product(const congestion_cell& cell) noexcept {
  return static_cast<std::uint64_t>(static_cast<double>(cell.bits_per_second) / 8e9 *
                                    static_cast<double>(cell.round_trip.count()));
}

congestion_result run(const congestion_cell& cell, duration observed_every, const cell_observer& observer) {
  seed_openssl(cell.seed);
  dumbbell bell(network(cell));
  for (std::size_t flow = 0; flow < cell.flows; ++flow) {
    if (flow > 0) pass(bell, cell.round_trip / 2, observed_every, observer);
    bell.add_client();
  }
  pass(bell, cell.warm_up, observed_every, observer);
  const auto before = bell.delivered();
  bell.bottleneck().begin_measurement();
  pass(bell, cell.measured, observed_every, observer);

  congestion_result result;
  result.delivered = bell.delivered();
  double bytes = 0;
  for (std::size_t flow = 0; flow < cell.flows; ++flow) {
    result.delivered[flow] -= before[flow];
    bytes += static_cast<double>(result.delivered[flow]);
    result.senders.push_back(bell.client_statistics(flow));
  }
  const double seconds = std::chrono::duration<double>(cell.measured).count();
  result.goodput = bytes * 8 / seconds / static_cast<double>(cell.bits_per_second);
  result.fairness = jain_index(result.delivered);
  result.mean_queueing = bell.bottleneck().waits().mean();
  result.p95_queueing = bell.bottleneck().waits().quantile(0.95);
  const auto dropped = static_cast<double>(bell.bottleneck().dropped_by_queue());
  result.drops = dropped / std::max(dropped + static_cast<double>(bell.bottleneck().sent()), 1.0);
  return result;
}

double jain_index(const std::vector<std::uint64_t>& shares) noexcept {
  double sum = 0;
  double squares = 0;
  for (const std::uint64_t share : shares) {
    sum += static_cast<double>(share);
    squares += static_cast<double>(share) * static_cast<double>(share);
  }
  return squares == 0 ? 0 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

std::string_view name_of(recovery::congestion_algorithm algorithm) noexcept {
  switch (algorithm) {
    case recovery::congestion_algorithm::new_reno:
      return "NewReno";
    case recovery::congestion_algorithm::cubic:
      return "CUBIC";
    case recovery::congestion_algorithm::bbr:
      return "BBRv3";
  }
  return "?";
}

}  // namespace quasio::sim
