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

std::string resolved(std::string_view base, std::string_view reference) {
  const auto made = resolve_url(parse_url(base).value(), reference);
  return made ? made->origin() + made->target : "refused";
}

TEST(url, references_of_the_rfc_are_resolved) {
  // RFC 3986, section 5.4, with https and without fragments.
  const std::string base = "https://a/b/c/d;p?q";
  const std::pair<const char*, const char*> samples[] = {{"g", "https://a/b/c/g"},
                                                         {"./g", "https://a/b/c/g"},
                                                         {"g/", "https://a/b/c/g/"},
                                                         {"/g", "https://a/g"},
                                                         {"//g", "https://g/"},
                                                         {"?y", "https://a/b/c/d;p?y"},
                                                         {"g?y", "https://a/b/c/g?y"},
                                                         {"#s", "https://a/b/c/d;p?q"},
                                                         {"g#s", "https://a/b/c/g"},
                                                         {"g?y#s", "https://a/b/c/g?y"},
                                                         {";x", "https://a/b/c/;x"},
                                                         {"g;x", "https://a/b/c/g;x"},
                                                         {"", "https://a/b/c/d;p?q"},
                                                         {".", "https://a/b/c/"},
                                                         {"./", "https://a/b/c/"},
                                                         {"..", "https://a/b/"},
                                                         {"../", "https://a/b/"},
                                                         {"../g", "https://a/b/g"},
                                                         {"../..", "https://a/"},
                                                         {"../../", "https://a/"},
                                                         {"../../g", "https://a/g"},
                                                         {"../../../g", "https://a/g"},
                                                         {"../../../../g", "https://a/g"},
                                                         {"/./g", "https://a/g"},
                                                         {"/../g", "https://a/g"},
                                                         {"g.", "https://a/b/c/g."},
                                                         {".g", "https://a/b/c/.g"},
                                                         {"g..", "https://a/b/c/g.."},
                                                         {"..g", "https://a/b/c/..g"},
                                                         {"./../g", "https://a/b/g"},
                                                         {"./g/.", "https://a/b/c/g/"},
                                                         {"g/./h", "https://a/b/c/g/h"},
                                                         {"g/../h", "https://a/b/c/h"},
                                                         {"g;x=1/./y", "https://a/b/c/g;x=1/y"},
                                                         {"g;x=1/../y", "https://a/b/c/y"},
                                                         {"g?y/./x", "https://a/b/c/g?y/./x"},
                                                         {"g?y/../x", "https://a/b/c/g?y/../x"},
                                                         {"https://h:1/x/../y?z/..", "https://h:1/y?z/.."},
                                                         {"//h:8443/x", "https://h:8443/x"}};
  for (const auto& [reference, expected] : samples) EXPECT_EQ(resolved(base, reference), expected) << reference;
}

TEST(url, references_to_what_cannot_be_fetched_are_refused) {
  for (const char* reference :
       {"http://a/", "ftp:x", "mailto:a@b", "https:///x", "//", "//u@h/", "a b", "/\r\nx", "//h:0/"}) {
    EXPECT_EQ(resolved("https://a/b", reference), "refused") << reference;
  }
  EXPECT_EQ(resolved("https://[::1]:8443/a/b", "c"), "https://[::1]:8443/a/c");
  EXPECT_EQ(resolved("https://a", "c:1"), "refused") << "that is a scheme";
  EXPECT_EQ(resolved("https://a", "./c:1"), "https://a/c:1");
}

}  // namespace
}  // namespace quasio::http3
