// An authenticated peer may send any frames. The input's first byte chooses the role of the connection under test; the
// rest are payloads, each behind one byte: 0 lets time pass, another is half the payload's length, and goes out in a
// 1-RTT packet under the right keys.

#include "quic/fuzzed_datagrams.hpp"

namespace {

using namespace quasio;
using namespace quasio::test;

void give_it_something_to_do(duel& fight) {
  for (const auto direction : {stream_direction::bidirectional, stream_direction::unidirectional}) {
    const auto id = fight.connection->open_stream(direction);
    if (!id || !fight.connection->stream_write(*id, bytes(3000, 'x'), false)) throw std::runtime_error("no stream");
  }
}

void read_everything(duel& fight) {
  fight.drain_events();
  for (const quic::event& event : fight.events) {
    const auto* readable = std::get_if<quic::stream_readable>(&event);
    if (!readable) continue;
    const auto chunk = fight.connection->stream_peek(readable->id);
    if (chunk) (void)fight.connection->stream_consume(readable->id, chunk->bytes.size());
  }
  fight.events.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_reader in({data, size});
  const std::uint8_t choice = in.read_u8().value_or(0);
  duel fight((choice & 1) != 0 ? endpoint_role::server : endpoint_role::client);
  fight.shake_hands();
  if (choice & 2) give_it_something_to_do(fight);
  while (!in.empty() && !fight.connection->is_closed()) {
    const std::uint8_t next = in.read_u8().value_or(0);
    if (next == 0) {
      fight.pass(100ms);
      continue;
    }
    const byte_view content = *in.read_bytes(std::min<std::size_t>(2 * next, in.remaining()));
    fight.send_payload(space_id::application_data, {content.begin(), content.end()});
    read_everything(fight);
    fight.collect();
    if (choice & 4) {
      for (const bytes& answer : fight.peer.flush()) fight.send(answer);
    }
  }
  // Whatever was said, an error that ends the connection is one that the peer was told; but it cannot read what is
  // addressed to an ID of another length than its first.
  if (fight.peer.unreadable().empty() && fight.connection->is_closed() &&
      fight.connection->reason().cause == quic::close_cause::local_transport &&
      fight.verdict() == transport_error_code::internal_error) {
    throw std::runtime_error("the peer was told another reason than " + fight.why_closed());
  }
  outlive(fight);
  return 0;
}
