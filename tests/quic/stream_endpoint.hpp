#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/byte_writer.hpp"
#include "quic/stream_set.hpp"
#include "wire/frame_reader.hpp"

namespace quasio::quic {

/// A packet of the tests: its payload, and what its sender noted about it.
struct test_packet {
  std::vector<std::uint8_t> payload;
  sent_frames record;
};

inline transport_parameters parameters_of(const settings& own) {
  transport_parameters parameters;
  parameters.initial_max_data = own.initial_connection_window;
  parameters.initial_max_stream_data_bidi_local = own.initial_stream_window;
  parameters.initial_max_stream_data_bidi_remote = own.initial_stream_window;
  parameters.initial_max_stream_data_uni = own.initial_stream_window;
  parameters.initial_max_streams_bidi = own.max_concurrent_bidirectional_streams;
  parameters.initial_max_streams_uni = own.max_concurrent_unidirectional_streams;
  return parameters;
}

/// The streams of one side of a connection, and short ways to use them in a test.
struct stream_endpoint {
  explicit stream_endpoint(endpoint_role role, const settings& own = {}) : streams(role, own, events) {}

  /// Everything that waits to be sent, as far as it fits.
  test_packet send(std::size_t size = 1200, bool last_in_packet = true) {
    test_packet packet;
    packet.payload.resize(size);
    byte_writer writer(packet.payload);
    streams.write_frames(writer, packet.record, last_in_packet);
    packet.payload.resize(writer.position());
    return packet;
  }

  /// Takes a packet of the other side; the first error, if there is one.
  transport_result<void> receive(const test_packet& packet) {
    if (packet.payload.empty()) return {};
    wire::frame_reader reader(packet.payload);
    while (!reader.done()) {
      const auto next = reader.next();
      if (!next) return unexpected<transport_error>(next.error());
      if (auto taken = receive(*next); !taken) return taken;
    }
    return {};
  }

  transport_result<void> receive(const wire::frame& frame) {
    return std::visit(
        [this](const auto& known) -> transport_result<void> {
          if constexpr (requires { streams.receive(known); }) {
            return streams.receive(known);
          } else {
            return {};
          }
        },
        frame);
  }

  transport_result<void> receive_stream(stream_id id, std::uint64_t offset, std::string_view data, bool fin = false) {
    return streams.receive(wire::stream_frame{id, offset, as_bytes(data), fin});
  }

  void acknowledge(const test_packet& packet) {
    for (const sent_frame& frame : packet.record) streams.on_acked(frame);
  }
  void lose(const test_packet& packet) {
    for (const sent_frame& frame : packet.record) streams.on_lost(frame);
  }

  /// Reads what is at hand; `fin` tells whether that was all.
  std::string read(stream_id id, bool* fin = nullptr) {
    std::string text;
    for (;;) {
      const auto chunk = streams.peek(id);
      if (!chunk) return text;
      text += as_text(chunk->bytes);
      const bool is_end = chunk->fin;
      if (chunk->bytes.empty() && !is_end) return text;
      (void)streams.consume(id, chunk->bytes.size(), now, rtt);
      if (!is_end) continue;
      if (fin != nullptr) *fin = true;
      return text;
    }
  }

  std::vector<event> take_events() {
    std::vector<event> taken;
    while (auto next = events.pop()) taken.push_back(std::move(*next));
    return taken;
  }

  /// The events of one kind since the last call of this or take_events(); the others are dropped.
  template <class Event>
  std::vector<Event> take() {
    std::vector<Event> taken;
    for (event& each : take_events()) {
      if (auto* wanted = std::get_if<Event>(&each)) taken.push_back(*wanted);
    }
    return taken;
  }

  event_queue events;
  stream_set streams;
  time_point now{};
  duration rtt = std::chrono::milliseconds(10);
};

/// All frames of a packet, PADDING aside.
inline std::vector<wire::frame> frames_in(const test_packet& packet) {
  std::vector<wire::frame> frames;
  if (packet.payload.empty()) return frames;
  wire::frame_reader reader(packet.payload);
  while (!reader.done()) {
    const auto next = reader.next();
    if (!next) break;
    if (!std::holds_alternative<wire::padding_frame>(*next)) frames.push_back(*next);
  }
  return frames;
}

/// The frames of one kind in a packet.
template <class Frame>
std::vector<Frame> frames_of(const test_packet& packet) {
  std::vector<Frame> found;
  for (const wire::frame& each : frames_in(packet)) {
    if (const auto* wanted = std::get_if<Frame>(&each)) found.push_back(*wanted);
  }
  return found;
}

/// Two sides that know each other's limits.
struct stream_pair {
  explicit stream_pair(const settings& of_client = {}, const settings& of_server = {})
      : client(endpoint_role::client, of_client), server(endpoint_role::server, of_server) {
    client.streams.set_peer_parameters(parameters_of(of_server));
    server.streams.set_peer_parameters(parameters_of(of_client));
  }

  /// Carries packets both ways, all of which arrive and are acknowledged, until nobody has anything to say.
  bool settle(std::size_t size = 1200) {
    while (client.streams.has_frames_to_send() || server.streams.has_frames_to_send()) {
      if (!carry(client, server, size) || !carry(server, client, size)) return false;
    }
    return true;
  }

  static bool carry(stream_endpoint& from, stream_endpoint& to, std::size_t size) {
    while (from.streams.has_frames_to_send()) {
      const test_packet packet = from.send(size);
      if (packet.record.empty() || !to.receive(packet)) return false;
      from.acknowledge(packet);
    }
    return true;
  }

  stream_endpoint client;
  stream_endpoint server;
};

}  // namespace quasio::quic
