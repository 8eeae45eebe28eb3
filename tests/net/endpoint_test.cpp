#include "quasio/net/endpoint.hpp"

#include <gtest/gtest.h>

#include "net/socket_address.hpp"

namespace quasio::net {
namespace {

ip_endpoint link_local() {
  ip_endpoint endpoint;
  endpoint.address = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  endpoint.scope_id = 3;
  endpoint.port = 4'433;
  return endpoint;
}

TEST(endpoint, converts_v4_to_asio_and_back) {
  const ip_endpoint endpoint = ip_endpoint::v4({192, 0, 2, 7}, 443);
  const asio::ip::udp::endpoint converted = to_udp_endpoint(endpoint);
  EXPECT_EQ(converted.address(), asio::ip::make_address("192.0.2.7"));
  EXPECT_EQ(converted.port(), 443);
  EXPECT_EQ(to_ip_endpoint(converted), endpoint);
}

TEST(endpoint, converts_v6_with_zone_to_asio_and_back) {
  const asio::ip::udp::endpoint converted = to_udp_endpoint(link_local());
  ASSERT_TRUE(converted.address().is_v6());
  EXPECT_EQ(converted.address().to_v6().scope_id(), 3u);
  EXPECT_EQ(converted.port(), 4'433);
  EXPECT_EQ(to_ip_endpoint(converted), link_local());
}

TEST(endpoint, takes_mapped_v6_for_the_v4_it_is) {
  const asio::ip::udp::endpoint mapped{asio::ip::make_address("::ffff:192.0.2.7"), 443};
  EXPECT_EQ(to_ip_endpoint(mapped), ip_endpoint::v4({192, 0, 2, 7}, 443));
}

TEST(endpoint, knows_the_unspecified_address_of_both_versions) {
  EXPECT_TRUE(is_unspecified(ip_endpoint{}));
  EXPECT_TRUE(is_unspecified(ip_endpoint::v4({0, 0, 0, 0}, 443)));
  EXPECT_FALSE(is_unspecified(ip_endpoint::v4({0, 0, 0, 1}, 0)));
  EXPECT_FALSE(is_unspecified(link_local()));
}

TEST(endpoint, knows_link_local_addresses) {
  EXPECT_TRUE(is_link_local_v6(link_local()));
  ip_endpoint site_local = link_local();
  site_local.address[1] = 0xc0;
  EXPECT_FALSE(is_link_local_v6(site_local));
  EXPECT_FALSE(is_link_local_v6(ip_endpoint::v4({169, 254, 0, 1}, 0)));
}

TEST(socket_address, round_trips_each_family) {
  sockaddr_storage storage;
  const ip_endpoint v4 = ip_endpoint::v4({192, 0, 2, 7}, 0x1234);
  EXPECT_EQ(write_socket_address(v4, AF_INET, storage), sizeof(sockaddr_in));
  EXPECT_EQ(read_socket_address(storage), v4);
  EXPECT_EQ(write_socket_address(v4, AF_INET6, storage), sizeof(sockaddr_in6));
  EXPECT_EQ(read_socket_address(storage), v4);
  EXPECT_EQ(write_socket_address(link_local(), AF_INET6, storage), sizeof(sockaddr_in6));
  EXPECT_EQ(read_socket_address(storage), link_local());
}

TEST(socket_address, refuses_v6_for_a_v4_socket) {
  sockaddr_storage storage;
  EXPECT_EQ(write_socket_address(link_local(), AF_INET, storage), 0u);
}

TEST(socket_address, reads_nothing_from_another_family) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(read_socket_address(storage), ip_endpoint{});
}

}  // namespace
}  // namespace quasio::net
