#include "quasio/http3/priority.hpp"

#include <gtest/gtest.h>

#include "http3/structured_field.hpp"

/// Priority fields as the dictionaries that they are (RFC 9218, section 4; RFC 8941, section 4.2).
namespace quasio::http3 {
namespace {

priority_parameters named(std::optional<std::uint8_t> urgency, std::optional<bool> incremental) {
  return {urgency, incremental};
}

TEST(priority, reads_the_examples_of_the_rfc) {
  EXPECT_EQ(parse_priority("u=0"), named(0, std::nullopt));
  EXPECT_EQ(parse_priority("u=5, i"), named(5, true));
  EXPECT_EQ(parse_priority("u=1"), named(1, std::nullopt));
  EXPECT_EQ(parse_priority(""), named(std::nullopt, std::nullopt));
}

TEST(priority, reads_all_that_a_dictionary_may_look_like) {
  EXPECT_EQ(parse_priority("  u=2 ,\t i  "), named(2, true));
  EXPECT_EQ(parse_priority("i=?0,u=7"), named(7, false));
  EXPECT_EQ(parse_priority("u=3;a;b=4, i;x=\"y\""), named(3, true));
  EXPECT_EQ(parse_priority("u=1, u=6"), named(6, std::nullopt)) << "the last one counts";
  EXPECT_EQ(parse_priority("u=6, u"), named(std::nullopt, std::nullopt)) << "the last one counts, of whatever type";
  EXPECT_EQ(parse_priority("i, i=?0"), named(std::nullopt, false));
}

// [rfc9218 4#1]
TEST(priority, passes_over_members_that_it_does_not_know) {
  for (const char* other : {"a", "*x-1._=5", "v=-12.345", "s=\"a \\\"b\\\\\"", "t=tok:en/!",
                            "b=:aGVsbG8=:", "l=(1 2;a \"c\");d", "e=()", "n=( 1 )", "t=*a"}) {
    EXPECT_EQ(parse_priority(std::string("u=4, ") + other + ", i"), named(4, true)) << other;
  }
}

// [rfc9218 4#1]
TEST(priority, passes_over_values_out_of_range_or_of_another_type) {
  for (const char* value : {"u=8", "u=-1", "u=1.5", "u=\"1\"", "u=?1", "u=(1)", "u=999999999999999", "i=1", "i=true"}) {
    EXPECT_EQ(parse_priority(value), named(std::nullopt, std::nullopt)) << value;
  }
}

TEST(priority, refuses_what_is_no_dictionary) {
  for (const char* text : {"u=",
                           "u=3,",
                           ",u=3",
                           "u=3,,i",
                           "U=3",
                           "u = 3",
                           "u=3 i",
                           "u=3;",
                           "u=3;=1",
                           "3",
                           "=3",
                           "i=?2",
                           "i=?",
                           "u=--1",
                           "u=1.",
                           "u=1.2345",
                           "u=1234567890123456",
                           "u=1234567890123.1",
                           "s=\"open",
                           "s=\"\\x\"",
                           "s=\"\x01\"",
                           "b=:abc",
                           "b=:a b:",
                           "l=(1",
                           "l=(1\"a\")",
                           "l=(1,2)",
                           "u=3\xff",
                           "\tu=3",
                           "u=3\n",
                           "a=@1",
                           "-"}) {
    EXPECT_FALSE(parse_priority(text)) << text;
  }
}

TEST(priority, of_several_lines_is_of_one_dictionary) {
  EXPECT_EQ(find_priority({{"priority", "u=1"}, {"x", "y"}, {"priority", "i"}, {"priority", "u=2"}}), named(2, true));
  EXPECT_EQ(find_priority({{"priority", "u=1"}, {"priority", "i="}}), priority_parameters{}) << "one fault spoils all";
  EXPECT_EQ(find_priority({{"x", "u=1"}}), priority_parameters{});
}

TEST(priority, is_written_as_it_is_read) {
  for (std::uint8_t urgency = 0; urgency < 8; ++urgency) {
    for (const bool incremental : {false, true}) {
      const priority wanted{urgency, incremental};
      const auto read = parse_priority(to_field_value(wanted));
      ASSERT_TRUE(read);
      EXPECT_EQ(merge({}, *read), wanted);
    }
  }
}

TEST(priority, of_a_response_overrides_only_what_it_names) {
  const priority wanted{5, true};
  EXPECT_EQ(merge(wanted, named(1, std::nullopt)), (priority{1, true}));
  EXPECT_EQ(merge(wanted, named(std::nullopt, false)), (priority{5, false}));
  EXPECT_EQ(merge(wanted, {}), wanted);
}

TEST(structured_item, is_one_value_with_parameters) {
  const auto truth = structured::parse_item(" ?1;a=2;b ");
  ASSERT_TRUE(truth);
  EXPECT_EQ(truth->type, structured::item::kind::boolean);
  EXPECT_EQ(truth->value, 1);
  EXPECT_EQ(structured::parse_item("-15")->value, -15);
  for (const char* text : {"", "?1, ?1", "(1)", "?1;", "? 1", "1 2"})
    EXPECT_FALSE(structured::parse_item(text)) << text;
}

}  // namespace
}  // namespace quasio::http3
