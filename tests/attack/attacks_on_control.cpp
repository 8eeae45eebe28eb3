#include <functional>
#include <string>
#include <vector>

#include "attack/trial.hpp"
#include "http3/test_bytes.hpp"

// The control stream: settings that are wrong, frames that do not belong there, and too many that do.

namespace quasio::attack {
namespace {

using namespace http3::testing;
namespace frames = http3::frame_type;

attack one_offence(std::string name, std::string what, std::string limit, std::string close, assault::preparation how,
                   bool greets = true) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = std::move(limit);
  made.close = std::move(close);
  made.lasts = 300ms;
  made.perform = [how = std::move(how), greets](assault& doing) {
    hostile_options options;
    options.greets = greets;
    doing.offend(how, options);
  };
  return made;
}

// The control stream begins with this instead of empty SETTINGS.
attack beginning(std::string name, std::string what, std::string limit, std::string close, bytes first) {
  return one_offence(
      std::move(name), std::move(what), std::move(limit), std::move(close),
      [first = std::move(first)](hostile_client& client) {
        client.write(client.open_unidirectional().value(), varint(http3::stream_type::control) + first);
      },
      false);
}

// The control stream goes on with this.
attack continuing(std::string name, std::string what, std::string limit, std::string close, bytes next) {
  return one_offence(std::move(name), std::move(what), std::move(limit), std::move(close),
                     [next = std::move(next)](hostile_client& client) { client.write(client.control(), next); });
}

bytes settings(const bytes& payload) { return frame(frames::settings, payload); }
bytes setting(std::uint64_t id, std::uint64_t value) { return varint(id) + varint(value); }

// Frames without end, the n-th of which `make` makes.
attack flood(std::string name, std::string what, std::function<bytes(std::uint64_t)> make) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = "`http3::abuse_settings::control_frames`: 1000 at once, 200 a second";
  made.close = "H3_EXCESSIVE_LOAD";
  made.lasts = 500ms;
  made.perform = [make = std::move(make)](assault& doing) {
    std::uint64_t n = 0;
    doing.hammer(
        {}, [&](hostile_client&) { n = 0; },
        [&](hostile_client& client) {
          bytes piece;
          for (int i = 0; i < 100; ++i) piece = piece + make(n++);
          return client.write_if_room(client.control(), piece);
        });
  };
  return made;
}

std::vector<attack> wrong_settings() {
  const char* const rfc = "RFC 9114, section 7.2.4";
  bytes many;
  for (std::uint64_t i = 0; i < 2'000; ++i) many = many + setting(http3::reserved_code_point(i), i);
  return {
      continuing("settings_twice", "A second SETTINGS frame.", rfc, "H3_FRAME_UNEXPECTED", settings({})),
      one_offence(
          "settings_on_a_request", "SETTINGS on a request stream.", rfc, "H3_FRAME_UNEXPECTED",
          [](hostile_client& client) { client.write(client.open_request().value(), settings(setting(0x06, 4096))); }),
      beginning("settings_huge", "A SETTINGS frame with 2,000 settings.", "`http3::settings::max_settings_size`: 4 KB",
                "H3_EXCESSIVE_LOAD", settings(many)),
      beginning("settings_of_http2", "SETTINGS_ENABLE_PUSH of HTTP/2.", "RFC 9114, section 7.2.4.1",
                "H3_SETTINGS_ERROR", settings(setting(0x02, 0))),
      beginning("settings_repeated", "A setting twice in one frame.", rfc, "H3_SETTINGS_ERROR",
                settings(setting(0x06, 4096) + setting(0x06, 4096))),
      beginning("settings_missing", "A control stream that begins with GOAWAY.", "RFC 9114, section 6.2.1",
                "H3_MISSING_SETTINGS", frame(frames::goaway, varint(0))),
      beginning("settings_connect_of_two", "SETTINGS_ENABLE_CONNECT_PROTOCOL of 2.", "RFC 9220, section 3",
                "H3_SETTINGS_ERROR", settings(setting(0x08, 2))),
      beginning("settings_datagram_of_seven", "SETTINGS_H3_DATAGRAM of 7.", "RFC 9297, section 2.1.1",
                "H3_SETTINGS_ERROR", settings(setting(0x33, 7))),
      beginning("settings_cut_short", "A SETTINGS frame that ends within a setting.", "RFC 9114, section 7.1",
                "H3_FRAME_ERROR", settings(varint(0x06))),
  };
}

std::vector<attack> wrong_streams() {
  const char* const rfc = "RFC 9114, section 6.2.1";
  return {
      one_offence("control_stream_twice", "A second control stream.", rfc, "H3_STREAM_CREATION_ERROR",
                  [](hostile_client& client) {
                    client.write(client.open_unidirectional().value(), varint(0x00) + settings({}));
                  }),
      one_offence("control_stream_ended", "The control stream ends.", rfc, "H3_CLOSED_CRITICAL_STREAM",
                  [](hostile_client& client) { client.write(client.control(), {}, true); }),
      one_offence("control_stream_reset", "The control stream is reset.", rfc, "H3_CLOSED_CRITICAL_STREAM",
                  [](hostile_client& client) {
                    client.wait(50ms);  // A reset that comes with the first bytes takes them away.
                    client.reset(client.control());
                  }),
      one_offence("control_stream_stopped", "The server's control stream is refused.", rfc, "H3_CLOSED_CRITICAL_STREAM",
                  [](hostile_client& client) {
                    // It can be refused once it is there.
                    for (int tries = 0; tries < 200 && !client.stop(3); ++tries) client.wait(10ms);
                  }),
      one_offence(
          "push_stream", "A push stream from a client.", "RFC 9114, section 6.2.2", "H3_STREAM_CREATION_ERROR",
          [](hostile_client& client) { client.write(client.open_unidirectional().value(), varint(0x01) + varint(0)); }),
  };
}

std::vector<attack> wrong_frames() {
  return {
      continuing("data_on_control", "DATA on the control stream.", "RFC 9114, section 7.2.1", "H3_FRAME_UNEXPECTED",
                 data("x")),
      continuing("headers_on_control", "HEADERS on the control stream.", "RFC 9114, section 7.2.2",
                 "H3_FRAME_UNEXPECTED", headers(get_request())),
      continuing("frame_of_http2", "A frame of HTTP/2: PING.", "RFC 9114, section 7.2.8", "H3_FRAME_UNEXPECTED",
                 frame(0x06, bytes(8, 0))),
      continuing("cancel_push", "CANCEL_PUSH for a push that was never promised; no second one is read.",
                 "RFC 9114, section 7.2.3", "H3_ID_ERROR", frame(frames::cancel_push, varint(0))),
      continuing("max_push_id_shrinks", "A MAX_PUSH_ID that is smaller than the one before.", "RFC 9114, section 7.2.7",
                 "H3_ID_ERROR", frame(frames::max_push_id, varint(8)) + frame(frames::max_push_id, varint(4))),
      continuing("goaway_grows", "A GOAWAY with a larger ID than the one before.", "RFC 9114, section 5.2",
                 "H3_ID_ERROR", frame(frames::goaway, varint(4)) + frame(frames::goaway, varint(8))),
      continuing("priority_update_beyond_limit", "PRIORITY_UPDATE for a stream that may not be opened.",
                 "RFC 9218, section 7.1", "H3_ID_ERROR",
                 frame(frames::priority_update_request, varint(4'000'000) + bytes_of("u=0"))),
      continuing("priority_update_of_a_push", "PRIORITY_UPDATE for a push that was never promised.",
                 "RFC 9218, section 7.2", "H3_ID_ERROR",
                 frame(frames::priority_update_push, varint(0) + bytes_of("u=0"))),
  };
}

attack grease_on_control() {
  attack made = flood("grease_on_control", "Frames of unknown types on the control stream.",
                      [](std::uint64_t n) { return frame(http3::reserved_code_point(n % 50), bytes(8, 'x')); });
  made.limit = "`http3::settings::max_skipped_bytes`: 1 MB in a row";
  return made;
}

}  // namespace

std::vector<attack> attacks_on_control() {
  std::vector<attack> all = wrong_settings();
  for (auto& more : {wrong_streams(), wrong_frames()}) all.insert(all.end(), more.begin(), more.end());
  all.push_back(flood("max_push_id_flood", "MAX_PUSH_ID, one higher each time.",
                      [](std::uint64_t n) { return frame(frames::max_push_id, varint(n)); }));
  all.push_back(flood("goaway_flood", "GOAWAY, the same each time.",
                      [](std::uint64_t) { return frame(frames::goaway, varint(0)); }));
  all.push_back(flood("priority_update_flood", "PRIORITY_UPDATE for requests to come.", [](std::uint64_t n) {
    return frame(frames::priority_update_request, varint(4 * (n % 100)) + bytes_of(n % 2 == 0 ? "u=1" : "u=5, i"));
  }));
  all.push_back(grease_on_control());
  return all;
}

}  // namespace quasio::attack
