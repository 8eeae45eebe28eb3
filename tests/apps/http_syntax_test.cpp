#include <gtest/gtest.h>

#include "site/byte_range.hpp"
#include "site/content_type.hpp"
#include "site/field_syntax.hpp"
#include "site/http_date.hpp"

namespace quasio::apps {
namespace {

using kind = range_choice::kind;

range_choice part(std::uint64_t first, std::uint64_t size) { return {kind::part, first, size}; }
const range_choice whole{};
const range_choice unsatisfiable{kind::unsatisfiable, 0, 0};

TEST(byte_range, takes_a_part_from_the_front_the_middle_and_the_end) {
  // RFC 9110, section 14.1.2: the examples, for a representation of 10000 bytes.
  EXPECT_EQ(choose_range("bytes=0-499", 10'000), part(0, 500));
  EXPECT_EQ(choose_range("bytes=500-999", 10'000), part(500, 500));
  EXPECT_EQ(choose_range("bytes=-500", 10'000), part(9'500, 500));
  EXPECT_EQ(choose_range("bytes=9500-", 10'000), part(9'500, 500));
  EXPECT_EQ(choose_range("bytes=0-0", 10'000), part(0, 1));
  EXPECT_EQ(choose_range("bytes=9999-9999", 10'000), part(9'999, 1));
}

TEST(byte_range, is_cut_at_the_end_of_the_file) {
  EXPECT_EQ(choose_range("bytes=5-100", 10), part(5, 5));
  EXPECT_EQ(choose_range("bytes=-100", 10), part(0, 10));
  EXPECT_EQ(choose_range("bytes=3-18446744073709551615", 10), part(3, 7));
  EXPECT_EQ(choose_range("bytes=3-99999999999999999999999999", 10), part(3, 7));
  EXPECT_EQ(choose_range("bytes=-99999999999999999999999999", 10), part(0, 10));
}

TEST(byte_range, cannot_be_satisfied_beyond_the_end) {
  EXPECT_EQ(choose_range("bytes=10-", 10), unsatisfiable);
  EXPECT_EQ(choose_range("bytes=10-20", 10), unsatisfiable);
  EXPECT_EQ(choose_range("bytes=99999999999999999999999999-", 10), unsatisfiable);
  EXPECT_EQ(choose_range("bytes=-0", 10), unsatisfiable);
}

TEST(byte_range, is_ignored_when_it_is_none) {
  for (const char* const header :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4", "bytes=0x1-2", "bytes=+1-2",
        "bytes=1-2-3", "bytes=1 -2", "lines=1-2", "bytes 1-2", "=1-2"}) {
    EXPECT_EQ(choose_range(header, 10), whole) << header;
  }
}

TEST(byte_range, is_ignored_when_there_are_several_or_the_file_is_empty) {
  EXPECT_EQ(choose_range("bytes=0-1,3-4", 10), whole);
  EXPECT_EQ(choose_range("bytes=0-1, -1", 10), whole);
  EXPECT_EQ(choose_range("bytes=0-", 0), whole);
  EXPECT_EQ(choose_range("bytes=-5", 0), whole);
}

TEST(byte_range, takes_empty_list_elements_and_any_case) {
  EXPECT_EQ(choose_range("bytes= , 1-2 ,", 10), part(1, 2));
  EXPECT_EQ(choose_range("BYTES=1-2", 10), part(1, 2));
}

TEST(http_date, is_written_as_imf_fixdate) {
  EXPECT_EQ(format_http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_http_date(4'107'542'399), "Sun, 28 Feb 2100 23:59:59 GMT");
}

TEST(http_date, is_read_in_all_three_forms) {
  constexpr unix_seconds now = 1'700'000'000;
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), 784'111'777);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), 784'111'777);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), 784'111'777);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", now), 784'975'777);
}

TEST(http_date, takes_two_digit_years_for_the_recent_past) {
  constexpr unix_seconds in_2023 = 1'700'000'000;
  EXPECT_EQ(parse_http_date("Sunday, 01-Jan-73 00:00:00 GMT", in_2023), 3'250'454'400);  // 2073: fifty years ahead
  EXPECT_EQ(parse_http_date("Tuesday, 01-Jan-74 00:00:00 GMT", in_2023), 126'230'400);   // 1974
}

TEST(http_date, is_refused_when_it_is_none) {
  for (const char* const text :
       {"", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Noo 1994 08:49:37 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun,"}) {
    EXPECT_FALSE(parse_http_date(text, 0)) << text;
  }
}

TEST(http_date, survives_a_round_trip_through_four_hundred_years) {
  for (unix_seconds time = -2'000'000'000; time < 10'000'000'000; time += 86'399 * 37) {
    EXPECT_EQ(parse_http_date(format_http_date(time), 0), time);
  }
}

TEST(content_type, follows_the_extension) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("INDEX.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a.b.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("x.svg"), "image/svg+xml");
  EXPECT_EQ(content_type_of("x.webmanifest"), "application/manifest+json");
  EXPECT_EQ(content_type_of("x.3gp"), "video/3gpp");
  EXPECT_EQ(content_type_of("x.zst"), "application/zstd");
}

TEST(content_type, is_a_stream_of_octets_when_nothing_is_known) {
  for (const char* const name : {"", "name", ".", "name.", "x.unknown", "x.averyveryverylongextension", "html"}) {
    EXPECT_EQ(content_type_of(name), "application/octet-stream") << name;
  }
}

TEST(list_elements, keeps_commas_in_quotes_together) {
  list_elements elements(R"(  "a,b" ,,	W/"c", * ,)");
  EXPECT_EQ(elements.next(), R"("a,b")");
  EXPECT_EQ(elements.next(), R"(W/"c")");
  EXPECT_EQ(elements.next(), "*");
  EXPECT_FALSE(elements.next());
}

}  // namespace
}  // namespace quasio::apps
