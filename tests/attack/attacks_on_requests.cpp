#include <memory>
#include <vector>

#include "attack/trial.hpp"
#include "http3/test_bytes.hpp"

// Requests that are taken back, or that are made so that the server takes them back.

namespace quasio::attack {
namespace {

using namespace http3::testing;

constexpr const char* wasted = "`http3::abuse_settings::wasted_requests`: 1000 at once, 100 a second";

// As many as the server allows at once, and then all of them are taken back.
attack taking_back(std::string name, std::string what, target against, bytes request, bool resets, bool stops) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = wasted;
  made.close = "H3_EXCESSIVE_LOAD";
  made.against = against;
  made.perform = [=](assault& doing) {
    doing.hammer([&](hostile_client& client) {
      std::vector<stream_id> opened;
      while (const auto id = client.open_request()) {
        client.write(*id, request, !resets);
        opened.push_back(*id);
      }
      client.pump();  // The requests leave before they are taken back.
      for (const stream_id id : opened) {
        if (resets) client.reset(id);
        if (stops) client.stop(id);
      }
      return !opened.empty();
    });
  };
  return made;
}

// Requests for which the server can only reset the stream.
attack provoking(std::string name, std::string what, target against, std::string reset, bytes request, bool ends) {
  attack made;
  made.name = std::move(name);
  made.what = std::move(what);
  made.limit = wasted;
  made.close = "H3_EXCESSIVE_LOAD";
  made.reset = std::move(reset);
  made.against = against;
  made.perform = [=](assault& doing) {
    doing.hammer([&](hostile_client& client) {
      bool any = false;
      while (const auto id = client.open_request()) {
        client.write(*id, request, ends);
        any = true;
      }
      return any;
    });
  };
  return made;
}

http3::field_list without_path() {
  http3::field_list fields = get_request();
  fields.pop_back();
  return fields;
}

}  // namespace

std::vector<attack> attacks_on_requests() {
  return {
      taking_back("rapid_reset", "Requests for a file, each reset and stopped at once (CVE-2023-44487).", target::files,
                  headers(get_request("/large.bin")), true, true),
      taking_back("rapid_reset_of_handlers", "The same while a handler works for each of them.", target::handlers,
                  headers(get_request("/wait")), true, true),
      taking_back("rapid_stop", "Whole requests whose responses are refused with STOP_SENDING.", target::handlers,
                  headers(get_request("/wait")), false, true),
      taking_back("reset_before_headers", "Streams that are reset before the header section is whole.", target::files,
                  bytes{0x01}, true, true),
      provoking("made_you_reset", "Malformed requests, so that it is the server that resets (as CVE-2025-8671).",
                target::files, "H3_MESSAGE_ERROR", headers(without_path()), true),
      provoking(
          "made_you_reset_late", "Requests that a handler works for, and then more content than Content-Length says.",
          target::handlers, "H3_MESSAGE_ERROR",
          headers(with(post_request(), "content-length", "1")) + http3::testing::data(std::string(64, 'x')), false),
      provoking("requests_without_headers", "Streams that end before they say anything.", target::files,
                "H3_REQUEST_INCOMPLETE", {}, true),
  };
}

}  // namespace quasio::attack
