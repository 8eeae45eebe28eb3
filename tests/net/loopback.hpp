#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "net/udp_back_end.hpp"
#include "quasio/net/udp_socket.hpp"

namespace quasio::net::test {

inline ip_endpoint v4_loopback(std::uint16_t port = 0) { return ip_endpoint::v4({127, 0, 0, 1}, port); }

inline ip_endpoint v6_loopback(std::uint16_t port = 0) {
  ip_endpoint endpoint;
  endpoint.address[15] = 1;
  endpoint.port = port;
  return endpoint;
}

inline ip_endpoint v6_any() { return {}; }
inline ip_endpoint v4_any() { return ip_endpoint::v4({0, 0, 0, 0}, 0); }

/// Whether this host can bind ::1.
inline bool has_v6() {
  asio::io_context context;
  packet_buffer_pool pool;
  udp_socket socket{context.get_executor(), pool};
  error_code error;
  socket.open(v6_loopback(), {}, error);
  return !error;
}

#define QUASIO_SKIP_WITHOUT_V6() \
  if (!::quasio::net::test::has_v6()) GTEST_SKIP() << "this host has no IPv6 loopback address"

/// Bytes that tell where they belong: a shift or a swap of any two datagrams shows.
inline std::vector<std::uint8_t> pattern(std::size_t size, std::uint8_t seed = 0) {
  std::vector<std::uint8_t> bytes(size);
  std::uint32_t state = seed + 1u;
  for (std::uint8_t& byte : bytes) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

inline std::vector<std::uint8_t> to_vector(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

/// An io_context, a pool, and sockets on them.
struct host {
  asio::io_context context;
  packet_buffer_pool pool;

  udp_socket make(const ip_endpoint& local, const udp_socket_options& options = {}) {
    udp_socket socket{context.get_executor(), pool};
    socket.open(local, options);
    return socket;
  }

  udp_socket make(const ip_endpoint& local, std::unique_ptr<udp_back_end> back_end,
                  const udp_socket_options& options = {}) {
    udp_socket socket{context.get_executor(), pool, std::move(back_end)};
    socket.open(local, options);
    return socket;
  }
};

inline bool wait_readable(udp_socket& socket, int milliseconds = 5'000) {
  pollfd waiter{.fd = socket.native_handle(), .events = POLLIN, .revents = 0};
  return ::poll(&waiter, 1, milliseconds) == 1;
}

/// Receives until that many datagrams came (or nothing comes any more) and returns the batches as they came.
inline std::vector<received_datagrams> receive_batches(udp_socket& socket, std::size_t datagrams) {
  std::vector<received_datagrams> batches;
  std::size_t count = 0;
  while (count < datagrams && wait_readable(socket)) {
    std::array<received_datagrams, max_receive_batch> entries;
    error_code error;
    const std::size_t filled = socket.receive(entries, error);
    EXPECT_FALSE(error) << error.message();
    if (error) break;
    for (std::size_t i = 0; i < filled; ++i) {
      count += entries[i].count();
      batches.push_back(entries[i]);
    }
  }
  return batches;
}

/// The datagrams of receive_batches(), one by one.
inline std::vector<std::vector<std::uint8_t>> receive_datagrams(udp_socket& socket, std::size_t count) {
  std::vector<std::vector<std::uint8_t>> datagrams;
  for (const received_datagrams& batch : receive_batches(socket, count)) {
    for (std::size_t i = 0; i < batch.count(); ++i) datagrams.push_back(to_vector(batch.datagram(i)));
  }
  return datagrams;
}

/// `data` cut as a batch of that segment size is.
inline std::vector<std::vector<std::uint8_t>> cut(byte_view data, std::size_t segment_size) {
  std::vector<std::vector<std::uint8_t>> datagrams;
  for (; !data.empty(); data = data.subspan(std::min(segment_size, data.size()))) {
    datagrams.push_back(to_vector(data.first(std::min(segment_size, data.size()))));
  }
  return datagrams;
}

inline void expect_nothing_waits(udp_socket& socket) {
  std::array<received_datagrams, 1> entries;
  error_code error;
  EXPECT_EQ(socket.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::would_block);
}

/// Sends all of it, and expects that to be possible at once.
inline void send_all(udp_socket& socket, const outgoing_datagrams& batch) {
  error_code error;
  EXPECT_EQ(socket.send(batch, error), batch.data.size());
  EXPECT_FALSE(error) << error.message();
}

}  // namespace quasio::net::test
