#include <gtest/gtest.h>

#include "quasio/driver/percent_encoding.hpp"
#include "quasio/driver/query.hpp"

namespace quasio::http3 {
namespace {

TEST(percent_encoding, stands_for_bytes) {
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("a%20b%2Fc%2fd"), "a b/c/d");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("%C3%A4"), "\xc3\xa4");
  for (const char* text : {"%", "%2", "a%", "%zz", "%2g", "%%20", "%+1"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(percent_encoding, of_any_text_is_its_own_inverse) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a-Z_0.~/ %"), "a-Z_0.~%2F%20%25");
}

TEST(query_parameters, are_taken_apart_in_order) {
  const query_parameters query("a=1&b=x+y&a=%26&flag&empty=&=nameless&&c==");
  ASSERT_EQ(query.size(), 7u);
  EXPECT_EQ(query.find("a"), "1");
  EXPECT_EQ(query.all("a"), (std::vector<std::string_view>{"1", "&"}));
  EXPECT_EQ(query.find("b"), "x y");
  EXPECT_EQ(query.find("flag"), "");
  EXPECT_EQ(query.find("empty"), "");
  EXPECT_EQ(query.find(""), "nameless");
  EXPECT_EQ(query.find("c"), "=");
  EXPECT_FALSE(query.find("d"));
  EXPECT_EQ(query.value_or("d", "none"), "none");
}

TEST(query_parameters, keep_what_is_no_encoding_as_it_is) {
  EXPECT_EQ(query_parameters("a=100%&b=%zz%41").find("a"), "100%");
  EXPECT_EQ(query_parameters("b=%zz%41%").find("b"), "%zzA%");
  EXPECT_TRUE(query_parameters("").empty());
  EXPECT_TRUE(query_parameters("&&&").empty());
}

TEST(query_parameters, are_numbers_where_they_are) {
  const query_parameters query("page=12&size=-3&large=99999999999&word=12a&none=");
  EXPECT_EQ(query.number<int>("page"), 12);
  EXPECT_EQ(query.number<int>("size"), -3);
  EXPECT_FALSE(query.number<unsigned>("size"));
  EXPECT_FALSE(query.number<std::int32_t>("large"));
  EXPECT_EQ(query.number<std::int64_t>("large"), 99999999999);
  EXPECT_FALSE(query.number<int>("word"));
  EXPECT_FALSE(query.number<int>("none"));
  EXPECT_FALSE(query.number<int>("missing"));
}

}  // namespace
}  // namespace quasio::http3
