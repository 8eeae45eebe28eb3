#include "quic/peer_connection_ids.hpp"

#include <algorithm>

#include "crypto/stateless_reset.hpp"
#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

constexpr std::uint64_t new_connection_id_type = 0x18;

transport_error broken(transport_error_code code, const char* reason) { return {code, new_connection_id_type, reason}; }

}  // namespace

void peer_connection_ids::set_handshake_id(const connection_id& id) {
  handshake_id_ = id;
  known_.front().id = id;
}

void peer_connection_ids::set_handshake_token(const stateless_reset_token& token) { known_.front().token = token; }

transport_result<void> peer_connection_ids::receive(const wire::new_connection_id_frame& frame) {
  if (are_empty()) {
    return unexpected(broken(transport_error_code::protocol_violation, "a peer that uses no connection ID issues one"));
  }
  for (const known_id& known : known_) {
    const bool same_sequence = known.sequence == frame.sequence;
    if (same_sequence != (known.id == frame.id) ||
        (same_sequence && known.token && *known.token != frame.reset_token)) {
      return unexpected(
          broken(transport_error_code::protocol_violation, "a connection ID is issued twice with a difference"));
    }
    if (same_sequence) return {};
  }
  // A late copy of what was given up since: the peer has been or is being told.
  if (retired_.contains(frame.sequence)) return {};
  if (frame.sequence < retired_below_) {
    // Section 19.15: retired before it came. A repetition of what was retired long ago looks the same and costs the
    // same.
    retire(frame.sequence);
  } else {
    known_.push_back({.sequence = frame.sequence, .id = frame.id, .token = frame.reset_token});
  }
  if (frame.retire_prior_to > retired_below_) {
    if (auto retired = retire_below(frame.retire_prior_to); !retired) return retired;
  }
  if (known_.size() > limit_) {
    return unexpected(
        broken(transport_error_code::connection_id_limit_error, "more connection IDs than were asked for"));
  }
  // A peer that keeps issuing and retiring must not make this list grow while nothing can be sent, or while it
  // acknowledges nothing (section 5.1.2).
  if (retirements_.size() > max_pending_retirements_ || retired_.size() > max_pending_retirements_) {
    return unexpected(broken(transport_error_code::connection_id_limit_error,
                             "connection IDs are retired faster than that can be said"));
  }
  return {};
}

transport_result<void> peer_connection_ids::retire_below(std::uint64_t bound) {
  retired_below_ = bound;
  retired_.erase_below(bound);
  for (const known_id& known : known_) {
    if (known.sequence < bound) retire(known.sequence);
  }
  std::erase_if(known_, [bound](const known_id& known) { return known.sequence < bound; });
  if (known_.empty()) {
    // Cannot happen with a frame that passed its decoder: its own ID is not below retire_prior_to.
    return unexpected(broken(transport_error_code::protocol_violation, "every connection ID is retired"));
  }
  return {};
}

peer_connection_ids::known_id* peer_connection_ids::look_up(std::uint64_t sequence) noexcept {
  const auto found = std::ranges::find(known_, sequence, &known_id::sequence);
  return found == known_.end() ? nullptr : &*found;
}

const connection_id* peer_connection_ids::find(std::uint64_t sequence) const noexcept {
  const auto found = std::ranges::find(known_, sequence, &known_id::sequence);
  return found == known_.end() ? nullptr : &found->id;
}

std::optional<std::uint64_t> peer_connection_ids::take() noexcept {
  const auto chosen = are_empty() ? known_.begin() : std::ranges::find(known_, 0u, &known_id::users);
  if (chosen == known_.end()) return std::nullopt;
  ++chosen->users;
  return chosen->sequence;
}

bool peer_connection_ids::has_unused() const noexcept {
  return are_empty() || std::ranges::find(known_, 0u, &known_id::users) != known_.end();
}

void peer_connection_ids::share(std::uint64_t sequence) noexcept {
  if (known_id* const shared = look_up(sequence)) ++shared->users;
}

void peer_connection_ids::release(std::uint64_t sequence) {
  known_id* const released = look_up(sequence);
  if (!released || --released->users > 0 || are_empty()) return;
  retire(sequence);
  retired_.insert(sequence, sequence + 1);
  std::erase_if(known_, [sequence](const known_id& each) { return each.sequence == sequence; });
}

bool peer_connection_ids::is_reset_token(byte_view token) const noexcept {
  bool found = false;
  for (const known_id& known : known_) {
    // Section 10.3.1: the token of an ID that was never used may have been seen by nobody but its issuer.
    if (known.users > 0 && known.token) found |= crypto::equal_in_constant_time(*known.token, token);
  }
  return found;
}

void peer_connection_ids::retire(std::uint64_t sequence) {
  const auto known = std::ranges::find(retirements_, sequence, &retirement::sequence);
  if (known == retirements_.end()) {
    retirements_.push_back({sequence, true});
  } else {
    known->is_due = true;
  }
}

bool peer_connection_ids::has_frames_to_send() const noexcept {
  return std::ranges::any_of(retirements_, &retirement::is_due);
}

void peer_connection_ids::write_frames(byte_writer& packet, sent_frames& record) {
  for (retirement& each : retirements_) {
    if (!each.is_due) continue;
    const wire::retire_connection_id_frame frame{.sequence = each.sequence};
    if (packet.remaining() < wire::encoded_size(frame)) return;
    wire::write(packet, frame);
    record.push_back({.kind = sent_frame_kind::retire_connection_id, .id = each.sequence});
    each.is_due = false;
  }
}

void peer_connection_ids::on_lost(const sent_frame& frame) {
  // One that was acknowledged meanwhile, in another copy, is gone.
  const auto lost = std::ranges::find(retirements_, frame.id, &retirement::sequence);
  if (lost != retirements_.end()) lost->is_due = true;
}

void peer_connection_ids::on_acked(const sent_frame& frame) {
  std::erase_if(retirements_, [&](const retirement& each) { return each.sequence == frame.id; });
}

}  // namespace quasio::quic
