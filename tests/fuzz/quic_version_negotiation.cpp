// A client's version negotiation in all its states. The input says what the client prefers, which versions an answer to
// its first flight offers, and what the server declares in the handshake that follows.

#include "quasio/base/byte_reader.hpp"
#include "quic/fuzzed_datagrams.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::test {
namespace {

std::vector<quic_version> read_versions(byte_reader& in) {
  std::vector<quic_version> versions;
  for (std::uint8_t left = in.read_u8().value_or(0); left > 0; --left) {
    const auto version = in.read_u32();
    if (!version) break;
    versions.push_back(static_cast<quic_version>(*version));
  }
  return versions;
}

bytes answer_to(byte_view first_flight, const std::vector<quic_version>& offered) {
  const auto header = wire::parse_packet_header(first_flight, 8);
  bytes packet(64 + 4 * offered.size());
  byte_writer out(packet);
  wire::encode_version_negotiation(out, 0, header->source.bytes(), header->destination.bytes(), offered);
  packet.resize(out.position());
  return packet;
}

void negotiate(byte_view input) {
  byte_reader in(input);
  const std::uint8_t flags = in.read_u8().value_or(0);
  duel_options options;
  options.tested_version = (flags & 1) != 0 ? quic_version::v2 : quic_version::v1;
  options.version = (flags & 2) != 0 ? quic_version::v2 : quic_version::v1;
  if ((flags & 4) != 0) options.transport.versions.supported = {quic_version::v1, quic_version::v2};
  if ((flags & 8) != 0) options.transport.versions.supported = {quic_version::v2, quic_version::v1};
  options.transport.versions.compatible_negotiation = (flags & 16) == 0;
  options.transport.versions.incompatible_negotiation = (flags & 32) == 0;
  const auto first_offer = read_versions(in);
  const auto second_offer = read_versions(in);
  if ((flags & 64) != 0) {
    const auto chosen = static_cast<quic_version>(in.read_u32().value_or(0));
    options.peer_parameters.version_information = version_information{chosen, read_versions(in)};
  }
  const bool same_version = options.version == *options.tested_version;
  duel fight(endpoint_role::client, std::move(options));
  bytes first(1200);
  if (!fight.connection->transmit(first, 1, fight.now)) throw std::runtime_error("no first flight");
  // Else the peer could not read it.
  if (same_version) fight.peer.receive(first);
  fight.send(answer_to(first, first_offer));
  bytes second(1200);
  if (fight.connection->transmit(second, 1, fight.now)) {
    if (wire::parse_packet_header(second, 8)->version == (flags & 2 ? quic_version::v2 : quic_version::v1))
      fight.peer.receive(second);
    fight.send(answer_to(second, second_offer));
  }
  fight.collect();
  for (int round = 0; round < 8 && !fight.connection->is_closed(); ++round) {
    for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
    fight.collect();
    fight.pass(50ms);
  }
  const quic::handshake_summary summary = fight.connection->handshake();
  if (!is_supported_version(summary.version)) throw std::runtime_error("a version that nobody speaks");
  if (fight.connection->is_established() && summary.version != (flags & 2 ? quic_version::v2 : quic_version::v1))
    throw std::runtime_error("established in a version that the server does not speak");
  outlive(fight);
}

}  // namespace
}  // namespace quasio::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  quasio::test::negotiate({data, size});
  return 0;
}
