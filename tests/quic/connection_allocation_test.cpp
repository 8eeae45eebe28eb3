// That a connection takes no memory for a packet once it has run for a while.

#include <gtest/gtest.h>

#include "quic/allocation_counter.hpp"
#include "quic/duel.hpp"

namespace quasio::test {
namespace {

/// Two connections and nothing between them but a millisecond each way.
class linked_pair {
public:
  explicit linked_pair(const quic::settings& transport)
      : acceptor_({.tls = duel_server_tls(), .alpn = {"test"}, .transport = transport}, random_) {
    client = quic::connection::connect({.tls = duel_client_tls(),
                                        .server_name = "localhost",
                                        .alpn = {"test"},
                                        .path = from_client_,
                                        .transport = transport},
                                       random_, now)
                 .value();
    for (int round = 0; round < 10; ++round) exchange();
    if (!client->is_established()) throw std::runtime_error("no handshake");
  }

  /// Each side has its turn.
  void exchange() {
    now += 1ms;
    carry(*client, true);
    now += 1ms;
    if (server) carry(*server, false);
    for (quic::connection* each : {client.get(), server.get()}) {
      if (each == nullptr) continue;
      if (const auto deadline = each->next_deadline(); deadline && *deadline <= now) each->on_timeout(now);
      while (each->poll_event()) {
      }
    }
  }

  std::unique_ptr<quic::connection> client;
  std::unique_ptr<quic::connection> server;
  time_point now{1000s};
  std::size_t datagrams = 0;

private:
  void carry(quic::connection& from, bool to_server) {
    while (const auto sent = from.transmit(buffer_, 16, now)) {
      for (std::size_t begin = 0; begin < sent->size; begin += sent->segment_size) {
        ++datagrams;
        deliver(byte_span(buffer_).subspan(begin, std::min(sent->segment_size, sent->size - begin)), to_server);
      }
    }
  }

  void deliver(byte_span datagram, bool to_server) {
    if (!to_server) return client->receive(datagram, from_client_, ecn_codepoint::not_ect, now);
    if (!server) {
      bytes reply(1500);
      auto decision = acceptor_.consider(datagram, from_server_, 0, reply, now);
      if (auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision)) server = std::move(*made);
      if (!server) return;
    }
    server->receive(datagram, from_server_, ecn_codepoint::not_ect, now);
  }

  counting_random random_;
  network_path from_client_{ip_endpoint::v4({10, 0, 0, 2}, 50000), ip_endpoint::v4({10, 0, 0, 1}, 4433)};
  network_path from_server_{ip_endpoint::v4({10, 0, 0, 1}, 4433), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  quic::acceptor acceptor_;
  bytes buffer_ = bytes(65536);
};

quic::settings fast() {
  quic::settings settings;
  settings.pacing = false;
  settings.congestion.initial_window_packets = 500;
  settings.congestion.initial_window_limit = 600'000;
  settings.datagrams.max_frame_size = 65535;
  return settings;
}

TEST(a_connection_in_the_steady_state, allocates_nothing_for_a_bulk_transfer) {
  linked_pair pair(fast());
  const stream_id id = pair.client->open_stream(stream_direction::unidirectional).value();
  const bytes data(64 * 1024);
  std::size_t allocations = 0;
  std::size_t datagrams = 0;
  for (int round = 0; round < 700; ++round) {
    if (round == 300) allocations = allocations_so_far(), datagrams = pair.datagrams;
    while (pair.client->stream_write(id, data, false).value_or(0) == data.size()) {
    }
    pair.exchange();
    while (true) {
      const auto chunk = pair.server->stream_peek(id);
      if (!chunk || chunk->bytes.empty()) break;
      (void)pair.server->stream_consume(id, chunk->bytes.size());
    }
  }
  allocations = allocations_so_far() - allocations;
  datagrams = pair.datagrams - datagrams;
  EXPECT_GT(datagrams, 10'000u);
  // What there is are records of packets that carry more frames than their slot held before.
  EXPECT_LE(allocations, datagrams / 500) << datagrams << " packets";
}

TEST(a_connection_in_the_steady_state, allocates_nothing_for_datagrams) {
  linked_pair pair(fast());
  const bytes small(100);
  const bytes large(1000);
  std::size_t allocations = 0;
  std::size_t received = 0;
  for (int round = 0; round < 1000; ++round) {
    if (round == 200) allocations = allocations_so_far(), received = 0;
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(pair.client->send_datagram(i % 3 == 0 ? large : small, {.urgency = 2, .cookie = 7}));
    }
    pair.exchange();
    for (; pair.server->peek_datagram(); ++received) pair.server->pop_datagram();
  }
  EXPECT_EQ(received, 800u * 20);
  EXPECT_LE(allocations_so_far() - allocations, 64u);
}

}  // namespace
}  // namespace quasio::test
