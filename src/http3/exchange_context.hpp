#pragma once

#include <cstdint>
#include <vector>

#include "http3/abuse_guard.hpp"
#include "http3/datagram_inbox.hpp"
#include "http3/event_queue.hpp"
#include "http3/local_streams.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/transport_streams.hpp"
#include "quasio/http3/settings.hpp"
#include "quasio/http3/statistics.hpp"

namespace quasio::http3 {

/// What an exchange borrows from its connection for one call.
struct exchange_context {
  endpoint_role role;
  transport_streams& transport;
  const settings& limits;
  const peer_settings& peer;
  qpack_encoder& encoder;
  qpack_decoder& decoder;
  local_streams& own_streams;
  event_queue& events;
  abuse_guard& guard;
  statistics& counts;
  datagram_inbox& datagrams;
  std::vector<std::uint8_t>& scratch;  ///< For building frames, so that their memory is used again.
};

}  // namespace quasio::http3
