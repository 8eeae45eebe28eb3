#include "quic/payload_writer.hpp"

#include "quic/datagram_capacity.hpp"

namespace quasio::quic {
namespace {

/// Fills one packet, frame by frame.
class payload_writer {
public:
  payload_writer(connection_state& state, byte_writer& packet, sent_frames& record, bool last_in_datagram)
      : state_(state), packet_(packet), record_(record), last_(last_in_datagram) {}

  void fill() {
    state_.order.begin_packet(waiting());
    for (auto now = waiting(); const auto turn = state_.order.next(now); now = waiting()) {
      const std::size_t before = packet_.position();
      if (turn->is_datagram ? write_datagram(turn->urgency) : write_stream(turn->urgency)) {
        state_.order.on_sent(*turn, now, packet_.position() - before);
      }
    }
  }

private:
  sending_order::waiting waiting() const noexcept {
    return {.streams = streams_fit_ ? state_.streams.urgencies_with_data() : std::uint8_t{0},
            .datagrams = static_cast<std::uint8_t>(state_.datagrams_out.urgencies() & fitting_datagrams_)};
  }

  bool write_stream(std::size_t urgency) {
    streams_fit_ = state_.streams.write_data_frame(urgency, packet_, record_, last_);
    return streams_fit_;
  }

  // Where one does not fit, those of other urgencies may; those behind it wait with it.
  bool write_datagram(std::size_t urgency) {
    if (state_.datagrams_out.write_frame(urgency, packet_, record_, last_)) return true;
    fitting_datagrams_ = static_cast<std::uint8_t>(fitting_datagrams_ & ~(1u << urgency));
    return false;
  }

  connection_state& state_;
  byte_writer& packet_;
  sent_frames& record_;
  bool last_;
  bool streams_fit_ = true;
  std::uint8_t fitting_datagrams_ = 0xff;
};

// So much of a packet may be filled up in vain, so that the packets of a batch have one size.
constexpr std::size_t worth_padding(std::size_t packet_size) noexcept { return packet_size / 16; }

}  // namespace

void write_application_payload(connection_state& state, byte_writer& packet, sent_frames& record,
                               bool last_in_datagram) {
  const std::size_t begin = packet.position();
  if (!state.datagrams_out.empty()) state.datagrams_out.drop_unsendable(max_datagram_payload(state), state.now);
  if (state.streams.write_control_frames(packet, record)) {
    payload_writer(state, packet, record, last_in_datagram).fill();
    // The last new data may have used up the credit.
    state.streams.write_control_frames(packet, record);
  }
  const std::size_t left = packet.remaining();
  if (!last_in_datagram || left == 0 || packet.position() == begin) return;
  const bool is_nearly_full = left <= worth_padding(packet.position() + left);
  if (state.streams.has_frames_to_send() || (is_nearly_full && !state.datagrams_out.empty())) packet.write_zeros(left);
}

bool has_application_payload(const connection_state& state) noexcept {
  return state.streams.has_frames_to_send() || !state.datagrams_out.empty();
}

}  // namespace quasio::quic
