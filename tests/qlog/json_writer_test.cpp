#include "qlog/json_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace quasio::qlog {
namespace {

using namespace std::chrono_literals;

TEST(json_writer, sees_to_commas_and_nesting) {
  std::string out;
  json_writer json(out);
  json.begin_object();
  json.text("a", "b");
  json.begin_object("inner");
  json.end_object();
  json.begin_array("list");
  json.number(1);
  json.begin_array();
  json.number(2);
  json.number(3);
  json.end_array();
  json.text_item("x");
  json.end_array();
  json.boolean("yes", true);
  json.boolean("no", false);
  json.end_object();
  EXPECT_EQ(out, R"({"a":"b","inner":{},"list":[1,[2,3],"x"],"yes":true,"no":false})");
}

TEST(json_writer, escapes_what_json_cannot_hold) {
  std::string text("quote \" back \\ line \n nul ");
  text += '\0';
  text += "\x1f end";
  std::string out;
  json_writer json(out);
  json.begin_object();
  json.text(text, text);
  json.end_object();
  const auto read = nlohmann::json::parse(out);
  EXPECT_EQ(read.at(text), text);
}

TEST(json_writer, writes_numbers_whole) {
  std::string out;
  json_writer json(out);
  json.begin_object();
  json.number("most", UINT64_MAX);
  json.milliseconds("time", 1234567us);
  json.milliseconds("even", 5ms);
  json.milliseconds("tiny", 7us);
  json.milliseconds("before", -1500us);
  json.hex("bytes", std::array<std::uint8_t, 3>{0x00, 0xaf, 0x10});
  json.end_object();
  EXPECT_EQ(out,
            R"({"most":18446744073709551615,"time":1234.567,"even":5,"tiny":0.007,"before":-1.500,"bytes":"00af10"})");
}

TEST(utf8, is_told_from_what_is_none) {
  for (const char* good : {"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  // Cut short, continued too early, overlong, a surrogate, beyond the last character.
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace quasio::qlog
