#include "crypto/retry_integrity.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "crypto/hex.hpp"
#include "crypto/sample_packets.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using test::from_hex;
using test::to_hex;

const std::vector<std::uint8_t> original_id = from_hex("8394c8f03e515708");

// RFC 9001, appendix A.4; RFC 9369, appendix A.4.
void expect_sample(key_labels labels, std::string_view packet_hex) {
  const auto packet = from_hex(packet_hex);
  const auto content = byte_view(packet).first(packet.size() - aead_tag_size);
  EXPECT_EQ(to_hex(make_retry_tag(labels, original_id, content)), packet_hex.substr(packet_hex.size() - 32));
  EXPECT_TRUE(verify_retry_tag(labels, original_id, packet));
}

TEST(retry_integrity, makes_the_tag_of_version_1) { expect_sample(key_labels::v1, test::v1_samples.retry_packet); }

TEST(retry_integrity, makes_the_tag_of_version_2) { expect_sample(key_labels::v2, test::v2_samples.retry_packet); }

TEST(retry_integrity, refuses_the_tag_of_the_other_version) {
  EXPECT_FALSE(verify_retry_tag(key_labels::v2, original_id, from_hex(test::v1_samples.retry_packet)));
}

// [rfc9000 17.2.5.2#3]
TEST(retry_integrity, refuses_any_changed_bit) {
  const auto packet = from_hex(test::v1_samples.retry_packet);
  for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
    auto changed = packet;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify_retry_tag(key_labels::v1, original_id, changed)) << bit;
  }
}

TEST(retry_integrity, refuses_another_original_id) {
  const auto packet = from_hex(test::v1_samples.retry_packet);
  EXPECT_FALSE(verify_retry_tag(key_labels::v1, from_hex("8394c8f03e515709"), packet));
  EXPECT_FALSE(verify_retry_tag(key_labels::v1, {}, packet));
}

TEST(retry_integrity, refuses_what_is_shorter_than_a_tag) {
  EXPECT_FALSE(verify_retry_tag(key_labels::v1, original_id, from_hex("ff00000001")));
  EXPECT_FALSE(verify_retry_tag(key_labels::v1, original_id, {}));
}

}  // namespace
