// A program keeps sessions where it likes, and they may come back spoilt: whatever the bytes are, they are a session or
// none, and a client begins with what they say.

#include <cstdlib>

#include "quasio/quic/connection.hpp"
#include "quic/duel.hpp"

namespace {

using namespace quasio;
using namespace quasio::test;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto session = quic::decode_saved_session({data, size});
  if (!session) return 0;
  const auto again = quic::decode_saved_session(quic::encode(*session));
  require(again && *again == *session);

  counting_random random;
  const quic_version version = session->version == quic_version::v2 ? quic_version::v2 : quic_version::v1;
  auto begun = quic::connection::connect({.tls = duel_client_tls(),
                                          .server_name = "localhost",
                                          .alpn = {session->alpn},
                                          .version = version,
                                          .session = std::move(session),
                                          .early_data = true},
                                         random, time_point(std::chrono::seconds(1000)));
  require(begun.has_value());
  quic::connection& client = **begun;
  if (client.may_use_streams()) {
    const auto id = client.open_stream(stream_direction::bidirectional);
    if (id) require(client.stream_write(*id, as_bytes("early"), true).has_value());
  }
  bytes buffer(65536);
  int datagrams = 0;
  while (client.transmit(buffer, 16, time_point(std::chrono::seconds(1000)))) require(++datagrams < 100);
  require(datagrams > 0);
  return 0;
}
