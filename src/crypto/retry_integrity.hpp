#pragma once

#include <array>
#include <cstdint>

#include "crypto/aead_algorithm.hpp"
#include "crypto/key_schedule.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

using retry_tag = std::array<std::uint8_t, aead_tag_size>;

/// The tag that ends a Retry packet (RFC 9001, section 5.8; RFC 9369, section 3.3.3).
/// `original_destination_connection_id` is the one of the Initial packet which the Retry answers, at most 20 bytes;
/// `packet_without_tag` all before the tag.
retry_tag make_retry_tag(key_labels labels, byte_view original_destination_connection_id, byte_view packet_without_tag);

/// Whether a whole Retry packet ends in the right tag. Takes equally long whatever the tag is.
bool verify_retry_tag(key_labels labels, byte_view original_destination_connection_id, byte_view packet);

}  // namespace quasio::crypto
