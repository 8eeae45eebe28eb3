#include "quic/packet_protection.hpp"

#include <algorithm>
#include <utility>

namespace quasio::quic {

application_read_keys::application_read_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                                             crypto::key_labels labels)
    : algorithm_(algorithm),
      labels_(labels),
      header_(crypto::make_header_key(secret, algorithm, labels)),
      current_(crypto::make_packet_key(secret, algorithm, labels)),
      next_secret_(crypto::next_generation(secret, algorithm, labels)),
      next_(crypto::make_packet_key(next_secret_, algorithm, labels)) {}

application_read_keys::outcome application_read_keys::open(std::uint64_t packet_number, bool key_phase,
                                                           byte_view header, byte_span payload) {
  if (key_phase == key_phase_) return open_with_current(packet_number, header, payload);
  // Section 6.5: what comes from before an update is told from what comes after it by its number. Each way costs one
  // opening, even where there are no keys that could succeed, so that time does not tell the key phase of a forged
  // packet (section 9.5).
  if (highest_ && packet_number < *highest_) return open_with_previous(packet_number, header, payload);
  if (next_) return next_->open(packet_number, header, payload) ? outcome::opened_with_next_keys : outcome::failed;
  return open_with_previous(packet_number, header, payload);
}

application_read_keys::outcome application_read_keys::open_with_current(std::uint64_t packet_number, byte_view header,
                                                                        byte_span payload) {
  if (!current_.open(packet_number, header, payload)) return outcome::failed;
  lowest_ = std::min(lowest_, packet_number);
  highest_ = std::max(highest_.value_or(packet_number), packet_number);
  opened_generation_ = generation_;
  return outcome::opened;
}

application_read_keys::outcome application_read_keys::open_with_previous(std::uint64_t packet_number, byte_view header,
                                                                         byte_span payload) {
  if (!previous_) {
    current_.open(packet_number, header, payload);
    return outcome::failed;
  }
  if (!previous_->open(packet_number, header, payload)) return outcome::failed;
  opened_generation_ = generation_ - 1;
  return packet_number < lowest_ ? outcome::opened : outcome::opened_with_keys_given_up;
}

void application_read_keys::advance(std::uint64_t packet_number) {
  previous_ = std::exchange(current_, std::move(*next_));
  next_.reset();
  lowest_ = packet_number;
  highest_ = packet_number;
  ++generation_;
  opened_generation_ = generation_;
  key_phase_ = !key_phase_;
}

void application_read_keys::prepare_next() {
  if (next_) return;
  next_secret_ = crypto::next_generation(next_secret_, algorithm_, labels_);
  next_ = crypto::make_packet_key(next_secret_, algorithm_, labels_);
}

application_write_keys::application_write_keys(const crypto::traffic_secret& secret, crypto::aead_algorithm algorithm,
                                               crypto::key_labels labels)
    : algorithm_(algorithm),
      labels_(labels),
      header_(crypto::make_header_key(secret, algorithm, labels)),
      packet_(crypto::make_packet_key(secret, algorithm, labels)),
      next_secret_(crypto::next_generation(secret, algorithm, labels)) {}

void application_write_keys::advance() {
  packet_ = crypto::make_packet_key(next_secret_, algorithm_, labels_);
  next_secret_ = crypto::next_generation(next_secret_, algorithm_, labels_);
  sealed_ = 0;
  ++generation_;
  key_phase_ = !key_phase_;
}

}  // namespace quasio::quic
