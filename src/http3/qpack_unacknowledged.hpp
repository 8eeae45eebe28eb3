#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// The field sections that refer to the dynamic table and have not been acknowledged (RFC 9204, section 2.1.1). Entries
/// leave the table oldest first, so that of all references in a section only the oldest matters to eviction: what is
/// kept of a section is of one size. There are few enough to be searched one by one.
class qpack_unacknowledged {
public:
  struct section {
    stream_id id = 0;
    std::uint64_t required_insert_count = 0;
    std::uint64_t oldest_reference = 0;
    std::uint64_t stream_required = 0;  ///< The largest count of the sections on this stream up to this one.
    bool is_last_on_stream = true;
  };

  std::size_t size() const noexcept { return sections_.size(); }
  void add(stream_id id, std::uint64_t required_insert_count, std::uint64_t oldest_reference);

  /// Takes away the earliest section on a stream; nothing when there is none.
  std::optional<section> take_earliest(stream_id id);

  /// How many streams could become blocked at a decoder that is known to have `known_received` entries (section 2.1.2).
  std::size_t streams_at_risk(std::uint64_t known_received) const noexcept;
  bool is_at_risk(stream_id id, std::uint64_t known_received) const noexcept;

  std::size_t memory() const noexcept { return sections_.capacity() * sizeof(section); }

private:
  std::vector<section> sections_;
};

}  // namespace quasio::http3
