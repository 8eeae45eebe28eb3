#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/host_port.hpp"
#include "common/readable.hpp"
#include "quasio/net/endpoint.hpp"
#include "server/arguments.hpp"
#include "server/identity.hpp"
#include "server/listening.hpp"
#include "server/metrics_front.hpp"

namespace quasio::apps {
namespace {

std::variant<server_arguments, early_end> parse(std::initializer_list<const char*> options) {
  std::vector<const char*> all = {"quasio-server"};
  all.insert(all.end(), options);
  return parse_server_arguments(static_cast<int>(all.size()), all.data());
}

server_arguments accepted(std::initializer_list<const char*> options) {
  auto parsed = parse(options);
  EXPECT_TRUE(std::holds_alternative<server_arguments>(parsed)) << std::get<early_end>(parsed).error;
  return std::get<server_arguments>(parsed);
}

early_end refused(std::initializer_list<const char*> options) {
  auto parsed = parse(options);
  EXPECT_TRUE(std::holds_alternative<early_end>(parsed));
  return std::get<early_end>(parsed);
}

TEST(server_arguments, have_defaults) {
  const server_arguments out = accepted({});
  EXPECT_EQ(out.listen, (std::vector<host_port>{{"::", 4433}}));
  EXPECT_TRUE(out.listen_by_default);
  EXPECT_EQ(out.root, ".");
  EXPECT_TRUE(out.tcp);
  EXPECT_FALSE(out.hidden_files);
  EXPECT_EQ(out.retry, quic::retry_policy::automatic);
  EXPECT_EQ(out.idle_timeout, std::chrono::seconds(30));
  EXPECT_EQ(out.drain_timeout, std::chrono::seconds(10));
  EXPECT_EQ(out.log_level, spdlog::level::info);
}

TEST(server_arguments, metrics_want_an_address_and_a_port) {
  EXPECT_FALSE(accepted({}).metrics);
  EXPECT_EQ(accepted({"--metrics", "127.0.0.1:9443"}).metrics, (host_port{"127.0.0.1", 9443}));
  EXPECT_NE(refused({"--metrics", "9443"}).error.find("--metrics"), std::string::npos);
}

TEST(metrics_front, writes_the_text_that_prometheus_reads) {
  std::vector<runtime::metric_family> all(2);
  all[0] = {"quasio_things_total", "Things.", runtime::metric_kind::counter, {}};
  all[0].samples.push_back({{{"kind", "a \"b\" \\ c"}}, 3, {}});
  all[1] = {"quasio_time_seconds", "Time.", runtime::metric_kind::histogram, {}};
  all[1].samples.push_back({{}, 0, {{0.5, 1}, {2, 1, 4}, 7, 12.5}});
  const std::string text = to_prometheus_text(all);
  for (const char* const line :
       {"# TYPE quasio_things_total counter\n", "quasio_things_total{kind=\"a \\\"b\\\" \\\\ c\"} 3\n",
        "# TYPE quasio_time_seconds histogram\n", "quasio_time_seconds_bucket{le=\"0.5\"} 2\n",
        "quasio_time_seconds_bucket{le=\"1\"} 3\n", "quasio_time_seconds_bucket{le=\"+Inf\"} 7\n",
        "quasio_time_seconds_sum 12.5\n", "quasio_time_seconds_count 7\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is missing in\n" << text;
  }
}

TEST(server_arguments, are_all_understood) {
  const server_arguments out = accepted({"--listen",
                                         "127.0.0.1:0",
                                         "--listen",
                                         "[::1]:443",
                                         "--listen=localhost:8443",
                                         "--root",
                                         "site",
                                         "--cert",
                                         "c.pem",
                                         "--key",
                                         "k.pem",
                                         "--threads",
                                         "3",
                                         "--retry",
                                         "always",
                                         "--keylog",
                                         "keys",
                                         "--log-level",
                                         "debug",
                                         "--no-tcp",
                                         "--idle-timeout",
                                         "2.5",
                                         "--drain-timeout",
                                         "0",
                                         "--max-connections",
                                         "10",
                                         "--headers-timeout",
                                         "1.5",
                                         "--write-timeout",
                                         "0",
                                         "--unused-timeout",
                                         "7",
                                         "--hidden-files",
                                         "--handover",
                                         "h.sock",
                                         "--early-data"});
  EXPECT_EQ(out.listen, (std::vector<host_port>{{"127.0.0.1", 0}, {"::1", 443}, {"localhost", 8443}}));
  EXPECT_FALSE(out.listen_by_default);
  EXPECT_EQ(out.root, "site");
  EXPECT_EQ(out.certificate, "c.pem");
  EXPECT_EQ(out.key, "k.pem");
  EXPECT_EQ(out.threads, 3u);
  EXPECT_EQ(out.retry, quic::retry_policy::always);
  EXPECT_EQ(out.key_log, "keys");
  EXPECT_EQ(out.log_level, spdlog::level::debug);
  EXPECT_FALSE(out.tcp);
  EXPECT_EQ(out.idle_timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(out.drain_timeout, std::chrono::milliseconds(0));
  EXPECT_EQ(out.max_connections, 10u);
  EXPECT_EQ(out.limits.headers_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(out.limits.write_timeout, std::chrono::milliseconds(0));
  EXPECT_EQ(out.limits.unused_timeout, std::chrono::seconds(7));
  EXPECT_TRUE(out.hidden_files);
  EXPECT_TRUE(out.early_data);
  EXPECT_EQ(out.handover, "h.sock");
}

TEST(server_arguments, are_refused_with_the_word_that_is_wrong) {
  const auto complains = [](std::initializer_list<const char*> options, const char* word) {
    const early_end end = refused(options);
    EXPECT_EQ(end.code, exit_usage);
    EXPECT_TRUE(end.out.empty());
    EXPECT_NE(end.error.find(word), std::string::npos) << end.error;
  };
  complains({"--listen", "nonsense"}, "nonsense");
  complains({"--listen", "1.2.3.4:99999"}, "1.2.3.4:99999");
  complains({"--listen", "::1:443"}, "::1:443");
  complains({"--retry", "maybe"}, "maybe");
  complains({"--log-level", "loud"}, "loud");
  complains({"--threads", "0"}, "--threads");
  complains({"--threads", "many"}, "--threads");
  complains({"--cert", "c.pem"}, "--key");
  complains({"--key", "k.pem"}, "--cert");
  complains({"--no-such-option"}, "--no-such-option");
  complains({"folder"}, "folder");
  complains({"--root"}, "--root");
}

TEST(server_arguments, choose_versions) {
  quic::version_settings usual;
  apply(accepted({}).versions, usual);
  EXPECT_TRUE(usual.supported.empty());
  EXPECT_EQ(usual.preference, quic::version_preference::of_client);
  quic::version_settings chosen;
  apply(accepted({"--versions", "2,1"}).versions, chosen);
  EXPECT_EQ(chosen.supported, (std::vector<quic_version>{quic_version::v2, quic_version::v1}));
  EXPECT_EQ(chosen.preference, quic::version_preference::of_server) << "who names an order wants it to count";
  EXPECT_NE(refused({"--versions", "1,3"}).error.find('3'), std::string::npos);
}

TEST(server_arguments, choose_how_fast_to_send) {
  quic::settings usual;
  apply(accepted({}).congestion, usual);
  EXPECT_EQ(usual.congestion.algorithm, quic::settings{}.congestion.algorithm);
  EXPECT_EQ(usual.pacer.maximum_rate, quic::settings{}.pacer.maximum_rate);
  quic::settings chosen;
  apply(accepted({"--congestion", "bbr", "--initial-window", "32", "--max-pacing-rate", "2.5"}).congestion, chosen);
  EXPECT_EQ(chosen.congestion.algorithm, recovery::congestion_algorithm::bbr);
  EXPECT_EQ(recovery::initial_window(chosen.congestion, 1200), 38'400u);
  EXPECT_EQ(chosen.pacer.maximum_rate, 312'500u);
  apply(accepted({"--congestion=reno"}).congestion, chosen);
  EXPECT_EQ(chosen.congestion.algorithm, recovery::congestion_algorithm::new_reno);
  EXPECT_NE(refused({"--congestion", "vegas"}).error.find("'vegas' is none of bbr, cubic, reno"), std::string::npos);
  EXPECT_NE(refused({"--initial-window", "1"}).error.find("--initial-window"), std::string::npos);
  EXPECT_NE(refused({"--max-pacing-rate", "0"}).error.find("--max-pacing-rate"), std::string::npos);
}

TEST(server_arguments, say_help_and_version_on_standard_output) {
  const early_end help = refused({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(help.error.empty());
  for (const char* const word : {"--listen", "--root", "--retry", "[::]:4433", "Exit codes", "Examples"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
  const early_end version = refused({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out.rfind("quasio-server ", 0), 0u);
}

TEST(host_port, is_taken_apart) {
  EXPECT_EQ(parse_host_port("a.b:1"), (host_port{"a.b", 1}));
  EXPECT_EQ(parse_host_port("[::1]:65535"), (host_port{"::1", 65535}));
  EXPECT_EQ(parse_host_port(":443"), (host_port{"", 443}));
  for (const char* const text :
       {"", "a", "a:", "a:b", "a:1:2", "a:65536", "a:-1", "a: 1", "[::1]", "[::1", "::1]:1", "[::1]1:2", "a:1 "}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(listening, finds_one_port_for_all_addresses_of_a_name_and_for_both_protocols) {
  asio::io_context context;
  const auto group = resolve_listen({"localhost", 0});
  ASSERT_TRUE(group);
  EXPECT_TRUE(group->any_port);
  const auto held = hold_ports(context.get_executor(), {*group}, true);
  ASSERT_TRUE(held) << held.error().describe();
  ASSERT_FALSE(held->endpoints.empty());
  EXPECT_EQ(held->acceptors.size(), held->endpoints.size());
  for (std::size_t i = 0; i < held->endpoints.size(); ++i) {
    EXPECT_NE(held->endpoints[i].port, 0);
    EXPECT_EQ(held->endpoints[i].port, held->endpoints.front().port);
    EXPECT_EQ(held->acceptors[i].local_endpoint().port(), held->endpoints.front().port);
  }
}

TEST(listening, says_who_has_the_port) {
  asio::io_context context;
  asio::ip::udp::socket taken(context, {asio::ip::address_v4::loopback(), 0});
  const auto group = resolve_listen({"127.0.0.1", taken.local_endpoint().port()});
  ASSERT_TRUE(group);
  const auto held = hold_ports(context.get_executor(), {*group}, true);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, asio::error::address_in_use);
  EXPECT_NE(held.error().describe().find(std::to_string(taken.local_endpoint().port())), std::string::npos);
  EXPECT_NE(held.error().describe().find("in use"), std::string::npos);
}

TEST(listening, takes_an_address_once) {
  asio::io_context context;
  asio::ip::udp::socket free(context, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t port = free.local_endpoint().port();
  free.close();
  const auto group = resolve_listen({"127.0.0.1", port});
  const auto held = hold_ports(context.get_executor(), {*group, *group}, true);
  ASSERT_TRUE(held) << held.error().describe();
  EXPECT_EQ(held->endpoints.size(), 1u);
}

TEST(listening, says_which_name_is_unknown) {
  const auto group = resolve_listen({"no-such-name.invalid", 1});
  ASSERT_FALSE(group);
  EXPECT_NE(group.error().find("no-such-name.invalid"), std::string::npos);
}

TEST(self_signed, is_good_for_localhost_for_ten_days) {
  const auto made = make_self_signed();
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->spki_sha256.size(), 44u);
  const std::string& text = made->who.certificate_chain.value();
  BIO* const memory = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  X509* const certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "::1", 0), 1);
  int days = 0;
  int seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate));
  EXPECT_GE(days, 9);
  EXPECT_LE(days, 10);
  EXPECT_EQ(X509_self_signed(certificate, 1), 1);
  X509_free(certificate);
  BIO_free(memory);
}

TEST(self_signed, is_another_each_time) { EXPECT_NE(make_self_signed()->spki_sha256, make_self_signed()->spki_sha256); }

TEST(readable, sizes_have_three_digits) {
  EXPECT_EQ(readable_size(0), "0 B");
  EXPECT_EQ(readable_size(999), "999 B");
  EXPECT_EQ(readable_size(1000), "1.00 kB");
  EXPECT_EQ(readable_size(12'345), "12.3 kB");
  EXPECT_EQ(readable_size(999'499), "999 kB");
  EXPECT_EQ(readable_size(999'600), "1.00 MB");
  EXPECT_EQ(readable_size(1.0737e9), "1.07 GB");
  EXPECT_EQ(readable_size(1e30), "1000000000000000 PB");
}

TEST(readable, durations_have_two_units_at_most) {
  using seconds = std::chrono::duration<double>;
  EXPECT_EQ(readable_duration(seconds(0.000'42)), "0.42 ms");
  EXPECT_EQ(readable_duration(seconds(0.0123)), "12.3 ms");
  EXPECT_EQ(readable_duration(seconds(4.56)), "4.56 s");
  EXPECT_EQ(readable_duration(seconds(125)), "2 min 5 s");
  EXPECT_EQ(readable_duration(seconds(3800)), "1 h 3 min");
}

TEST(readable, text_of_strangers_cannot_control_a_terminal) {
  EXPECT_EQ(printable("a\x1b[2J\n\xff"), "a\\x1b[2J\\x0a\\xff");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace quasio::apps
