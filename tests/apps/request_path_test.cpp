#include "site/request_path.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quasio::apps {
namespace {

using names = std::vector<std::string>;

path_fault fault_of(const std::string& target) {
  const auto parsed = parse_request_path(target);
  EXPECT_FALSE(parsed) << target;
  return parsed ? path_fault{} : parsed.error();
}

TEST(request_path, is_taken_apart_and_decoded) {
  const auto path = parse_request_path("/a/b%20c/%C3%A4.txt?x=%2F/../&y");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->segments, (names{"a", "b c", "\xc3\xa4.txt"}));
  EXPECT_FALSE(path->ends_with_slash);
  EXPECT_EQ(path->query, "?x=%2F/../&y");
}

TEST(request_path, of_the_root_has_no_segments) {
  for (const char* const target : {"/", "//", "/./", "/?q"}) {
    const auto path = parse_request_path(target);
    ASSERT_TRUE(path) << target;
    EXPECT_TRUE(path->segments.empty()) << target;
    EXPECT_TRUE(path->ends_with_slash) << target;
  }
}

TEST(request_path, knows_a_slash_at_the_end) {
  EXPECT_TRUE(parse_request_path("/a/")->ends_with_slash);
  EXPECT_TRUE(parse_request_path("/a/.")->ends_with_slash);
  EXPECT_TRUE(parse_request_path("/a/?b")->ends_with_slash);
  EXPECT_FALSE(parse_request_path("/a?b/")->ends_with_slash);
}

TEST(request_path, that_leads_up_is_refused_however_it_is_written) {
  for (const char* const target :
       {"/..", "/../", "/a/../b", "/%2e%2e", "/%2E%2e/x", "/.%2e", "/%2e.", "/a/%2e%2e", "//../x", "/./.."}) {
    EXPECT_EQ(fault_of(target), path_fault::leads_up) << target;
  }
}

TEST(request_path, with_dots_in_a_name_is_a_name) {
  EXPECT_EQ(parse_request_path("/...")->segments, names{"..."});
  EXPECT_EQ(parse_request_path("/..a/b..")->segments, (names{"..a", "b.."}));
  EXPECT_EQ(parse_request_path("/..%5c..%5cetc")->segments, names{"..\\..\\etc"});
  EXPECT_EQ(parse_request_path("/%252e%252e")->segments, names{"%2e%2e"});  // Decoded once, and never again.
}

TEST(request_path, with_an_escaped_slash_or_zero_is_refused) {
  for (const char* const target : {"/a%2fb", "/..%2F..%2fetc", "/a%00", "/%00.html"}) {
    EXPECT_EQ(fault_of(target), path_fault::forbidden_byte) << target;
  }
}

TEST(request_path, with_a_broken_escape_is_refused) {
  for (const char* const target : {"/%", "/%2", "/%zz", "/a%2", "/%%20", "/%-1", "/% 1"}) {
    const path_fault fault = fault_of(target);
    EXPECT_TRUE(fault == path_fault::bad_escape || fault == path_fault::forbidden_byte) << target;
  }
}

TEST(request_path, with_bytes_that_no_uri_has_is_refused) {
  for (const std::string& target : {std::string("/a b"), std::string("/a\nb"), std::string("/a\0b", 4),
                                    std::string("/a\x7f"), std::string("/\xc3\xa4"), std::string("/a#b")}) {
    EXPECT_EQ(fault_of(target), path_fault::forbidden_byte) << target;
  }
}

TEST(request_path, that_is_not_absolute_is_refused) {
  for (const char* const target : {"", "*", "a", "?q", "https://example.org/", "example.org:443"}) {
    EXPECT_EQ(fault_of(target), path_fault::not_absolute) << target;
  }
}

TEST(request_path, that_is_too_long_is_refused) {
  EXPECT_TRUE(parse_request_path("/" + std::string(longest_request_target - 1, 'a')));
  EXPECT_EQ(fault_of("/" + std::string(longest_request_target, 'a')), path_fault::too_long);
}

TEST(request_path, as_a_folder_is_never_another_host) {
  EXPECT_EQ(parse_request_path("//evil.example/a")->as_folder(), "/evil.example/a/");
  EXPECT_EQ(parse_request_path("/%5cevil")->as_folder(), "/%5Cevil/");
  EXPECT_EQ(parse_request_path("/a%0d%0ax")->as_folder(), "/a%0D%0Ax/");
  EXPECT_EQ(parse_request_path("/b%20c/%C3%A4;p=1")->as_folder(), "/b%20c/%C3%A4;p=1/");
}

}  // namespace
}  // namespace quasio::apps
