#include <algorithm>
#include <utility>

#include "qlog/connection_log.hpp"
#include "qlog/frame_record.hpp"
#include "qlog/names.hpp"

/// "Transport events" of packets, datagrams, streams and timers.
namespace quasio::qlog {
namespace {

void write_length(json_writer& json, std::uint64_t length) {
  json.begin_object("raw");
  json.number("length", length);
  json.end_object();
}

void write_header(json_writer& json, std::string_view type) {
  json.begin_object("header");
  json.text("packet_type", type);
  json.end_object();
}

void write_header(json_writer& json, const quic::observed_packet& packet) {
  json.begin_object("header");
  json.text("packet_type", name_of(packet.kind));
  if (is_protected(packet.kind)) json.number("packet_number", packet.number);
  if (packet.kind == quic::packet_kind::one_rtt) json.boolean("key_phase_bit", packet.key_phase);
  json.end_object();
}

}  // namespace

void connection_log::on_packet_sent(const quic::observed_packet& packet, time_point now) {
  write_packet("quic:packet_sent", packet, own_exponent_, now);
}

void connection_log::on_packet_received(const quic::observed_packet& packet, time_point now) {
  write_packet("quic:packet_received", packet, peer_exponent_, now);
}

void connection_log::write_packet(std::string_view name, const quic::observed_packet& packet,
                                  std::uint64_t ack_delay_exponent, time_point now) {
  records_.write(
      name, now,
      [&](json_writer& json) {
        write_header(json, packet);
        json.begin_object("raw");
        json.number("length", packet.size);
        if (is_protected(packet.kind)) json.number("payload_length", packet.frames.size());
        json.end_object();
        if (packet.mtu_probe) json.boolean("is_mtu_probe_packet", true);
        if (packet.timeout_probe) json.text("trigger", "pto_probe");
        if (packet.had_waited) json.text("trigger", "keys_available");
        if (is_protected(packet.kind)) write_frames(json, packet.frames, ack_delay_exponent);
      },
      packet.path);
}

void connection_log::on_packet_buffered(const quic::observed_wait& waits, time_point now) {
  if (!wants(importance::base)) return;
  records_.write("quic:packet_buffered", now, [&](json_writer& json) {
    write_header(json, name_of(waits.kind));
    write_length(json, waits.size);
    json.text("trigger", "keys_unavailable");
  });
}

void connection_log::on_packet_dropped(const quic::observed_drop& drop, time_point now) {
  if (!wants(importance::base)) return;
  records_.write("quic:packet_dropped", now, [&](json_writer& json) {
    write_header(json, drop.kind ? name_of(*drop.kind) : "unknown");
    write_length(json, drop.size);
    json.begin_object("details");
    json.text("cause", to_string(drop.cause));
    json.end_object();
    json.text("trigger", name_of(drop.cause));
  });
}

void connection_log::on_packets_acked(const quic::observed_acks& acks, time_point now) {
  if (!wants(importance::extra)) return;
  records_.write("quic:packets_acked", now, [&](json_writer& json) {
    json.text("packet_number_space", space_name(acks.space));
    json.begin_array("packet_numbers");
    for (const std::uint64_t each : acks.numbers) json.number(each);
    json.end_array();
  });
}

void connection_log::on_datagrams_sent(const quic::observed_datagrams& sent, time_point now) {
  write_datagrams("quic:udp_datagrams_sent", sent, mark_sent_, now);
}

void connection_log::on_datagram_received(const quic::observed_datagrams& received, time_point now) {
  write_datagrams("quic:udp_datagrams_received", received, mark_received_, now);
}

void connection_log::write_datagrams(std::string_view name, const quic::observed_datagrams& datagrams,
                                     std::optional<ecn_codepoint>& mark_before, time_point now) {
  if (!wants(importance::extra) || datagrams.segment_size == 0) return;
  const std::size_t count = (datagrams.size + datagrams.segment_size - 1) / datagrams.segment_size;
  const bool is_marked_anew = std::exchange(mark_before, datagrams.ecn) != datagrams.ecn;
  records_.write(
      name, now,
      [&](json_writer& json) {
        json.number("count", count);
        json.begin_array("raw");
        for (std::size_t begin = 0; begin < datagrams.size; begin += datagrams.segment_size) {
          json.begin_object();
          json.number("length", std::min(datagrams.segment_size, datagrams.size - begin));
          json.end_object();
        }
        json.end_array();
        if (!is_marked_anew) return;
        json.begin_array("ecn");
        for (std::size_t i = 0; i < count; ++i) json.text_item(name_of(datagrams.ecn));
        json.end_array();
      },
      datagrams.path);
}

void connection_log::on_stream_data(const quic::observed_stream_data& moved, time_point now) {
  if (!wants(importance::base)) return;
  const bool outwards = moved.movement == quic::data_movement::from_application;
  records_.write("quic:stream_data_moved", now, [&](json_writer& json) {
    json.number("stream_id", moved.id);
    json.text("from", outwards ? "application" : "transport");
    json.text("to", outwards ? "transport" : "application");
    if (moved.fin) json.text("additional_info", "fin_set");
    write_length(json, moved.length);
  });
}

void connection_log::on_stream_state(const quic::observed_stream_state& changed, time_point now) {
  if (!wants(importance::base)) return;
  const bool both = direction_of(changed.id) == stream_direction::bidirectional;
  const bool sends = both || stream_initiator(changed.id) == role_;
  const bool receives = both || !sends;
  using quic::stream_change;
  if (sends && changed.what != stream_change::reset_received) write_stream_state(changed, true, now);
  if (receives && changed.what != stream_change::reset_sent) write_stream_state(changed, false, now);
}

void connection_log::write_stream_state(const quic::observed_stream_state& changed, bool sending, time_point now) {
  records_.write("quic:stream_state_updated", now, [&](json_writer& json) {
    json.number("stream_id", changed.id);
    json.text("stream_type",
              direction_of(changed.id) == stream_direction::bidirectional ? "bidirectional" : "unidirectional");
    json.text("new", name_of(changed.what));
    json.text("stream_side", sending ? "sending" : "receiving");
    if (changed.what != quic::stream_change::closed) json.text("trigger", changed.by_peer ? "remote" : "local");
  });
}

void connection_log::on_datagram_data(const quic::observed_datagram_data& moved, time_point now) {
  if (!wants(importance::base)) return;
  const bool outwards = moved.movement == quic::data_movement::from_application;
  records_.write("quic:datagram_data_moved", now, [&](json_writer& json) {
    json.text("from", outwards ? "application" : "transport");
    json.text("to", outwards ? "transport" : "application");
    write_length(json, moved.length);
  });
}

// The draft has no event for what goes nowhere. That of movement may have other members than it defines, and need not
// have a goal.
void connection_log::on_datagrams_dropped(const quic::observed_datagram_drops& dropped, time_point now) {
  if (!wants(importance::base)) return;
  records_.write("quic:datagram_data_moved", now, [&](json_writer& json) {
    json.text("from", dropped.outcome == quic::datagram_outcome::lost ? "network" : "transport");
    json.text("dropped_for", dropped.outcome ? to_string(*dropped.outcome) : "not read in time");
    json.number("dropped_count", dropped.count);
  });
}

void connection_log::on_obstacle(quic::send_obstacle before, quic::send_obstacle obstacle, time_point now) {
  if (!wants(importance::extra)) return;
  const auto is_blocked = [](quic::send_obstacle what) { return what != quic::send_obstacle::none; };
  records_.write("quic:connection_data_blocked_updated", now, [&](json_writer& json) {
    json.text("old", is_blocked(before) ? "blocked" : "unblocked");
    json.text("new", is_blocked(obstacle) ? "blocked" : "unblocked");
    if (is_blocked(obstacle)) json.text("reason", name_of(obstacle));
  });
}

void connection_log::on_timer(const quic::observed_timer& timer, time_point now) {
  if (!wants(importance::extra)) return;
  records_.write("quic:timer_updated", now, [&](json_writer& json) {
    json.text("timer_type", name_of(timer.kind));
    if (timer.space) json.text("packet_number_space", space_name(*timer.space));
    json.text("event_type", name_of(timer.what));
    if (timer.what == quic::timer_event::set) json.milliseconds("delta", timer.remaining);
  });
}

}  // namespace quasio::qlog
