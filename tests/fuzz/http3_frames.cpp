// The frames of a stream, and the control stream. Whatever the pieces in which the bytes come, the same must come of
// them.

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "http3/control_stream.hpp"
#include "http3/frame.hpp"

namespace {

using namespace quasio;
using namespace quasio::http3;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What a control stream came to.
struct outcome {
  bool failed = false;
  error_code code = error_code::no_error;
  peer_settings peer;
  std::optional<std::uint64_t> goaway;
  std::vector<std::pair<stream_id, std::optional<priority>>> updates;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome control_outcome(byte_view input, endpoint_role role, std::size_t piece) {
  settings limits;
  limits.max_skipped_bytes = 64;
  limits.max_settings_size = 128;
  abuse_guard guard(limits.abuse);
  control_stream control(role, limits, guard);
  event_queue events;
  outcome came;
  for (std::size_t at = 0; at < input.size() && !came.failed; at += piece) {
    const auto taken = control.take(input.subspan(at, std::min(piece, input.size() - at)), events);
    came.failed = !taken;
    if (!taken) came.code = taken.error().what.code;
  }
  came.peer = control.peer();
  came.goaway = control.goaway_id();
  for (const priority_update& each : control.take_priority_updates()) came.updates.emplace_back(each.id, each.wanted);
  return came;
}

std::vector<frame_header> frames_of(byte_view input, std::size_t piece) {
  std::vector<frame_header> found;
  frame_reader reader;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    byte_view rest = input.subspan(at, std::min(piece, input.size() - at));
    while (!rest.empty()) {
      if (reader.payload_left() == 0) {
        if (const auto header = reader.read_header(rest)) found.push_back(*header);
        continue;
      }
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(reader.payload_left(), rest.size()));
      reader.took(count);
      rest = rest.subspan(count);
    }
  }
  return found;
}

bool same(const std::vector<frame_header>& a, const std::vector<frame_header>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const frame_header& x, const frame_header& y) {
    return x.type == y.type && x.length == y.length;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const byte_view input(data, size);
  const auto whole = frames_of(input, size + 1);
  for (const std::size_t piece : {1u, 3u}) require(same(frames_of(input, piece), whole));
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    const outcome at_once = control_outcome(input, role, size + 1);
    for (const std::size_t piece : {1u, 7u}) require(control_outcome(input, role, piece) == at_once);
  }
  return 0;
}
