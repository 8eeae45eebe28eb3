#include "quic/frame_receiver.hpp"

#include <variant>

#include "quic/frame_counting.hpp"
#include "wire/frame_reader.hpp"
#include "wire/overloaded.hpp"

namespace quasio::quic {
namespace {

transport_error violation(std::uint64_t frame_type, const char* reason) {
  return {transport_error_code::protocol_violation, frame_type, reason};
}

// RFC 9000, section 12.4: a frame of an extension that was not announced is of an unknown type.
transport_error unknown_frame() { return {transport_error_code::frame_encoding_error, 0, "unknown frame type"}; }

}  // namespace

transport_result<packet_summary> frame_receiver::receive(packet_space& space, wire::packet_type type, byte_view payload,
                                                         path& from, const connection_id& destination) {
  context packet{space, from, destination, 0};
  packet_summary summary;
  wire::frame_reader frames(payload);
  do {
    const std::size_t begin = frames.position();
    const auto next = frames.next();
    if (!next) return unexpected(next.error());
    if (!wire::allowed_in(type, *next)) {
      return unexpected(violation(frames.last_type(), "a frame that this kind of packet may not carry"));
    }
    count(state_.counters.frames_received, *next);
    summary.ack_eliciting |= wire::is_ack_eliciting(*next);
    summary.carries_crypto |= std::holds_alternative<wire::crypto_frame>(*next);
    summary.wants_prompt_ack |= std::holds_alternative<wire::immediate_ack_frame>(*next);
    summary.probing_only &= wire::is_probing(*next);
    packet.frame_size = frames.position() - begin;
    if (auto taken = receive(*next, packet); !taken) {
      transport_error error = taken.error();
      if (error.frame_type == 0) error.frame_type = frames.last_type();
      return unexpected(std::move(error));
    }
  } while (!frames.done() && state_.end.is_open());
  return summary;
}

transport_result<void> frame_receiver::receive(const wire::frame& frame, const context& packet) {
  using result_type = transport_result<void>;
  const bool server = state_.is_server();
  return std::visit(
      wire::overloaded{
          [](const wire::padding_frame&) -> result_type { return {}; },
          [](const wire::ping_frame&) -> result_type { return {}; },
          [&](const wire::ack_frame& ack) -> result_type {
            ++state_.counters.acknowledgments_received;
            return recovery_.on_ack(packet.space, ack);
          },
          [&](const wire::ack_frequency_frame& request) -> result_type { return receive(request, packet.space); },
          [&](const wire::immediate_ack_frame&) -> result_type {
            if (!takes_ack_requests()) return unexpected(unknown_frame());
            return {};
          },
          [&](const wire::crypto_frame& crypto) -> result_type {
            return state_.tls.receive(packet.space.id, crypto.offset, crypto.data);
          },
          [&](const wire::new_token_frame& given) -> result_type {
            if (server) return unexpected(violation(0, "only a server issues tokens"));
            state_.tokens.on_token(given.token, state_.versions.current());
            return {};
          },
          [&](const wire::new_connection_id_frame& issued) -> result_type {
            auto taken = state_.peer_ids.receive(issued);
            moves_.on_connection_ids_changed();
            return taken;
          },
          [&](const wire::retire_connection_id_frame& retired) -> result_type {
            return state_.local_ids.retire(retired.sequence, packet.destination);
          },
          [&](const wire::path_challenge_frame& challenge) -> result_type {
            packet.from.on_challenge(challenge.data, state_.config.max_pending_path_responses);
            return {};
          },
          [&](const wire::path_response_frame& response) -> result_type {
            // Section 19.18 lets a response that answers nothing be an error; it may as well be a late one.
            moves_.on_response(response.data);
            return {};
          },
          [&](const wire::connection_close_frame& close) -> result_type {
            receive(close);
            return {};
          },
          [&](const wire::handshake_done_frame&) -> result_type { return on_handshake_done(); },
          [&](const wire::datagram_frame& datagram) -> result_type {
            ++packet.from.counters.datagram_frames_received;
            return state_.datagrams_in.receive(datagram.data, packet.frame_size);
          },
          [&](const auto& concerning_streams) -> result_type { return state_.streams.receive(concerning_streams); },
      },
      frame);
}

bool frame_receiver::takes_ack_requests() const noexcept { return state_.config.acknowledgments.accept_requests; }

transport_result<void> frame_receiver::receive(const wire::ack_frequency_frame& frame, packet_space& space) {
  if (!takes_ack_requests()) return unexpected(unknown_frame());
  // Draft-ietf-quic-ack-frequency, section 4. As long as a max_ack_delay can be, and as short as was declared.
  constexpr std::uint64_t longest = ((std::uint64_t{1} << 14) - 1) * 1000;
  const auto shortest = static_cast<std::uint64_t>(own_min_ack_delay(state_.config).count());
  if (frame.max_ack_delay > longest || frame.max_ack_delay < shortest)
    return unexpected(violation(0, "a delay of acknowledgments out of bounds is asked for"));
  if (state_.last_ack_request && frame.sequence <= *state_.last_ack_request) return {};
  state_.last_ack_request = frame.sequence;
  ++state_.counters.ack_requests_received;
  space.acks.obey({.ack_eliciting_threshold = frame.ack_eliciting_threshold,
                   .max_ack_delay = std::chrono::microseconds(static_cast<std::int64_t>(frame.max_ack_delay)),
                   .reordering_threshold = frame.reordering_threshold});
  return {};
}

void frame_receiver::receive(const wire::connection_close_frame& frame) {
  state_.end.begin_draining(
      {.cause = frame.by_application ? close_cause::peer_application : close_cause::peer_transport,
       .code = frame.error_code,
       .frame_type = frame.frame_type,
       .reason = std::string(as_text(frame.reason))},
      state_.now, probe_timeout(state_));
  announce_end(state_);
}

transport_result<void> frame_receiver::on_handshake_done() {
  if (state_.is_server()) return unexpected(violation(0, "only a server confirms the handshake"));
  if (state_.handshake_confirmed || !state_.handshake_complete) return {};
  note_confirmation(state_);
  recovery_.discard(space_id::handshake);
  moves_.on_handshake_confirmed();
  return {};
}

}  // namespace quasio::quic
