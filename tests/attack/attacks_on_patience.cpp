#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attack/trial.hpp"
#include "http3/test_bytes.hpp"

// Clients that are slow on purpose.

namespace quasio::attack {
namespace {

using namespace http3::testing;

using streams_of = std::map<hostile_client*, std::vector<stream_id>>;

// On each connection as many requests as it may have, each begun with `begin` and gone on with `drop`.

void drip(assault& doing, std::size_t connections, const bytes& begin, const bytes& drop,
          std::chrono::milliseconds interval) {
  streams_of streams;
  doing.besiege(
      connections, {},
      [&](hostile_client& client) {
        while (const auto id = client.open_request()) {
          client.write(*id, begin);
          streams[&client].push_back(*id);
        }
      },
      [&](hostile_client& client) {
        for (const stream_id id : streams[&client]) client.write(id, drop);
        return true;
      },
      interval);
}

attack slow_headers() {
  attack made;
  made.name = "slow_headers";
  made.what = "Slow-loris: 100 header sections on each of 8 connections, a byte of each every 100 ms.";
  made.limit = "`server_limits::headers_timeout`: 10 s (here 1 s)";
  made.reset = "H3_REQUEST_REJECTED";
  made.arguments = {"--headers-timeout", "1"};
  made.lasts = 2'000ms;
  made.perform = [](assault& doing) { drip(doing, 8, bytes{0x01, 0x40, 0xff, 0x00, 0x00}, bytes{0xc0 | 29}, 100ms); };
  return made;
}

attack slow_bodies() {
  attack made;
  made.name = "slow_bodies";
  made.what = "Slow-loris: 100 uploads on each of 8 connections, a byte of each every 100 ms.";
  made.limit = "`server_limits::body_timeout`: 60 s (here 1 s) for `body_min_progress`: 1 KB";
  made.status = 408;
  made.against = target::handlers;
  made.arguments = {"--body-timeout", "1"};
  made.lasts = 2'000ms;
  made.memory_megabytes = 32;
  made.perform = [](assault& doing) {
    bytes begin = headers(post_request());
    http3::append_frame_header(begin, http3::frame_type::data, 1'000'000);
    drip(doing, 8, begin, bytes{'x'}, 100ms);
  };
  return made;
}

attack silent_bodies() {
  attack made = slow_bodies();
  made.name = "silent_bodies";
  made.what = "The same, and nothing at all after the headers.";
  made.limit = "`server_limits::body_timeout`: 60 s (here 1 s)";
  made.perform = [](assault& doing) { drip(doing, 8, headers(post_request()), {}, 500ms); };
  return made;
}

// Readers that take nothing, or next to nothing, of what they asked for.
attack slow_readers(std::string name, std::string what, target against, std::string path, std::uint64_t window,
                    std::size_t sip, std::uint64_t megabytes = 48) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit =
      "`server_limits::write_timeout`: 120 s (here 1 s) for `write_min_progress`: 1 KB; "
      "`quic::settings::connection_send_buffer`: 2 MB";
  made.reset = "H3_REQUEST_CANCELLED";
  made.against = against;
  made.arguments = {"--write-timeout", "1"};
  made.lasts = 2'500ms;
  made.memory_megabytes = megabytes;
  made.perform = [=](assault& doing) {
    hostile_options options;
    options.reads = false;
    options.transport.initial_stream_window = options.transport.max_stream_window = window;
    const bytes request = headers(get_request(path));
    streams_of streams;
    doing.besiege(
        8, options,
        [&](hostile_client& client) {
          while (const auto id = client.open_request()) {
            client.write(*id, request, true);
            streams[&client].push_back(*id);
          }
        },
        [&](hostile_client& client) {
          if (sip > 0) {
            for (const stream_id id : streams[&client]) client.sip(id, sip);
          }
          return true;
        },
        100ms);
  };
  return made;
}

}  // namespace

std::vector<attack> attacks_on_patience() {
  return {
      slow_headers(),
      slow_bodies(),
      silent_bodies(),
      slow_readers("zero_window", "100 downloads on each of 8 connections, without credit for a byte.", target::files,
                   "/large.bin", 0, 0, 80),
      slow_readers("zero_window_of_handlers", "The same from handlers that write without end.", target::handlers,
                   "/endless", 0, 0),
      slow_readers("sipping", "The same, with 16 bytes of credit every 100 ms.", target::handlers, "/endless", 16, 16),
  };
}

}  // namespace quasio::attack
