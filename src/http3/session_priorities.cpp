#include "http3/frame.hpp"
#include "http3/session.hpp"
#include "quasio/base/varint.hpp"

/// Priorities (RFC 9218): what a client wishes, and what is made of it.
namespace quasio::http3 {
namespace {

unexpected<operation_error> refuse(operation_error why) { return unexpected<operation_error>(why); }

}  // namespace

void session::heed_priorities(transport_streams& transport) {
  for (const priority_update& update : control_.take_priority_updates()) {
    if (ended_) return;
    heed_priority(transport, update);
  }
}

void session::heed_priority(transport_streams& transport, const priority_update& update) {
  ++counts_.priority_updates_received;
  if (exchange* of = find_exchange(update.id)) {
    if (!update.wanted) {
      ++counts_.priority_updates_ignored;
      return;
    }
    return of->on_priority_update(context(transport), *update.wanted);
  }
  const bool is_to_come = may_still_come(transport, update.id);
  if (ended_) return;
  const bool is_kept = is_to_come && update.wanted && early_priorities_.keep(update.id, *update.wanted);
  if (!is_kept) ++counts_.priority_updates_ignored;
}

/// Whether a request of the peer's that is not known is still to come. One that cannot be ends the connection (RFC
/// 9218, section 7.2; RFC 9297, section 2.1).
bool session::may_still_come(transport_streams& transport, stream_id id) {
  if (role_ == endpoint_role::client || seen_.has(id)) return false;
  if (stream_index(id) < transport.peer_stream_limit(stream_direction::bidirectional)) return true;
  fail(transport, {error_code::id_error, "a request beyond the limit of streams"});
  return false;
}

operation_result<void> session::set_priority(transport_streams& transport, stream_id id, const priority& wanted) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  if (wanted.urgency > 7) return refuse(operation_error::malformed_fields);
  exchange& of = **found;
  if (role_ == endpoint_role::server) return of.set_priority(context(transport), wanted);
  if (!of.awaits_response()) return refuse(operation_error::wrong_state);
  if (wanted == of.priority_state().wanted()) return {};
  const std::string value = to_field_value(wanted);
  std::vector<std::uint8_t> frame;
  append_frame_header(frame, frame_type::priority_update_request, varint_size(id) + value.size());
  append_varint(frame, id);
  frame.insert(frame.end(), value.begin(), value.end());
  local_streams_.send_on_control(transport, frame);
  ++counts_.priority_updates_sent;
  of.on_own_update(context(transport), wanted);
  return {};
}

operation_result<priority> session::priority_of(stream_id id) const {
  const exchange* found = find_exchange(id);
  if (found == nullptr || !found->is_announced()) return refuse(operation_error::unknown_exchange);
  return found->priority_state().effective();
}

}  // namespace quasio::http3
