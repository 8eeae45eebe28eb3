#include <random>

#include <gtest/gtest.h>

#include "quasio/driver/alt_svc.hpp"

namespace quasio::http3 {
namespace {

using std::chrono::seconds;

constexpr wall_time start{seconds(1'800'000'000)};

std::vector<std::string> places(alt_svc_cache& cache, std::string_view origin, wall_time now) {
  std::vector<std::string> all;
  for (const auto& each : cache.find(origin, now)) all.push_back(each.host + ":" + std::to_string(each.port));
  return all;
}

TEST(alt_svc, fields_of_the_rfc_are_parsed) {
  // RFC 7838, section 3, with HTTP/3's name.
  auto parsed = parse_alt_svc(R"(h3="alt.example.com:8000", h2=":443"; ma=3600; persist=1)").value();
  ASSERT_EQ(parsed.services.size(), 2u);
  EXPECT_EQ(parsed.services[0].protocol, "h3");
  EXPECT_EQ(parsed.services[0].host, "alt.example.com");
  EXPECT_EQ(parsed.services[0].port, 8000);
  EXPECT_EQ(parsed.services[0].max_age, seconds(86'400));
  EXPECT_FALSE(parsed.services[0].persist);
  EXPECT_EQ(parsed.services[1].host, "");
  EXPECT_EQ(parsed.services[1].max_age, seconds(3600));
  EXPECT_TRUE(parsed.services[1].persist);
  EXPECT_TRUE(parse_alt_svc("clear").value().clear);
  EXPECT_TRUE(parse_alt_svc(" clear ").value().clear);
  EXPECT_EQ(parse_alt_svc(R"(w%3Dx%3Ay#z="[2001:DB8::1]:1")").value().services[0].protocol, "w=x:y#z");
  EXPECT_EQ(parse_alt_svc(R"(h3="[2001:DB8::1]:1")").value().services[0].host, "2001:db8::1");
}

TEST(alt_svc, parameters_that_are_unknown_are_skipped) {
  const auto parsed = parse_alt_svc(R"(h3=":1";new="a, \"b\"; c" ; v=46;persist=2;ma="60" ,, h3=":2")").value();
  ASSERT_EQ(parsed.services.size(), 2u);
  EXPECT_FALSE(parsed.services[0].persist);
  EXPECT_EQ(parsed.services[0].max_age, seconds(60));
  EXPECT_EQ(parsed.services[1].port, 2);
}

TEST(alt_svc, what_is_malformed_is_refused_as_a_whole) {
  for (const char* text : {"",
                           " ",
                           ",",
                           "h3",
                           "h3=",
                           "h3=:443",
                           "h3=\":443",
                           "h3=\"443\"",
                           "h3=\":\"",
                           "h3=\":0\"",
                           "h3=\":65536\"",
                           "h3=\":4x\"",
                           "h3=\"a b:1\"",
                           "h3=\"a/b:1\"",
                           "h3=\"a@b:1\"",
                           "h3=\"[::1:1\"",
                           "=\":1\"",
                           "%=\":1\"",
                           "h3 =\":1\"",
                           "h3= \":1\"",
                           "h3=\":1\";",
                           "h3=\":1\"; ma",
                           "h3=\":1\"; ma=",
                           "h3=\":1\"; ma=-1",
                           "h3=\":1\"; ma=x",
                           "h3=\":1\"; ma=\"",
                           "h3=\":1\" h3=\":2\"",
                           "h3=\":1\", x",
                           "Clear",
                           "clear, h3=\":1\"",
                           "h3=\":1\", clear",
                           "h3=\":1\\",
                           "h3=\"\x01:1\""}) {
    EXPECT_FALSE(parse_alt_svc(text).has_value()) << text;
  }
  std::string many = "h3=\":1\"";
  for (int i = 0; i < 1000; ++i) many += ", h3=\":1\"";
  EXPECT_FALSE(parse_alt_svc(many).has_value());
}

TEST(alt_svc, ages_are_cut_rather_than_overflown) {
  EXPECT_EQ(parse_alt_svc("h3=\":1\"; ma=99999999999999999999999").value().services[0].max_age, seconds(2'147'483'647));
  alt_svc_cache cache;
  cache.put("https://a", "h3=\":1\"; ma=99999999999999999999999", start);
  EXPECT_EQ(places(cache, "https://a", start + seconds(30 * 86'400 - 1)).size(), 1u);
  EXPECT_TRUE(places(cache, "https://a", start + seconds(30 * 86'400)).empty());
}

TEST(alt_svc_cache, keeps_http3_until_it_is_stale) {
  alt_svc_cache cache;
  cache.put("https://a", R"(h2=":1"; ma=1000, h3=":2"; ma=100, h3="b:3"; ma=200)", start);
  EXPECT_EQ(places(cache, "https://a", start), (std::vector<std::string>{":2", "b:3"}));
  EXPECT_EQ(places(cache, "https://a", start + seconds(100)), (std::vector<std::string>{"b:3"}));
  EXPECT_TRUE(places(cache, "https://a", start + seconds(200)).empty());
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_TRUE(places(cache, "https://b", start).empty());
}

TEST(alt_svc_cache, counts_the_age_of_a_response) {
  alt_svc_cache cache;
  cache.put("https://a", R"(h3=":2"; ma=100)", start, seconds(60));
  EXPECT_EQ(places(cache, "https://a", start + seconds(39)).size(), 1u);
  EXPECT_TRUE(places(cache, "https://a", start + seconds(40)).empty());
  cache.put("https://a", R"(h3=":2"; ma=100)", start, seconds(100));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(alt_svc_cache, replaces_and_clears_but_heeds_nothing_malformed) {
  alt_svc_cache cache;
  cache.put("https://a", R"(h3="b:1")", start);
  cache.put("https://a", R"(h3="b:1)", start);
  EXPECT_EQ(places(cache, "https://a", start), (std::vector<std::string>{"b:1"}));
  cache.put("https://a", R"(h3="c:2")", start);
  EXPECT_EQ(places(cache, "https://a", start), (std::vector<std::string>{"c:2"}));
  cache.put("https://a", "clear", start);
  EXPECT_TRUE(places(cache, "https://a", start).empty());
}

TEST(alt_svc_cache, is_bounded) {
  alt_svc_limits limits;
  limits.origins = 3;
  limits.services_an_origin = 2;
  alt_svc_cache cache(limits);
  for (int i = 0; i < 100; ++i) {
    cache.put("https://" + std::to_string(i), R"(h3=":1", h3=":2", h3=":3")", start);
  }
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(places(cache, "https://99", start), (std::vector<std::string>{":1", ":2"}));
  EXPECT_TRUE(places(cache, "https://96", start).empty());
}

TEST(alt_svc_cache, leaves_what_is_broken_alone_for_longer_each_time) {
  alt_svc_cache cache;
  const alternative_service bad{.protocol = "h3", .host = "b", .port = 1};
  cache.put("https://a", R"(h3="b:1", h3="c:2")", start);
  cache.mark_broken("https://a", bad, start);
  EXPECT_EQ(places(cache, "https://a", start + seconds(299)), (std::vector<std::string>{"c:2"}));
  // That it is praised again changes nothing.
  cache.put("https://a", R"(h3="b:1", h3="c:2")", start + seconds(1));
  EXPECT_EQ(places(cache, "https://a", start + seconds(299)), (std::vector<std::string>{"c:2"}));
  EXPECT_EQ(places(cache, "https://a", start + seconds(300)).size(), 2u);
  cache.mark_broken("https://a", bad, start + seconds(300));
  EXPECT_EQ(places(cache, "https://a", start + seconds(899)).size(), 1u);
  EXPECT_EQ(places(cache, "https://a", start + seconds(900)).size(), 2u);
  cache.mark_working("https://a", bad);
  cache.mark_broken("https://a", bad, start + seconds(900));
  EXPECT_EQ(places(cache, "https://a", start + seconds(1200)).size(), 2u);
  for (int i = 0; i < 100; ++i) cache.mark_broken("https://a", bad, start + seconds(1200));
  EXPECT_EQ(places(cache, "https://a", start + seconds(1200 + 64 * 300)).size(), 2u);
  cache.mark_broken("https://unknown", bad, start);
}

TEST(alt_svc_cache, keeps_what_persists_when_the_network_changes) {
  alt_svc_cache cache;
  cache.put("https://a", R"(h3="b:1", h3="c:2"; persist=1)", start);
  cache.put("https://d", R"(h3="b:1")", start);
  cache.on_network_changed();
  EXPECT_EQ(places(cache, "https://a", start), (std::vector<std::string>{"c:2"}));
  EXPECT_EQ(cache.size(), 1u);
  cache.forget("https://a");
  EXPECT_EQ(cache.size(), 0u);
}

TEST(alt_svc_cache, comes_back_from_its_text) {
  alt_svc_cache cache;
  cache.put("https://a", R"(h3="[2001:db8::1]:1"; ma=100, h3=":2"; persist=1; ma=200)", start);
  cache.put("https://b:8443", R"(h3="c.example:3")", start);
  alt_svc_cache copy;
  copy.add_text(cache.to_text(), start + seconds(50));
  EXPECT_EQ(copy.to_text(), cache.to_text());
  EXPECT_EQ(places(copy, "https://a", start + seconds(99)), (std::vector<std::string>{"2001:db8::1:1", ":2"}));
  EXPECT_EQ(places(copy, "https://a", start + seconds(100)), (std::vector<std::string>{":2"}));
  alt_svc_cache late;
  late.add_text(cache.to_text(), start + seconds(150));
  EXPECT_EQ(places(late, "https://a", start + seconds(150)), (std::vector<std::string>{":2"}));
  alt_svc_cache unharmed;
  unharmed.add_text(
      "\n\n \nhttps://a\nhttps://a x 0 b:1\nhttps://a 1900000000 2 b:1\nhttps://a 1900000000 0 b\n"
      "https://a 1900000000 0 b:1\", h3=\"c:1\nhttps://a 1 0 b:1\n 1900000000 0 b:1\nnonsense",
      start);
  EXPECT_EQ(unharmed.size(), 0u);
  unharmed.add_text("https://a 9000000000000000 0 b:1\n", start);
  EXPECT_TRUE(places(unharmed, "https://a", start + seconds(31 * 86'400)).empty());
}

TEST(alt_svc, survives_any_bytes) {
  std::minstd_rand random(11);
  const std::string sound = R"(h3="alt.example.com:8000"; ma=3600; persist=1, w%3Dx="[::1]:443"; x="\"")";
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = sound;
    for (std::size_t changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, 1 + random() % 4);
        text += ' ';
      } else {
        text[at] = random() % 2 == 0 ? R"(=";,\ %:[])"[random() % 10] : static_cast<char>(random());
      }
    }
    const auto parsed = parse_alt_svc(text);
    if (!parsed) continue;
    ++accepted;
    for (const alternative_service& each : parsed->services) {
      EXPECT_GT(each.port, 0);
      EXPECT_FALSE(each.protocol.empty());
      EXPECT_GE(each.max_age.count(), 0);
    }
    alt_svc_cache cache;
    cache.put("https://a", text, start);
    alt_svc_cache copy;
    copy.add_text(cache.to_text(), start);
    EXPECT_EQ(copy.to_text(), cache.to_text());
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_LT(accepted, 19'000u);
}

}  // namespace
}  // namespace quasio::http3
