#include "quic/datagram_capacity.hpp"

#include <algorithm>

#include "crypto/aead_algorithm.hpp"
#include "wire/data_frame_header.hpp"
#include "wire/packet_number.hpp"

namespace quasio::quic {
namespace {

std::size_t destination_size(const connection_state& state) noexcept {
  const auto& sequence = state.paths.active().peer_id;
  const connection_id* const id = sequence ? state.peer_ids.find(*sequence) : nullptr;
  return id ? id->size() : max_connection_id_size;
}

constexpr std::size_t longest_packet_number = 4;

std::size_t packet_overhead(const connection_state& state, std::size_t number_length) noexcept {
  return 1 + destination_size(state) + number_length + crypto::aead_tag_size;
}

}  // namespace

std::size_t max_datagram_payload(const connection_state& state) noexcept {
  const std::uint64_t peer_limit = state.datagrams_out.peer_limit();
  if (peer_limit < 2) return 0;
  const auto udp_payload = static_cast<std::size_t>(
      std::min<std::uint64_t>(state.paths.active().max_datagram_size(), state.peer_parameters.max_udp_payload_size));
  const std::size_t overhead = packet_overhead(state, longest_packet_number);
  if (udp_payload <= overhead) return 0;
  // Alone in its packet a frame needs no length; but it has one when it shares the packet, and then must not be more
  // than the peer takes either.
  const std::size_t on_path = wire::datagram_frame_capacity(udp_payload - overhead, false).value_or(0);
  const auto frame_limit = static_cast<std::size_t>(std::min<std::uint64_t>(peer_limit, 65535));
  const std::size_t for_peer = wire::datagram_frame_capacity(frame_limit, true).value_or(0);
  return std::min({on_path, for_peer, state.config.datagrams.max_bytes_to_send});
}

bool next_datagram_fits(const connection_state& state, std::size_t size) noexcept {
  if (state.datagrams_out.empty()) return false;
  const packet_space& space = state.space(space_id::application_data);
  const std::size_t number_length = wire::packet_number_length(space.sent.next_number(), space.loss.largest_acked());
  const std::size_t payload = state.datagrams_out.next_size();
  return packet_overhead(state, number_length) + wire::datagram_frame_header_size(payload, true) + payload <= size;
}

}  // namespace quasio::quic
