#include <string>
#include <vector>

#include "attack/trial.hpp"
#include "http3/test_bytes.hpp"

// Streams and frames that mean nothing, or too little.

namespace quasio::attack {
namespace {

using namespace http3::testing;

constexpr const char* skipped = "`http3::settings::max_skipped_bytes`: 1 MB in a row";

// One request stream with frames without end.
attack stuffing(std::string name, std::string what, std::string limit, bytes begin, bytes again) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = "H3_EXCESSIVE_LOAD";
  made.against = target::handlers;
  bytes piece;
  while (piece.size() < 2'000) piece = piece + again;
  made.perform = [begin, piece](assault& doing) {
    stream_id id = 0;
    doing.hammer(
        {},
        [&](hostile_client& client) {
          id = client.open_request().value();
          client.write(id, begin);
        },
        [&](hostile_client& client) { return client.write_if_room(id, piece); });
  };
  return made;
}

attack unknown_streams() {
  attack made;
  made.name = "unknown_streams";
  made.what = "Unidirectional streams of types that nobody knows.";
  made.limit = "`http3::abuse_settings::unknown_streams`: 100 at once, 10 a second";
  made.close = "H3_EXCESSIVE_LOAD";
  made.perform = [](assault& doing) {
    doing.hammer([](hostile_client& client) {
      bool any = false;
      while (const auto id = client.open_unidirectional()) {
        client.write(*id, varint(http3::reserved_code_point(7)) + bytes(100, 'x'), true);
        any = true;
      }
      return any;
    });
  };
  return made;
}

attack untyped_streams() {
  attack made;
  made.name = "untyped_streams";
  made.what = "As many unidirectional streams as there may be, none of which ever says its type.";
  made.limit = "`quic::settings::max_concurrent_unidirectional_streams`: 100";
  made.perform = [](assault& doing) {
    doing.besiege(
        8, {},
        [](hostile_client& client) {
          while (const auto id = client.open_unidirectional()) client.write(*id, bytes{0xc0});
        },
        [](hostile_client&) { return false; }, 50ms);
  };
  return made;
}

attack endless_body() {
  attack made;
  made.name = "endless_body";
  made.what = "A DATA frame that says it has 2^60 bytes, and as many of them as the server takes.";
  made.limit = "`server_limits::max_request_body`: none (here 1 MB); flow control";
  made.status = 413;
  made.against = target::handlers;
  made.arguments = {"--max-request-body", "1000000"};
  made.perform = [](assault& doing) {
    bytes begin = headers(post_request());
    http3::append_frame_header(begin, http3::frame_type::data, 1ULL << 60);
    const bytes piece(16 * 1024, 'x');
    stream_id id = 0;
    bool is_open = false;
    doing.hammer(
        {}, [&](hostile_client&) { is_open = false; },
        [&](hostile_client& client) {
          if (!is_open) {
            const auto next = client.open_request();
            if (!next) return false;
            id = *next;
            is_open = true;
            client.write(id, begin);
          }
          const auto room = client.transport().stream_capacity(id);
          // The server has stopped it: on to the next one.
          if (!room) is_open = false;
          return room && client.write_if_room(id, piece);
        });
  };
  return made;
}

bytes endless_frame() {
  bytes out;
  http3::append_frame_header(out, http3::reserved_code_point(9), 1ULL << 60);
  return out;
}

}  // namespace

std::vector<attack> attacks_on_streams() {
  return {
      unknown_streams(),
      untyped_streams(),
      stuffing("grease_flood", "Empty frames of unknown types on a request stream, without end.", skipped,
               headers(post_request()), frame(http3::reserved_code_point(3), {})),
      stuffing("endless_unknown_frame", "A frame of an unknown type that says it has 2^60 bytes.", skipped,
               headers(post_request()) + endless_frame(), bytes(1'000, 'x')),
      stuffing("empty_data_frames", "DATA frames without data, without end.", skipped, headers(post_request()),
               data("")),
      stuffing("tiny_data_frames", "DATA frames of a byte, without end.",
               "`http3::abuse_settings::small_data_frames`: 16,384 at once, 4,096 a second", headers(post_request()),
               data("x")),
      endless_body(),
  };
}

}  // namespace quasio::attack
