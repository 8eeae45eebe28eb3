#include "crypto/test_certificates.hpp"

#include <gtest/gtest.h>

namespace {

using namespace quasio::test;

bool is_signed_by(const certificate& leaf, const certificate& ca) {
  const auto made = detail::parse(leaf);
  const auto issuer = detail::parse(ca);
  return X509_verify(made.certificate.get(), issuer.key.get()) == 1 &&
         X509_check_issued(issuer.certificate.get(), made.certificate.get()) == X509_V_OK;
}

TEST(test_certificates, are_issued_by_their_authority) {
  const auto ca = make_ca();
  const auto intermediate = issue_intermediate(ca);
  EXPECT_TRUE(is_signed_by(issue(ca), ca));
  EXPECT_TRUE(is_signed_by(intermediate, ca));
  EXPECT_TRUE(is_signed_by(issue(intermediate), intermediate));
  EXPECT_FALSE(is_signed_by(make_self_signed(), ca));
}

TEST(test_certificates, carry_the_names_they_were_given) {
  const auto made = detail::parse(make_self_signed({.dns_names = {"quasio.test"}, .ip_addresses = {"192.0.2.7"}}));
  X509* leaf = made.certificate.get();
  EXPECT_EQ(X509_check_host(leaf, "quasio.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf, "localhost", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf, "192.0.2.7", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.1", 0), 0);
}

TEST(test_certificates, can_be_fattened) {
  EXPECT_GT(make_self_signed({.comment_size = 25'000}).certificate_pem.size(), 25'000u);
}

}  // namespace
