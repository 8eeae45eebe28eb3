#include "site/http_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace quasio::apps {

namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil_time {
  int year = 0;
  unsigned month = 0;  // 1 to 12
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

std::optional<unix_seconds> to_unix(const civil_time& time) {
  const std::chrono::year_month_day date(std::chrono::year(time.year), std::chrono::month(time.month),
                                         std::chrono::day(time.day));
  // A leap second (60) counts as the second after it.
  if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return unix_seconds{days} * 86'400 + time.hour * 3'600 + time.minute * 60 + time.second;
}

// Eats a text from the left; once something did not fit, nothing does.
class scanner {
public:
  explicit scanner(std::string_view text) noexcept : rest_(text) {}

  void literal(std::string_view wanted) {
    if (rest_.substr(0, wanted.size()) != wanted) return fail();
    rest_.remove_prefix(wanted.size());
  }

  unsigned digits(std::size_t count) {
    unsigned value = 0;
    if (rest_.size() < count) return fail(), 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail(), 0;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  unsigned month() {
    const auto* found = std::find(month_names.begin(), month_names.end(), rest_.substr(0, 3));
    if (found == month_names.end()) return fail(), 0;
    rest_.remove_prefix(3);
    return static_cast<unsigned>(found - month_names.begin()) + 1;
  }

  // The name of a day of the week; `size` 0 is the whole name. Which day it is does not matter.
  void day_name(std::size_t size) {
    for (const std::string_view name : day_names) {
      const std::string_view wanted = size == 0 ? name : name.substr(0, size);
      if (rest_.substr(0, wanted.size()) == wanted) return rest_.remove_prefix(wanted.size());
    }
    fail();
  }

  void time_of_day(civil_time& time) {
    time.hour = digits(2);
    literal(":");
    time.minute = digits(2);
    literal(":");
    time.second = digits(2);
  }

  bool next_is(char wanted) const noexcept { return !rest_.empty() && rest_.front() == wanted; }
  bool complete() const noexcept { return good_ && rest_.empty(); }

private:
  void fail() noexcept {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

std::optional<unix_seconds> parse_imf_fixdate(std::string_view text) {  // Sun, 06 Nov 1994 08:49:37 GMT
  scanner scan(text);
  civil_time time;
  scan.day_name(3);
  scan.literal(", ");
  time.day = scan.digits(2);
  scan.literal(" ");
  time.month = scan.month();
  scan.literal(" ");
  time.year = static_cast<int>(scan.digits(4));
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" GMT");
  return scan.complete() ? to_unix(time) : std::nullopt;
}

std::optional<unix_seconds> parse_rfc850(std::string_view text, unix_seconds now) {  // Sunday, 06-Nov-94 08:49:37 GMT
  scanner scan(text);
  civil_time time;
  scan.day_name(0);
  scan.literal(", ");
  time.day = scan.digits(2);
  scan.literal("-");
  time.month = scan.month();
  scan.literal("-");
  const unsigned two_digits = scan.digits(2);
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" GMT");
  if (!scan.complete()) return std::nullopt;
  // A year that seems more than fifty years in the future is the most recent past one with these digits.
  const std::chrono::year_month_day today(
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(now))));
  const int this_year = static_cast<int>(today.year());
  time.year = this_year / 100 * 100 + static_cast<int>(two_digits);
  if (time.year > this_year + 50) time.year -= 100;
  return to_unix(time);
}

std::optional<unix_seconds> parse_asctime(std::string_view text) {  // Sun Nov  6 08:49:37 1994
  scanner scan(text);
  civil_time time;
  scan.day_name(3);
  scan.literal(" ");
  time.month = scan.month();
  scan.literal(" ");
  if (scan.next_is(' ')) {
    scan.literal(" ");
    time.day = scan.digits(1);
  } else {
    time.day = scan.digits(2);
  }
  scan.literal(" ");
  scan.time_of_day(time);
  scan.literal(" ");
  time.year = static_cast<int>(scan.digits(4));
  return scan.complete() ? to_unix(time) : std::nullopt;
}

}  // namespace

std::string format_http_date(unix_seconds time) {
  const std::chrono::sys_seconds point{std::chrono::seconds(time)};
  const auto midnight = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(point - midnight);
  const std::string_view day = day_names[std::chrono::weekday(midnight).c_encoding()].substr(0, 3);
  const std::string_view month = month_names[static_cast<unsigned>(date.month()) - 1];
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT", day.data(),
                                 static_cast<unsigned>(date.day()), month.data(), static_cast<int>(date.year()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<unix_seconds> parse_http_date(std::string_view text, unix_seconds now) {
  if (auto time = parse_imf_fixdate(text)) return time;
  if (auto time = parse_rfc850(text, now)) return time;
  return parse_asctime(text);
}

}  // namespace quasio::apps
