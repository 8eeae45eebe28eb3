#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "attack/trial.hpp"
#include "http3/test_bytes.hpp"

// Connections that nobody needs, and datagrams that nobody reads.

namespace quasio::attack {
namespace {

using namespace http3::testing;

time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

attack unused_connections() {
  attack made;
  made.name = "unused_connections";
  made.what = "200 connections that ask for nothing and keep themselves alive with PINGs.";
  made.limit = "`server_limits::unused_timeout`: 5 min (here 1 s)";
  made.close = "H3_NO_ERROR";
  made.arguments = {"--unused-timeout", "1"};
  made.lasts = 2'500ms;
  made.memory_megabytes = 64;
  made.perform = [](assault& doing) {
    hostile_options options;
    options.transport.keep_alive_interval = 300ms;
    options.transport.keep_alive_scope = quic::keep_alive_scope::always;
    doing.besiege(
        200, options, [](hostile_client&) {}, [](hostile_client&) { return false; }, 50ms);
  };
  return made;
}

attack restless_connections() {
  attack made;
  made.name = "restless_connections";
  made.what = "Whole handshakes, one after the other; each connection is left behind without a word.";
  made.limit = "`quic::settings::max_idle_timeout`: 30 s; `server_options::max_connections`: 100,000 a thread";
  made.memory_megabytes = 96;
  made.perform = [](assault& doing) {
    while (const auto client = doing.connect()) {
      client->pump();
      doing.finish(*client);
    }
  };
  return made;
}

// First flights, of clients that do not go on. Returns whether the server wanted proof of the address.
bool is_retry(const std::uint8_t* datagram, ssize_t size) {
  // RFC 9000, section 17.2.5: the long header's type 3, in version 1.
  return size > 5 && (datagram[0] & 0xf0) == 0xf0 && datagram[4] == 1;
}

void send_first_flights(assault& doing) {
  crypto::system_random random;
  network_path path;
  path.peer = doing.server();
  const int socket = open_socket(path.peer, path.local);
  std::array<std::uint8_t, 2048> buffer{};
  while (doing.goes_on()) {
    const auto begun = quic::connection::connect(hostile_connection(path, hostile_transport()), random, now());
    if (!begun) break;
    while (const auto made = (*begun)->transmit(buffer, 1, now())) {
      if (::send(socket, buffer.data(), made->size, 0) <= 0) continue;
      doing.met().bytes_sent += made->size;
      ++doing.met().datagrams_sent;
    }
    for (ssize_t size = 0; (size = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;) {
      if (is_retry(buffer.data(), size)) doing.note_reset("Retry");
    }
  }
  ::close(socket);
}

attack first_flights() {
  attack made;
  made.name = "handshake_flood";
  made.what = "First flights of clients that never go on.";
  made.limit = "`server_options::retry_threshold`: 512 handshakes under way; then Retry, and nothing is kept";
  made.reset = "Retry";
  made.lasts = 2'000ms;
  made.memory_megabytes = 128;
  made.perform = send_first_flights;
  return made;
}

hostile_options with_datagrams() {
  hostile_options options;
  options.transport.datagrams.max_frame_size = 65535;
  options.greets = false;
  return options;
}

void greet_with_datagrams(hostile_client& client) {
  client.write(client.open_unidirectional().value(),
               varint(0x00) + frame(http3::frame_type::settings, varint(0x33) + varint(1)));
}

bytes extended_connect() {
  return headers({{":method", "CONNECT", false},
                  {":protocol", "attack", false},
                  {":scheme", "https", false},
                  {":authority", "a.example", false},
                  {":path", "/", false}});
}

attack with_datagrams(std::string name, std::string what, std::string limit, std::string close, std::string reset,
                      assault::preparation prepare, bytes datagram) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = std::move(close);
  made.reset = std::move(reset);
  made.against = target::handlers;
  made.arguments = {"--datagrams"};
  made.perform = [=](assault& doing) {
    doing.hammer(
        with_datagrams(),
        [&](hostile_client& client) {
          greet_with_datagrams(client);
          client.wait(20ms);
          prepare(client);
          client.wait(20ms);
        },
        [&](hostile_client& client) {
          bool any = false;
          for (int i = 0; i < 64 && client.send_datagram(datagram); ++i) any = true;
          return any;
        });
  };
  return made;
}

}  // namespace

std::vector<attack> attacks_on_connections() {
  const auto nothing = [](hostile_client&) {};
  const auto connect = [](hostile_client& client) { client.write(client.open_request().value(), extended_connect()); };
  const auto ask = [](hostile_client& client) {
    client.write(client.open_request().value(), headers(get_request("/wait")));
  };
  return {
      unused_connections(),
      restless_connections(),
      first_flights(),
      with_datagrams("datagram_flood", "Datagrams of 1 KB for a request whose handler does not read them.",
                     "`http3::datagram_settings::max_to_read`: 256, `max_bytes_to_read`: 256 KB", "", "", connect,
                     varint(0) + bytes(1'000, 'x')),
      with_datagrams("datagrams_for_no_request", "Datagrams for a request that never comes.",
                     "`http3::datagram_settings::max_early`: 32, `max_early_bytes`: 48 KB, `early_lifetime`: 500 ms",
                     "", "", nothing, varint(5) + bytes(1'000, 'x')),
      with_datagrams("datagrams_unwanted", "Datagrams for a request that has no use for them.",
                     "RFC 9297, section 2: the request is reset", "", "H3_DATAGRAM_ERROR", ask,
                     varint(0) + bytes(100, 'x')),
      with_datagrams("datagram_without_id", "A datagram too short for its stream's ID.", "RFC 9297, section 2.1",
                     "H3_DATAGRAM_ERROR", "", nothing, bytes{0xc0}),
  };
}

}  // namespace quasio::attack
