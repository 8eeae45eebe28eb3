#include "quic/token_exchange.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

// A client that hops between addresses and acknowledges nothing is given no more than this, in multiples of what one
// address is worth.
constexpr std::size_t max_addresses_at_once = 4;

// Of an Initial packet: the longest header, the tag, and something of a ClientHello.
constexpr std::size_t kept_for_handshake = 176;

}  // namespace

std::size_t largest_token(const settings& settings) noexcept {
  const std::size_t room = std::max(settings.max_datagram_size, kept_for_handshake) - kept_for_handshake;
  return std::min(settings.max_token_size, room);
}

void token_exchange::on_address_validated(const ip_endpoint& client, quic_version version, time_point now) {
  if (!issuer_.tokens || given_to_ == client.address) return;
  given_to_ = client.address;
  for (unsigned i = 0; i < issuer_.count && unacknowledged_.size() < issuer_.count * max_addresses_at_once; ++i) {
    unacknowledged_.push_back({given_++, issuer_.tokens->make_new_token(client, version, random_, now), true});
  }
}

bool token_exchange::has_frames_to_send() const noexcept {
  return std::ranges::any_of(unacknowledged_, &unacknowledged::is_due);
}

void token_exchange::write_frames(byte_writer& packet, sent_frames& record) {
  for (unacknowledged& each : unacknowledged_) {
    if (!each.is_due) continue;
    const wire::new_token_frame frame{each.token};
    if (packet.remaining() < wire::encoded_size(frame)) return;
    wire::write(packet, frame);
    record.push_back({.kind = sent_frame_kind::new_token, .id = each.number});
    each.is_due = false;
  }
}

void token_exchange::on_lost(const sent_frame& frame) {
  const auto lost = std::ranges::find(unacknowledged_, frame.id, &unacknowledged::number);
  if (lost != unacknowledged_.end()) lost->is_due = true;
}

void token_exchange::on_acked(const sent_frame& frame) {
  std::erase_if(unacknowledged_, [&](const unacknowledged& each) { return each.number == frame.id; });
}

void token_exchange::on_token(byte_view token, quic_version version) {
  const std::size_t hash = std::hash<std::string_view>()(as_text(token));
  const bool is_known = std::ranges::find(seen_, hash) != seen_.end();
  if (is_known || seen_.size() >= settings_.max_received_tokens || token.size() > largest_token(settings_)) {
    ++ignored_;
    return;
  }
  seen_.push_back(hash);
  events_.push(new_token_received{{token.begin(), token.end()}, version});
}

}  // namespace quasio::quic
