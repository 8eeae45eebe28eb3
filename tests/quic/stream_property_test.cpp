#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "quic/stream_endpoint.hpp"

/// Two sides with random applications, over a network that loses, delays, reorders and repeats packets, and whose
/// losses are sometimes only suspected. The applications act on events alone, so that a missing event shows as a stall.
namespace quasio::quic {
namespace {

using random_numbers = std::mt19937_64;

std::uint64_t up_to(random_numbers& random, std::uint64_t most) { return random() % (most + 1); }
bool one_in(random_numbers& random, std::uint64_t n) { return random() % n == 0; }

/// What stands at an offset of a stream, different for each stream and direction.
std::uint8_t content(stream_id id, endpoint_role writer, std::uint64_t offset) {
  const std::uint64_t mixed = (offset + 1) * 0x9e3779b97f4a7c15u ^ (id + 1) * 0xc2b2ae3d27d4eb4fu;
  return static_cast<std::uint8_t>(mixed >> 40) ^ (writer == endpoint_role::client ? 0x55 : 0);
}

settings random_settings(random_numbers& random) {
  settings own;
  own.initial_stream_window = 1 + up_to(random, 5000);
  own.max_stream_window = own.initial_stream_window * (1 + up_to(random, 5));
  own.initial_connection_window = 1 + up_to(random, 8000);
  own.max_connection_window = own.initial_connection_window * (1 + up_to(random, 5));
  own.max_concurrent_bidirectional_streams = 1 + up_to(random, 8);
  own.max_concurrent_unidirectional_streams = 1 + up_to(random, 8);
  own.stream_send_buffer = 1 + up_to(random, 3000);
  own.max_stream_gaps = 50'000;
  return own;
}

struct party {
  party(endpoint_role own_role, const settings& own, random_numbers& numbers)
      : role(own_role), random(numbers), endpoint(own_role, own) {}

  struct writing {
    std::uint64_t written = 0;
    std::uint64_t planned = 0;
    bool ended = false;
    bool waits = false;  // For stream_writable.
    bool reset = false;
  };
  struct reading {
    std::uint64_t read = 0;
    bool done = false;
    bool fin = false;
  };

  endpoint_role role;
  random_numbers& random;
  stream_endpoint endpoint;
  std::map<stream_id, writing> writes;
  std::map<stream_id, reading> reads;
  std::set<stream_id> readable;
  std::set<stream_id> closed;
  std::uint64_t streams_to_open = 0;
  std::array<bool, 2> may_open{true, true};

  stream_set& streams() { return endpoint.streams; }

  void begin(stream_id id) {
    if (direction_of(id) == stream_direction::bidirectional || stream_initiator(id) == role) {
      writes[id].planned = one_in(random, 5) ? up_to(random, 30'000) : up_to(random, 500);
    }
    if (direction_of(id) == stream_direction::bidirectional || stream_initiator(id) != role) reads[id] = {};
    if (writes.contains(id) && one_in(random, 2)) {
      ASSERT_TRUE(streams().set_priority(id, static_cast<std::uint8_t>(up_to(random, 7)), one_in(random, 2)));
    }
  }

  void open() {
    const auto direction = one_in(random, 2) ? stream_direction::bidirectional : stream_direction::unidirectional;
    bool& allowed = may_open[static_cast<unsigned>(direction)];
    if (streams_to_open == 0 || !allowed) return;
    const auto id = streams().open(direction);
    if (!id) {
      ASSERT_EQ(id.error(), stream_error::limit_reached);
      allowed = false;
      return;
    }
    --streams_to_open;
    begin(*id);
  }

  void write() {
    if (writes.empty()) return;
    auto chosen = std::next(writes.begin(), static_cast<std::ptrdiff_t>(up_to(random, writes.size() - 1)));
    auto& [id, state] = *chosen;
    if (state.ended || state.waits) return;
    if (one_in(random, 200)) {
      state.ended = state.reset = true;
      ASSERT_TRUE(streams().reset(id, id));
      return;
    }
    std::vector<std::uint8_t> data(up_to(random, std::min<std::uint64_t>(state.planned - state.written, 4000)));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = content(id, role, state.written + i);
    const bool fin = state.written + data.size() == state.planned && one_in(random, 2);
    const auto taken = streams().write(id, data, fin);
    ASSERT_TRUE(taken);
    state.written += *taken;
    state.waits = *taken < data.size();
    state.ended = fin && !state.waits;
  }

  void read() {
    if (readable.empty()) return;
    const stream_id id = *std::next(readable.begin(), static_cast<std::ptrdiff_t>(up_to(random, readable.size() - 1)));
    reading& state = reads[id];
    if (one_in(random, 200)) {
      ASSERT_TRUE(streams().stop_sending(id, id));
      state.done = true;
      readable.erase(id);
      return;
    }
    const auto chunk = streams().peek(id);
    ASSERT_TRUE(chunk) << "stream " << id;
    if (chunk->bytes.empty() && !chunk->fin) {
      readable.erase(id);
      return;
    }
    for (std::size_t i = 0; i < chunk->bytes.size(); ++i) {
      ASSERT_EQ(chunk->bytes[i], content(id, other(role), state.read + i)) << "stream " << id;
    }
    const std::size_t count = one_in(random, 3) ? up_to(random, chunk->bytes.size()) : chunk->bytes.size();
    const bool is_end = chunk->fin && count == chunk->bytes.size();
    state.read += count;
    ASSERT_TRUE(streams().consume(id, count, endpoint.now, endpoint.rtt));
    if (!is_end) return;
    state.done = state.fin = true;
    readable.erase(id);
  }

  void take_events() {
    for (const event& each : endpoint.take_events()) {
      if (const auto* opened = std::get_if<stream_opened>(&each)) {
        ASSERT_FALSE(writes.contains(opened->id) || reads.contains(opened->id)) << "told twice";
        begin(opened->id);
      } else if (const auto* told = std::get_if<stream_readable>(&each)) {
        if (!reads[told->id].done) readable.insert(told->id);
      } else if (const auto* writable = std::get_if<stream_writable>(&each)) {
        writes[writable->id].waits = false;
      } else if (const auto* reset = std::get_if<stream_reset>(&each)) {
        ASSERT_FALSE(reads[reset->id].done) << "told of a reset of what was read or abandoned";
        reads[reset->id].done = true;
        readable.erase(reset->id);
      } else if (const auto* stopped = std::get_if<stream_stopped>(&each)) {
        writes[stopped->id].ended = writes[stopped->id].reset = true;
      } else if (const auto* gone = std::get_if<stream_closed>(&each)) {
        ASSERT_TRUE(closed.insert(gone->id).second) << "closed twice";
        readable.erase(gone->id);
      } else if (const auto* available = std::get_if<streams_available>(&each)) {
        may_open[static_cast<unsigned>(available->direction)] = true;
      }
    }
  }

  bool is_finished() const {
    if (streams_to_open > 0) return false;
    for (const auto& [id, state] : writes) {
      if (!closed.contains(id)) return false;
    }
    for (const auto& [id, state] : reads) {
      if (!closed.contains(id)) return false;
    }
    return true;
  }
};

struct flight {
  test_packet packet;
  bool arrived = false;
  bool settled = false;
};

/// One direction of the network, and the loss detection at its beginning.
struct link {
  party& from;
  party& to;
  random_numbers& random;
  std::uint64_t loses_one_in;
  std::uint64_t sent = 0;
  std::deque<flight> in_flight;

  void send() {
    if (!from.streams().has_frames_to_send()) return;
    const test_packet packet = from.endpoint.send(64 + up_to(random, 1400), !one_in(random, 3));
    ASSERT_FALSE(packet.record.empty()) << "said it had frames";
    ++sent;
    if (one_in(random, 50)) {
      ASSERT_TRUE(to.endpoint.receive(packet)) << "delivered twice";
    }
    in_flight.push_back({packet});
  }

  void deliver() {
    if (in_flight.empty()) return;
    flight& chosen = in_flight[up_to(random, std::min<std::size_t>(in_flight.size() - 1, 20))];
    if (chosen.arrived) return;
    if (!one_in(random, loses_one_in)) {
      const auto taken = to.endpoint.receive(chosen.packet);
      ASSERT_TRUE(taken) << taken.error().reason;
      chosen.arrived = true;
    }
  }

  /// The sender learns something about a packet: that it arrived, or that it did not, which may be wrong.
  void learn() {
    if (in_flight.empty()) return;
    flight& chosen = in_flight[up_to(random, std::min<std::size_t>(in_flight.size() - 1, 20))];
    if (chosen.arrived && !one_in(random, 10)) {
      if (!chosen.settled) from.endpoint.acknowledge(chosen.packet);
      chosen.settled = true;
    } else if (!chosen.settled && one_in(random, 5)) {
      from.endpoint.lose(chosen.packet);
      chosen.settled = !chosen.arrived;  // What arrived is acknowledged some time.
    }
    while (!in_flight.empty() && in_flight.front().settled) in_flight.pop_front();
  }
};

void run(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_numbers random(seed);
  const settings of_client = random_settings(random);
  const settings of_server = random_settings(random);
  party client(endpoint_role::client, of_client, random);
  party server(endpoint_role::server, of_server, random);
  client.streams().set_peer_parameters(parameters_of(of_server));
  server.streams().set_peer_parameters(parameters_of(of_client));
  client.streams_to_open = up_to(random, 30);
  server.streams_to_open = up_to(random, 30);
  const std::uint64_t loses_one_in = 2 + up_to(random, 30);
  link there{client, server, random, loses_one_in, 0, {}};
  link back{server, client, random, loses_one_in, 0, {}};

  for (std::uint64_t step = 0; !client.is_finished() || !server.is_finished(); ++step) {
    ASSERT_LT(step, 3'000'000u) << "it stalls";
    const bool at_client = one_in(random, 2);
    party& self = at_client ? client : server;
    link& out = at_client ? there : back;
    self.endpoint.now += std::chrono::microseconds(up_to(random, 2000));
    const std::uint64_t choice = up_to(random, 6);
    if (choice <= 2) self.take_events();  // An application that acts knows what has happened.
    switch (choice) {
      case 0:
        self.open();
        break;
      case 1:
        self.write();
        break;
      case 2:
        self.read();
        break;
      case 3:
        out.send();
        break;
      case 4:
        out.deliver();
        break;
      case 5:
        out.learn();
        break;
      default:
        self.take_events();
        break;
    }
    if (testing::Test::HasFatalFailure()) return;
  }

  for (const auto& [reader, writer] : {std::pair(&client, &server), std::pair(&server, &client)}) {
    for (const auto& [id, state] : reader->reads) {
      if (state.fin) {
        ASSERT_EQ(state.read, writer->writes[id].written) << "stream " << id;
      } else {
        ASSERT_TRUE(state.done) << "stream " << id;
      }
    }
  }
  for (party* each : {&client, &server}) {
    EXPECT_EQ(each->streams().size(), 0u);
    EXPECT_EQ(each->streams().blocks_in_use(), 0u);
  }
}

TEST(streams_property, deliver_everything_over_a_hostile_network) {
  for (unsigned seed = 0; seed < 150 && !testing::Test::HasFailure(); ++seed) run(seed);
}

}  // namespace
}  // namespace quasio::quic
