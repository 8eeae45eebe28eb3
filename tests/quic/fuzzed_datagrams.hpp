#pragma once

#include <stdexcept>

#include "quasio/base/byte_reader.hpp"
#include "quic/duel.hpp"

namespace quasio::test {

/// Lets the connection live on until it is gone, while its peer is silent: its deadlines pass, and it sends no more
/// than a dead peer deserves.
inline void outlive(duel& fight) {
  fight.deaf = true;
  if (!fight.connection) return;
  const std::uint64_t sent = fight.sent_bytes;
  fight.pass(std::chrono::minutes(2));
  if (!fight.connection->is_drained()) throw std::runtime_error("the connection outlives its idle timeout");
  if (fight.sent_bytes - sent > 1'000'000) throw std::runtime_error("the connection talks to nobody");
}

/// Feeds a connection in the given role with datagrams of the input's making. Throws or aborts when it misbehaves.
inline void fuzz_datagrams(endpoint_role tested, byte_view input) {
  byte_reader in(input);
  const std::uint8_t progress = in.read_u8().value_or(0);
  duel fight(tested);
  if (progress & 1) {
    fight.collect();
    for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  }
  if (progress & 2) fight.settle();
  if ((progress & 7) == 7 && tested == endpoint_role::client)
    fight.send_frames(space_id::application_data, wire::handshake_done_frame{});

  while (const auto next = in.read_u16()) {
    const std::uint16_t size = *next;
    const std::size_t rest = std::min<std::size_t>(size & 0x7ff, in.remaining());
    const byte_view content = *in.read_bytes(rest);
    bytes datagram(content.begin(), content.end());
    // Few inputs have 1200 bytes; a bit makes a datagram that large.
    if (size & 0x8000) datagram.resize(std::max<std::size_t>(datagram.size(), 1200));
    fight.send(std::move(datagram));
    fight.collect();
    if ((size & 0x4000) && fight.connection) fight.pass(200ms);
    fight.drain_events();
  }
  outlive(fight);
}

}  // namespace quasio::test
