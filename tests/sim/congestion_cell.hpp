#pragma once

#include <string_view>
#include <vector>

#include "quasio/recovery/congestion_settings.hpp"
#include "sim/dumbbell.hpp"

namespace quasio::sim {

/// One cell of the table of controllers: a network, and how long to look at it.
struct congestion_cell {
  recovery::congestion_algorithm algorithm = recovery::congestion_algorithm::cubic;
  std::uint64_t bits_per_second = 10'000'000;
  duration round_trip = std::chrono::milliseconds(50);
  double queue_products = 1;  ///< The queue of the bottleneck in bandwidth-delay products.
  double loss = 0;            ///< Of datagrams at random, 0 to 1.
  std::size_t flows = 1;
  duration warm_up = std::chrono::seconds(5);
  duration measured = std::chrono::seconds(10);
  bool hystart = true;
  std::uint64_t seed = 1;
};

struct congestion_figures {
  double goodput = 0;   ///< Of all flows: stream data delivered while measured, as a share of the link (0 to 1).
  double fairness = 1;  ///< Jain's index of the flows' goodput: 1 is equal.
  duration mean_queueing{};
  duration p95_queueing{};
  double drops = 0;  ///< By the queue, as a share of what was sent.
};

struct congestion_result : congestion_figures {
  std::vector<std::uint64_t> delivered;
  std::vector<quic::statistics> senders;
};

std::uint64_t bandwidth_delay_product(const congestion_cell& cell) noexcept;

/// Shows every so often how things stand, for those who look for the cause of a bad cell.
using cell_observer = std::function<void(const dumbbell& network)>;

/// Runs real connections through the cell. The flows begin one half of a round trip apart.
congestion_result run(const congestion_cell& cell, duration observed_every = {}, const cell_observer& observer = {});

double jain_index(const std::vector<std::uint64_t>& shares) noexcept;

std::string_view name_of(recovery::congestion_algorithm algorithm) noexcept;

}  // namespace quasio::sim
