#include <gtest/gtest.h>

#include "quasio/driver/error.hpp"
#include "quasio/driver/url.hpp"

namespace quasio::http3 {
namespace {

TEST(url, parts_are_taken_apart) {
  const auto parsed = parse_url("HTTPS://Example.ORG:8443/a/b?c=d#fragment").value();
  EXPECT_EQ(parsed.scheme, "https");
  EXPECT_EQ(parsed.host, "example.org");
  EXPECT_EQ(parsed.port, 8443);
  EXPECT_EQ(parsed.target, "/a/b?c=d");
  EXPECT_EQ(parsed.authority(), "example.org:8443");
  EXPECT_EQ(parsed.origin(), "https://example.org:8443");
}

TEST(url, defaults_are_filled_in) {
  EXPECT_EQ(parse_url("https://example.org").value().target, "/");
  EXPECT_EQ(parse_url("https://example.org?q").value().target, "/?q");
  EXPECT_EQ(parse_url("https://example.org:443/").value().authority(), "example.org");
  EXPECT_EQ(parse_url("https://example.org:/").value().port, 443);
  EXPECT_EQ(parse_url("https://example.org#f").value().target, "/");
}

TEST(url, addresses_keep_their_brackets_in_the_authority) {
  const auto parsed = parse_url("https://[2001:DB8::1]:4433/x").value();
  EXPECT_EQ(parsed.host, "2001:db8::1");
  EXPECT_EQ(parsed.authority(), "[2001:db8::1]:4433");
  EXPECT_EQ(parse_url("https://192.0.2.1/").value().host, "192.0.2.1");
}

TEST(url, what_cannot_be_fetched_is_refused_with_a_reason) {
  for (const char* text : {"",
                           "example.org",
                           "https:",
                           "https:/",
                           "https://",
                           "https:///x",
                           "https://:443/",
                           "https://?q",
                           "https://user@example.org/",
                           "https://a:b@example.org/",
                           "https://example.org:0/",
                           "https://example.org:65536/",
                           "https://example.org:4x/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://[nonsense]/",
                           "https://[]/",
                           "https://exa mple.org/",
                           "https://example.org/a b",
                           "https://example.org/\r\nhost: evil",
                           "https://ex\"ample/",
                           "1https://x/"}) {
    std::string why;
    const auto parsed = parse_url(text, &why);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error(), client_error::bad_url) << text;
    EXPECT_FALSE(why.empty()) << text;
  }
  EXPECT_EQ(parse_url("http://example.org/").error(), client_error::unsupported_scheme);
  EXPECT_EQ(parse_url("ftp://example.org/").error(), client_error::unsupported_scheme);
}

}  // namespace
}  // namespace quasio::http3
