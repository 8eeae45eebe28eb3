#include "http3/qpack_unacknowledged.hpp"

#include <algorithm>

namespace quasio::http3 {

void qpack_unacknowledged::add(stream_id id, std::uint64_t required_insert_count, std::uint64_t oldest_reference) {
  section added{id, required_insert_count, oldest_reference, required_insert_count, true};
  const auto before =
      std::find_if(sections_.rbegin(), sections_.rend(), [&](const section& one) { return one.id == id; });
  if (before != sections_.rend()) {
    before->is_last_on_stream = false;
    added.stream_required = std::max(before->stream_required, required_insert_count);
  }
  sections_.push_back(added);
}

std::optional<qpack_unacknowledged::section> qpack_unacknowledged::take_earliest(stream_id id) {
  const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const section& one) { return one.id == id; });
  if (found == sections_.end()) return std::nullopt;
  const section taken = *found;
  sections_.erase(found);
  return taken;
}

std::size_t qpack_unacknowledged::streams_at_risk(std::uint64_t known_received) const noexcept {
  return static_cast<std::size_t>(std::count_if(sections_.begin(), sections_.end(), [&](const section& one) {
    return one.is_last_on_stream && one.stream_required > known_received;
  }));
}

bool qpack_unacknowledged::is_at_risk(stream_id id, std::uint64_t known_received) const noexcept {
  return std::any_of(sections_.begin(), sections_.end(), [&](const section& one) {
    return one.id == id && one.is_last_on_stream && one.stream_required > known_received;
  });
}

}  // namespace quasio::http3
