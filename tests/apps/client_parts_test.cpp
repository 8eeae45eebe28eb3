#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/temporary_folder.hpp"
#include "client/arguments.hpp"
#include "client/exit_code.hpp"
#include "client/json_summary.hpp"
#include "client/progress.hpp"
#include "quasio/driver/error.hpp"
#include "quasio/runtime/error.hpp"

namespace quasio::apps {
namespace {

using options = std::vector<std::string>;

std::variant<client_arguments, early_end> parse(const options& given) {
  std::vector<const char*> all = {"quasio-client"};
  for (const std::string& option : given) all.push_back(option.c_str());
  return parse_client_arguments(static_cast<int>(all.size()), all.data());
}

client_arguments accepted(const options& given) {
  auto parsed = parse(given);
  if (const auto* end = std::get_if<early_end>(&parsed)) {
    ADD_FAILURE() << end->error;
    return {};
  }
  return std::get<client_arguments>(parsed);
}

std::string refusal(const options& given) {
  const auto parsed = parse(given);
  const auto* end = std::get_if<early_end>(&parsed);
  if (end == nullptr) return "accepted";
  EXPECT_EQ(end->code, exit_usage);
  EXPECT_TRUE(end->out.empty());
  EXPECT_LE(std::count(end->error.begin(), end->error.end(), '\n'), 3) << end->error;
  return end->error;
}

void expect_refusal(const options& given, const std::string& word) {
  const std::string text = refusal(given);
  EXPECT_NE(text.find(word), std::string::npos) << text;
}

const std::string url = "https://example.org/a/b.txt?c";

TEST(client_arguments, have_defaults) {
  const client_arguments out = accepted({url});
  ASSERT_EQ(out.transfers.size(), 1u);
  EXPECT_EQ(out.transfers[0].url.host, "example.org");
  EXPECT_EQ(out.transfers[0].output, "");
  EXPECT_EQ(out.method, "GET");
  EXPECT_EQ(out.parallel, 1u);
  EXPECT_EQ(out.connect_timeout, std::chrono::seconds(15));
  EXPECT_EQ(out.keep_alive, std::chrono::seconds(0));
  EXPECT_EQ(out.max_time.count(), 0);
  EXPECT_FALSE(out.body);
  EXPECT_EQ(http3::find_field(out.headers, "accept"), "*/*");
  EXPECT_EQ(http3::find_field(out.headers, "user-agent").rfind("quasio-client/", 0), 0u);
}

TEST(client_arguments, give_each_url_its_output) {
  const client_arguments out =
      accepted({"-o", "one", "https://h/1", "-O", "https://h/x/2.bin?q", "-o", "-", "https://h/3"});
  ASSERT_EQ(out.transfers.size(), 3u);
  EXPECT_EQ(out.transfers[0].output, "one");
  EXPECT_EQ(out.transfers[1].output, "");
  EXPECT_EQ(out.transfers[2].output, "3");
  EXPECT_EQ(accepted({"-O", url}).transfers[0].output, "b.txt");
}

TEST(client_arguments, choose_the_method) {
  EXPECT_EQ(accepted({"-I", url}).method, "HEAD");
  EXPECT_EQ(accepted({"-d", "x", url}).method, "POST");
  EXPECT_EQ(accepted({"-X", "PUT", "-d", "x", url}).method, "PUT");
  EXPECT_EQ(accepted({"-X", "DELETE", url}).method, "DELETE");
  expect_refusal({"-X", "A B", url}, "A B");
  expect_refusal({"-X", "CONNECT", url}, "CONNECT");
  expect_refusal({"-I", "-d", "x", url}, "-I");
}

TEST(client_arguments, read_bodies) {
  testing::temporary_folder folder;
  folder.write("data", "a\nb");
  const std::string file = (folder / "data").string();
  EXPECT_EQ(accepted({"-d", "a=1", "-d", "b=2", url}).body->bytes, "a=1&b=2");
  EXPECT_EQ(accepted({"-d", "[1,2]", url}).body->bytes, "[1,2]");
  EXPECT_EQ(accepted({"-d", "", url}).body->bytes, "");
  EXPECT_EQ(accepted({"-d", "@" + file, url}).body->file, file);
  EXPECT_EQ(accepted({"-d", "x", "-d", "@" + file, url}).body->bytes, "x&a\nb");
  expect_refusal({"-d", "@" + file + "/none", url}, file + "/none");
}

TEST(client_arguments, read_what_to_upload) {
  testing::temporary_folder folder;
  folder.write("data", "a");
  const std::string file = (folder / "data").string();
  const client_arguments out = accepted({"-T", file, url});
  EXPECT_EQ(out.method, "PUT");
  EXPECT_EQ(out.body->file, file);
  EXPECT_EQ(http3::find_field(out.headers, "content-type"), "");
  EXPECT_TRUE(accepted({"-T", "-", url}).body->standard_input);
  EXPECT_EQ(accepted({"-T", "-", "-X", "POST", url}).method, "POST");
  expect_refusal({"-T", file + "/none", url}, file + "/none");
  expect_refusal({"-T", folder.path().string(), url}, "-T");
  expect_refusal({"-T", "-", url, url}, "once");
  expect_refusal({"-T", "-", "--repeat", "2", url}, "once");
  expect_refusal({"-T", file, "-d", "x", url}, "-d");
}

TEST(client_arguments, read_headers) {
  const client_arguments out =
      accepted({"-H", "X-Test:  a: b ", "-H", "x-test: c", "-H", "Accept: text/html", "-H", "User-Agent:", url});
  EXPECT_EQ(out.headers, (http3::field_list{{"x-test", "a: b"}, {"x-test", "c"}, {"accept", "text/html"}}));
  expect_refusal({"-H", "no colon", url}, "no colon");
  expect_refusal({"-H", ":path: /x", url}, "no name");
  expect_refusal({"-H", "a b: c", url}, "a b");
  expect_refusal({"-H", "Host: other", url}, "--connect-to");
  expect_refusal({"-H", "Connection: close", url}, "connection");
  expect_refusal({"-H", "Transfer-Encoding: chunked", url}, "transfer-encoding");
  expect_refusal({"-H", "TE: gzip", url}, "TE");
  expect_refusal({"-H", "x: a\r\nb: c", url}, "control");
}

TEST(client_arguments, read_where_to_connect_instead) {
  const auto to = accepted({"--connect-to", "example.org:443:[::1]:4433", "--connect-to", ":::1", url}).connect_to;
  ASSERT_EQ(to.size(), 2u);
  EXPECT_EQ(to[0].host, "example.org");
  EXPECT_EQ(to[0].port, 443);
  EXPECT_EQ(to[0].to_host, "::1");
  EXPECT_EQ(to[0].to_port, 4433);
  EXPECT_EQ(to[1].host + to[1].to_host, "");
  EXPECT_EQ(to[1].to_port, 1);
  for (const char* const bad : {"a:1:b", "a:1:b:2:c", "a:x:b:2", "a:1:[::1:2", "a:1:b:99999"}) {
    expect_refusal({"--connect-to", bad, url}, bad);
  }
}

TEST(client_arguments, refuse_urls_that_are_none) {
  for (const char* const bad : {"", "https://", "https:///path", "http://example.org/", "example.org", "https://a b/",
                                "https://example.org:99999/", "https://user@example.org/"}) {
    expect_refusal({bad}, "quasio-client: ");
  }
  expect_refusal({}, "URL");
}

TEST(client_arguments, refuse_what_would_mix_bodies) {
  expect_refusal({"--parallel", "2", "https://h/1", "https://h/2"}, "standard output");
  expect_refusal({"--parallel", "2", "-O", "https://h/a/x", "https://h/b/x"}, "x");
  accepted({"--parallel", "2", "-o", "/dev/null", "--repeat", "5", "https://h/1"});
  accepted({"--parallel", "2", "-o", "x", "https://h/1"});
  expect_refusal({"--json", url}, "--json");
  accepted({"--json", "-I", url});
  expect_refusal({"-o", "a", "-o", "b", url}, "more -o");
  expect_refusal({"-O", "https://h/"}, "-o FILE");
  expect_refusal({"-O", "https://h/a/.."}, "-o FILE");
}

TEST(client_arguments, refuse_unknown_options_and_numbers) {
  expect_refusal({"--no-such-option", url}, "--no-such-option");
  expect_refusal({"--parallel", "0", url}, "--parallel");
  expect_refusal({"--max-time", "soon", url}, "--max-time");
  expect_refusal({"-s", "-v", url}, "-");
}

TEST(client_arguments, choose_how_fast_to_send) {
  const client_arguments out =
      accepted({"--congestion", "bbr", "--initial-window", "20", "--max-pacing-rate", "100", url});
  EXPECT_EQ(out.congestion.algorithm, "bbr");
  EXPECT_EQ(out.congestion.initial_window, 20u);
  EXPECT_EQ(out.congestion.max_pacing_megabits, 100);
  expect_refusal({"--congestion", "vegas", url}, "vegas");
}

TEST(client_arguments, choose_versions_and_key_updates) {
  const client_arguments usual = accepted({url});
  EXPECT_FALSE(first_version(usual.versions));
  quic::version_settings settings;
  apply(usual.versions, settings);
  EXPECT_TRUE(settings.supported.empty());
  EXPECT_EQ(usual.update_keys_after, 0u);

  const client_arguments out =
      accepted({"--quic-version", "1", "--versions", "2,1", "--update-keys-after", "100000", url});
  EXPECT_EQ(first_version(out.versions), quic_version::v1);
  apply(out.versions, settings);
  EXPECT_EQ(settings.supported, (std::vector<quic_version>{quic_version::v2, quic_version::v1}));
  EXPECT_EQ(out.update_keys_after, 100'000u);

  EXPECT_EQ(first_version(accepted({"--quic-version", "2", url}).versions), quic_version::v2);
  EXPECT_EQ(accepted({"--versions", "2", url}).versions.supported, std::vector<std::string>{"2"});
  expect_refusal({"--versions", "3", url}, "3");
  expect_refusal({"--quic-version", "draft-29", url}, "draft-29");
  expect_refusal({"--quic-version", "1", "--versions", "2", url}, "--quic-version 1");
  expect_refusal({"--update-keys-after", "0", url}, "--update-keys-after");
}

TEST(client_arguments, repeat_urls) {
  const client_arguments out = accepted({"--repeat", "3", "-o", "/dev/null", "https://h/1", "-o", "x", "https://h/2"});
  ASSERT_EQ(out.transfers.size(), 6u);
  EXPECT_EQ(out.transfers[2].text, "https://h/1");
  EXPECT_EQ(out.transfers[5].output, "x");
}

error_code alert(int number) {
  return runtime::make_wire_error(0x100 + static_cast<unsigned>(number), runtime::transport_category());
}

TEST(client_exit, tells_why_it_failed) {
  EXPECT_EQ(exit_of(asio::error::host_not_found, false), client_exit::resolve);
  EXPECT_EQ(exit_of(asio::error::service_not_found, false), client_exit::resolve);
  EXPECT_EQ(exit_of(asio::error::connection_refused, false), client_exit::connect);
  EXPECT_EQ(exit_of(asio::error::network_unreachable, false), client_exit::connect);
  EXPECT_EQ(exit_of(http3::client_error::connect_timeout, false), client_exit::timeout);
  EXPECT_EQ(exit_of(runtime::error::handshake_timeout, false), client_exit::timeout);
  EXPECT_EQ(exit_of(runtime::error::version_negotiation, false), client_exit::handshake);
  EXPECT_EQ(exit_of(alert(120), false), client_exit::handshake);
  EXPECT_EQ(exit_of(alert(40), false), client_exit::handshake);
  for (const int number : {42, 43, 44, 45, 46, 48}) EXPECT_EQ(exit_of(alert(number), false), client_exit::certificate);
  EXPECT_EQ(exit_of(runtime::make_wire_error(2, runtime::transport_category()), false), client_exit::connect);
  EXPECT_EQ(exit_of(runtime::make_wire_error(10, runtime::transport_category()), true), client_exit::transfer);
  EXPECT_EQ(exit_of(http3::error_code::internal_error, true), client_exit::transfer);
  EXPECT_EQ(exit_of(runtime::error::idle_timeout, true), client_exit::transfer);
  EXPECT_EQ(exit_of(runtime::error::peer_lost, true), client_exit::transfer);
  EXPECT_EQ(exit_of(http3::client_error::bad_url, false), client_exit::usage);
}

TEST(progress, shows_share_rate_and_time_left) {
  using seconds = std::chrono::duration<double>;
  progress shown(1);
  EXPECT_EQ(shown.render(seconds(0.5), 80), "0 B  0 B/s");
  shown.expect(1'000'000);
  shown.advance(500'000);
  progress steady(1);
  steady.expect(1'000'000);
  steady.advance(500'000);
  EXPECT_EQ(steady.render(seconds(5), 100),
            "[####################                    ] 50 %  500 kB of 1.00 MB  100 kB/s  5 s left");
  steady.advance(500'000);
  EXPECT_NE(steady.render(seconds(10), 100).find("100 %"), std::string::npos);
  EXPECT_EQ(steady.render(seconds(11), 100).find("left"), std::string::npos);
}

TEST(progress, fits_into_the_terminal) {
  progress shown(3);
  shown.expect(1'000'000'000);
  shown.advance(12'345'678);
  for (std::size_t width = 0; width < 120; ++width)
    EXPECT_LE(shown.render(std::chrono::seconds(1), width).size(), width);
}

TEST(progress, counts_transfers_and_claims_no_total_that_is_unknown) {
  progress shown(2);
  shown.expect(1000);
  shown.expect(std::nullopt);
  shown.advance(500);
  shown.complete_one();
  const std::string line = shown.render(std::chrono::seconds(1), 80);
  EXPECT_EQ(line.rfind("1/2  500 B  ", 0), 0u) << line;
  EXPECT_EQ(line.find('%'), std::string::npos);
}

TEST(json_summary, is_json_whatever_servers_send) {
  client_arguments arguments = accepted({"-o", "x", url, "-o", "y", url});
  std::vector<transfer_result> results(2);
  results[0].status = 200;
  results[0].bytes = 5;
  results[0].headers = {{"set-cookie", "a"}, {"set-cookie", "\xff\xfe"}};
  results[1].exit = client_exit::connect;
  results[1].error = "nobody";
  const auto parsed =
      nlohmann::json::parse(json_summary(arguments, results, client_exit::connect, std::chrono::seconds(2)));
  EXPECT_EQ(parsed["exit_code"], 7);
  EXPECT_EQ(parsed["bytes"], 5);
  EXPECT_EQ(parsed["seconds"], 2.0);
  EXPECT_EQ(parsed["transfers"][0]["headers"]["set-cookie"].size(), 2u);
  EXPECT_TRUE(parsed["transfers"][0]["error"].is_null());
  EXPECT_EQ(parsed["transfers"][1]["error"], "nobody");
  EXPECT_TRUE(parsed["transfers"][1]["status"].is_null());
}

}  // namespace
}  // namespace quasio::apps
