#include "quasio/base/endpoint.hpp"

#include <gtest/gtest.h>

namespace quasio {
namespace {

std::string v6_text(std::array<std::uint16_t, 8> groups, std::uint16_t port = 443) {
  ip_endpoint endpoint;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    endpoint.address[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    endpoint.address[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  endpoint.port = port;
  return endpoint.to_string();
}

TEST(ip_endpoint, writes_ipv4_in_dots) {
  const ip_endpoint endpoint = ip_endpoint::v4({192, 0, 2, 1}, 443);
  EXPECT_TRUE(endpoint.is_v4());
  EXPECT_EQ(endpoint.to_string(), "192.0.2.1:443");
  EXPECT_EQ(ip_endpoint::v4({255, 255, 255, 255}, 65535).to_string(), "255.255.255.255:65535");
  EXPECT_EQ(ip_endpoint::v4({0, 0, 0, 0}, 0).to_string(), "0.0.0.0:0");
}

TEST(ip_endpoint, is_ipv6_unless_it_has_the_mapped_prefix) {
  EXPECT_FALSE(ip_endpoint{}.is_v4());
  EXPECT_EQ(ip_endpoint{}.to_string(), "[::]:0");
}

// RFC 5952, section 4.
TEST(ip_endpoint, drops_leading_zeros_of_a_group) {
  EXPECT_EQ(v6_text({0x2001, 0x0db8, 0x0aaa, 0x00bb, 0x000c, 0x1, 0x1, 0x1}), "[2001:db8:aaa:bb:c:1:1:1]:443");
}

TEST(ip_endpoint, shortens_the_longest_run_of_zeros) {
  EXPECT_EQ(v6_text({0x2001, 0xdb8, 0, 0, 0, 0, 2, 1}), "[2001:db8::2:1]:443");
  EXPECT_EQ(v6_text({0x2001, 0, 0, 1, 0, 0, 0, 1}), "[2001:0:0:1::1]:443");
}

TEST(ip_endpoint, shortens_the_first_of_equal_runs) {
  EXPECT_EQ(v6_text({0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}), "[2001:db8::1:0:0:1]:443");
}

TEST(ip_endpoint, does_not_shorten_a_single_zero_group) {
  EXPECT_EQ(v6_text({0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}), "[2001:db8:0:1:1:1:1:1]:443");
}

TEST(ip_endpoint, shortens_at_either_end) {
  EXPECT_EQ(v6_text({0, 0, 0, 0, 0, 0, 0, 1}), "[::1]:443");
  EXPECT_EQ(v6_text({0xfe80, 0, 0, 0, 0, 0, 0, 0}), "[fe80::]:443");
  EXPECT_EQ(v6_text({0, 0, 1, 0, 0, 0, 0, 0}), "[0:0:1::]:443");
}

TEST(ip_endpoint, writes_lower_case) {
  EXPECT_EQ(v6_text({0xABCD, 0xEF01, 1, 1, 1, 1, 1, 1}, 1), "[abcd:ef01:1:1:1:1:1:1]:1");
}

TEST(ip_endpoint, compares_address_zone_and_port) {
  const ip_endpoint endpoint = ip_endpoint::v4({192, 0, 2, 1}, 443);
  EXPECT_EQ(endpoint, ip_endpoint::v4({192, 0, 2, 1}, 443));
  EXPECT_NE(endpoint, ip_endpoint::v4({192, 0, 2, 1}, 444));
  EXPECT_LT(endpoint, ip_endpoint::v4({192, 0, 2, 2}, 1));
  ip_endpoint zoned = endpoint;
  zoned.scope_id = 1;
  EXPECT_NE(endpoint, zoned);
}

}  // namespace
}  // namespace quasio
