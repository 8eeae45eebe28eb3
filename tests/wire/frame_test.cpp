#include "wire/frame.hpp"

#include <map>

#include <gtest/gtest.h>

#include "wire/frame_reader.hpp"
#include "wire/sample_frames.hpp"

namespace quasio::wire {
namespace {

struct row {
  const char* packets;
  bool ack_eliciting = true;
  bool probing = false;
};

// Table 3 of RFC 9000 by frame type, with section 12.5 for RETIRE_CONNECTION_ID, RFC 9221, and
// draft-ietf-quic-ack-frequency, section 10.2.
const std::map<std::uint64_t, row> table{
    {0x00, {"IH01", false, true}},
    {0x01, {"IH01"}},
    {0x02, {"IH_1", false}},
    {0x03, {"IH_1", false}},
    {0x04, {"__01"}},
    {0x05, {"__01"}},
    {0x06, {"IH_1"}},
    {0x07, {"___1"}},
    {0x0a, {"__01"}},
    {0x0b, {"__01"}},
    {0x0e, {"__01"}},
    {0x0f, {"__01"}},
    {0x10, {"__01"}},
    {0x11, {"__01"}},
    {0x12, {"__01"}},
    {0x13, {"__01"}},
    {0x14, {"__01"}},
    {0x15, {"__01"}},
    {0x16, {"__01"}},
    {0x17, {"__01"}},
    {0x18, {"__01", true, true}},
    {0x19, {"___1"}},
    {0x1a, {"__01", true, true}},
    {0x1b, {"___1", true, true}},
    {0x1c, {"IH01", false}},
    {0x1d, {"__01", false}},
    {0x1e, {"___1"}},
    {0x31, {"__01"}},
    {0x1f, {"___1"}},
    {0xaf, {"___1"}},
};

std::string packets_of(const frame& value) {
  std::string packets;
  packets += allowed_in(packet_type::initial, value) ? 'I' : '_';
  packets += allowed_in(packet_type::handshake, value) ? 'H' : '_';
  packets += allowed_in(packet_type::zero_rtt, value) ? '0' : '_';
  packets += allowed_in(packet_type::one_rtt, value) ? '1' : '_';
  return packets;
}

void expect_row(const frame& value) {
  const auto type = static_cast<std::uint64_t>(type_of(value));
  ASSERT_TRUE(table.contains(type)) << type;
  const row& row = table.at(type);
  EXPECT_EQ(packets_of(value), row.packets) << type;
  EXPECT_EQ(is_ack_eliciting(value), row.ack_eliciting) << type;
  EXPECT_EQ(is_probing(value), row.probing) << type;
  EXPECT_FALSE(allowed_in(packet_type::retry, value));
  EXPECT_FALSE(allowed_in(packet_type::version_negotiation, value));
}

// [rfc9000 12.5#2 19.21#2]
TEST(frame, follows_the_table_of_the_rfc) {
  std::map<std::uint64_t, int> seen;
  for (const sample_frame& sample : sample_frames()) {
    expect_row(sample.value);
    ++seen[static_cast<std::uint64_t>(type_of(sample.value))];
  }
  for (const char* ack : {"02 00 00 00 00", "03 00 00 00 00 01 02 03"}) {
    const byte_vector payload = from_hex(ack);
    const auto read = frame_reader(payload).next();
    ASSERT_TRUE(read);
    expect_row(*read);
    ++seen[static_cast<std::uint64_t>(type_of(*read))];
  }
  EXPECT_EQ(seen.size(), table.size()) << "each row is met";
}

}  // namespace
}  // namespace quasio::wire
