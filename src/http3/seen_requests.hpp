#pragma once

#include "quasio/base/range_set.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// Which request streams have begun, so that one that is over can be told from one that is still to come. Streams begin
/// in any order, but the transport lets only so many be open below the newest: that bounds the gaps.
class seen_requests {
public:
  void note(stream_id id) { seen_.insert(stream_index(id), stream_index(id) + 1); }
  bool has(stream_id id) const noexcept { return seen_.contains(stream_index(id)); }

private:
  range_set seen_;
};

}  // namespace quasio::http3
