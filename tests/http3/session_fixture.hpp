#pragma once

#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "http3/session.hpp"
#include "http3/test_bytes.hpp"
#include "http3/transport_double.hpp"

namespace quasio::http3::testing {

class seeded_random final : public random_source {
public:
  explicit seeded_random(std::uint64_t seed) : engine_(seed) {}
  void fill(byte_span out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

private:
  std::mt19937_64 engine_;
};

/// A session on its end of the transport, and what it has told.
class talker {
public:
  explicit talker(endpoint_role role, settings limits = {}, std::uint64_t seed = 1)
      : transport(role), random_(seed), state(role, limits, random_) {}

  void start() { state.start(transport); }

  /// Passes on what the transport tells, and collects what the session says.
  bool turn() {
    bool moved = false;
    while (const auto happened = transport.poll_event()) {
      state.handle(transport, *happened);
      moved = true;
      collect();
    }
    collect();
    return moved;
  }

  void collect() {
    while (auto told = state.poll_event()) events.push_back(std::move(*told));
  }

  /// The events of one kind, in order.
  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const event& one : events) {
      if (const auto* wanted = std::get_if<Kind>(&one)) found.push_back(*wanted);
    }
    return found;
  }

  template <class Kind>
  std::size_t count() const {
    return all<Kind>().size();
  }

  /// Reads all that is at hand.
  std::string read(stream_id id, bool* finished = nullptr, std::size_t piece = 4096) {
    std::string text;
    bytes buffer(piece);
    for (;;) {
      const auto got = state.read_body(transport, id, buffer);
      if (!got) break;
      text.append(as_text(byte_view(buffer).first(got->size)));
      if (finished != nullptr) *finished = got->finished;
      if (got->finished || got->size < piece) break;
    }
    collect();
    return text;
  }

  std::optional<error_code> closed_with() const {
    if (!transport.closed()) return std::nullopt;
    return transport.closed()->code;
  }

  endpoint_double transport;

private:
  seeded_random random_;

public:
  session state;
  std::vector<event> events;
};

/// A client and a server joined by a transport.
struct pair_of_talkers {
  explicit pair_of_talkers(settings client_limits = {}, settings server_limits = {}, std::uint64_t seed = 1)
      : client(endpoint_role::client, client_limits, seed), server(endpoint_role::server, server_limits, seed + 1) {
    client.transport.join(server.transport);
    client.start();
    server.start();
  }

  /// Lets everything travel, in pieces, until nothing moves.
  void settle(std::size_t piece = SIZE_MAX) {
    bool moved = true;
    while (moved) {
      moved = client.transport.deliver_all(piece);
      moved = server.turn() || moved;
      moved = server.transport.deliver_all(piece) || moved;
      moved = client.turn() || moved;
    }
  }

  talker client;
  talker server;
};

/// A session, and a peer that speaks raw bytes.
struct talker_and_raw_peer {
  explicit talker_and_raw_peer(endpoint_role role, settings limits = {}) : self(role, limits), peer(other(role)) {
    self.transport.join(peer);
    self.start();
    settle();
  }

  /// Everything travels, in pieces of `piece` bytes, each of which the session sees by itself.
  void settle(std::size_t piece = SIZE_MAX) {
    bool moved = true;
    while (moved) {
      moved = false;
      for (const stream_id id : peer.stream_ids()) {
        while (peer.deliver(id, piece)) {
          self.turn();
          moved = true;
        }
      }
      moved = peer.deliver_datagrams() || moved;
      moved = self.transport.deliver_all() || self.turn() || moved;
      while (peer.poll_event()) {
      }
    }
  }

  /// The peer's control stream, with a SETTINGS frame.
  stream_id open_control(const bytes& setting_pairs = {}) {
    const stream_id id = peer.send(stream_direction::unidirectional,
                                   varint(stream_type::control) + frame(frame_type::settings, setting_pairs));
    settle();
    return id;
  }

  stream_id send_unidirectional(const bytes& sent, bool fin = false, std::size_t piece = SIZE_MAX) {
    const stream_id id = peer.send(stream_direction::unidirectional, sent, fin);
    settle(piece);
    return id;
  }

  /// On a server: a request stream of the raw client.
  stream_id send_request(const bytes& sent, bool fin = true, std::size_t piece = SIZE_MAX) {
    const stream_id id = peer.send(stream_direction::bidirectional, sent, fin);
    settle(piece);
    return id;
  }

  void send_more(stream_id id, const bytes& sent, bool fin = false, std::size_t piece = SIZE_MAX) {
    (void)peer.stream_write_whole(id, sent, fin);
    settle(piece);
  }

  talker self;
  endpoint_double peer;
};

inline const bytes no_payload;

/// A server with a raw client that has sent its settings.
struct server_test : talker_and_raw_peer {
  explicit server_test(settings limits = {}) : talker_and_raw_peer(endpoint_role::server, limits) {
    control = open_control();
  }
  stream_id control = 0;
};

/// A client with a raw server that has sent its settings, and one request of its own.
struct client_test : talker_and_raw_peer {
  explicit client_test(const field_list& fields = get_request(), settings limits = {})
      : talker_and_raw_peer(endpoint_role::client, limits) {
    control = open_control();
    id = *self.state.send_request(self.transport, fields, true);
    settle();
  }
  stream_id control = 0;
  stream_id id = 0;
};

inline void expect_closed(const talker_and_raw_peer& net, error_code code) {
  ASSERT_TRUE(net.self.closed_with()) << "the connection is still open; wanted " << to_string(code);
  EXPECT_EQ(to_string(*net.self.closed_with()), to_string(code)) << net.self.transport.closed()->reason;
}

inline void expect_open(const talker_and_raw_peer& net) {
  EXPECT_FALSE(net.self.closed_with()) << to_string(*net.self.closed_with()) << ": "
                                       << net.self.transport.closed()->reason;
}

inline void expect_refused_request(server_test& net, stream_id id, error_code code) {
  expect_open(net);
  EXPECT_EQ(net.self.count<fields_received>(), 0u);
  EXPECT_EQ(net.self.count<message_aborted>(), 0u) << "nobody has heard of the request";
  ASSERT_TRUE(net.peer.received_reset(id));
  EXPECT_EQ(to_string(*net.peer.received_reset(id)), to_string(code));
  EXPECT_EQ(net.self.state.open_exchanges(), 0u);
}

inline void expect_malformed_request(const field_list& fields) {
  server_test net;
  const stream_id id = net.send_request(headers(fields));
  expect_refused_request(net, id, error_code::message_error);
}

}  // namespace quasio::http3::testing
