#include "quic/packet_protection.hpp"

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
  if (key_phase == key_phase_) {
    return current_.open(packet_number, header, payload) ? outcome::opened : outcome::failed;
  }
  // Section 6.5: a packet from before the update is told from one after it by its number.
  if (packet_number < current_begins_at_) {
    return previous_ && previous_->open(packet_number, header, payload) ? outcome::opened : outcome::failed;
  }
  return next_.open(packet_number, header, payload) ? outcome::opened_with_next_keys : outcome::failed;
}

void application_read_keys::advance(std::uint64_t packet_number) {
  previous_ = std::exchange(current_, std::move(next_));
  next_secret_ = crypto::next_generation(next_secret_, algorithm_, labels_);
  next_ = crypto::make_packet_key(next_secret_, algorithm_, labels_);
  current_begins_at_ = packet_number;
  key_phase_ = !key_phase_;
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
  key_phase_ = !key_phase_;
}

}  // namespace quasio::quic
