#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/net/datagrams.hpp"
#include "quasio/net/udp_socket_options.hpp"
#include "quasio/runtime/counters.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::runtime {

/// What the routers and workers of one shard use in turn, since only one of them runs at a time.
class shard_state {
public:
  shard_state(asio::any_io_executor executor, std::uint8_t index, net::packet_buffer_pool_settings buffers)
      : executor_(std::move(executor)), index_(index), buffers_(buffers) {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  std::uint8_t index() const noexcept { return index_; }
  net::packet_buffer_pool& buffers() noexcept { return buffers_; }
  random_source& random() noexcept { return random_; }
  runtime::counters& counters() noexcept { return counters_; }

  /// Where a worker has its next batch of packets written.
  byte_span send_buffer() noexcept { return send_buffer_; }

  /// Where a router receives.
  std::span<net::received_datagrams> receive_batch() noexcept { return receive_batch_; }

private:
  asio::any_io_executor executor_;
  std::uint8_t index_;
  net::packet_buffer_pool buffers_;
  crypto::system_random random_;
  runtime::counters counters_;
  std::array<std::uint8_t, net::max_batch_bytes> send_buffer_;
  std::array<net::received_datagrams, net::max_receive_batch> receive_batch_;
};

}  // namespace quasio::runtime
