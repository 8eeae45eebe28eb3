#include "server/arguments.hpp"

#include <map>
#include <utility>

namespace quasio::apps {

namespace {

constexpr const char* program = "quasio-server";
constexpr const char* default_listen = "[::]:4433";

constexpr const char* what_it_is =
    "Serves the files below a folder over HTTP/3, and over HTTPS/1.1 on the TCP port of the same number, where it "
    "names\n"
    "HTTP/3 to browsers (Alt-Svc).";

constexpr const char* closing =
    R"(What it prints on standard output, a line each:
  certificate SPKI sha256 BASE64    where it made a certificate itself: what browsers can be told to trust
  metrics ADDR:PORT                 with --metrics, where they are read
  ready ADDR:PORT                   for each address, when it accepts connections there

What it logs on standard error, at level info, a line for each request:
  METHOD PATH STATUS BYTES DURATION PROTOCOL PEER

Files: a folder is answered with its index.html, and never listed. GET and HEAD, single byte ranges (a request for
several ranges gets the whole file), ETag, Last-Modified and all conditional headers. Names that begin with a dot are not
served (but for .well-known). Nothing outside the root is, whatever the path or a symbolic link says.

Signals: SIGTERM and SIGINT end it gracefully: no new connections, requests under way are finished. A second one ends it
at once.

Exit codes: 0 ended by a signal, gracefully; 1 it cannot start (the root, the certificate, or an address in use);
2 the command line is wrong; 130 or 143 ended by a second SIGINT or SIGTERM.

Examples:
  quasio-server --root site
  quasio-server --root site --listen 0.0.0.0:443 --listen [::]:443 --cert chain.pem --key key.pem
  quasio-server --root site --handover /run/quasio.sock     # and again, when it is to be replaced
  curl --http3 --insecure https://localhost:4433/
)";

const std::map<std::string, quic::retry_policy> retry_policies = {
    {"always", quic::retry_policy::always},
    {"auto", quic::retry_policy::automatic},
    {"never", quic::retry_policy::never},
};

const std::map<std::string, spdlog::level::level_enum> log_levels = {
    {"trace", spdlog::level::trace},  {"debug", spdlog::level::debug}, {"info", spdlog::level::info},
    {"warning", spdlog::level::warn}, {"error", spdlog::level::err},   {"off", spdlog::level::off},
};

// A check that a value is one of the names of a map, with a message that lists them.
template <class Map>
auto one_of(const Map& map) {
  return [&map](const std::string& value) {
    if (map.count(value) != 0) return std::string();
    std::string names;
    for (const auto& [name, meaning] : map) names += (names.empty() ? "" : ", ") + name;
    return "'" + value + "' is none of " + names;
  };
}

host_port parse_address(const char* option, const std::string& text) {
  const auto parsed = parse_host_port(text);
  if (!parsed) {
    throw CLI::ValidationError(option, "'" + text +
                                           "' is not ADDR:PORT, such as 127.0.0.1:4433, [::]:4433 or "
                                           "localhost:0");
  }
  return *parsed;
}

std::chrono::milliseconds to_milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(seconds * 1000));
}

double in_seconds(std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); }

// What CLI11 fills in before it is put into server_arguments.
struct raw_arguments {
  std::vector<std::string> listen;
  std::string metrics;
  double idle_timeout = 30;
  double drain_timeout = 10;
  double headers_timeout = in_seconds(http3::server_limits().headers_timeout);
  double write_timeout = in_seconds(http3::server_limits().write_timeout);
  double unused_timeout = in_seconds(http3::server_limits().unused_timeout);
  std::string retry = "auto";
  std::string log_level = "info";
  bool no_tcp = false;
};

void add_network_options(CLI::App& app, server_arguments& out, raw_arguments& raw) {
  const char* const group = "Network";
  app.add_option("--listen", raw.listen,
                 "Where to listen; may be given several times. Port 0 is any free port; a name stands for all of its "
                 "addresses. Default: [::]:4433, which takes IPv4 too")
      ->type_name("ADDR:PORT")
      ->allow_extra_args(false)
      ->group(group);
  app.add_flag("--no-tcp", raw.no_tcp, "HTTP/3 alone, without HTTPS/1.1 on the same port number")->group(group);
  app.add_option("--retry", raw.retry,
                 "When clients must prove their address first: always, never, or auto, while many handshakes are under "
                 "way. Default: auto")
      ->check(one_of(retry_policies))
      ->type_name("always|auto|never")
      ->group(group);
  app.add_flag("--early-data", out.early_data,
               "Answer GET, HEAD and OPTIONS of clients that come back before the handshake is complete (0-RTT)")
      ->group(group);
  add_path_options(app, out.path, group);
  app.add_option("--token-key-file", out.token_key_file,
                 "The secret of address validation tokens and stateless resets: a line of 64 hexadecimal digits, and "
                 "the one of before on a second line when it is changed. Created, for you alone to read, where there "
                 "is none. With it the server, started again, honours the tokens that it has given and tells clients "
                 "of before that their connections are gone; servers that share it honour each other's tokens. "
                 "Default: a secret for this run alone")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--idle-timeout", raw.idle_timeout, "Silence after which a connection is forgotten. Default: 30")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 3600.0).description(""))
      ->group(group);
  add_congestion_options(app, out.congestion, group);
  add_version_options(app, out.versions, group);
  app.add_option("--max-connections", out.max_connections,
                 "Connections at once, for each address and thread. Default: 100000")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}).description(""))
      ->group(group);
}

void add_limit_options(CLI::App& app, raw_arguments& raw) {
  const char* const group = "Limits of HTTP/3 (0 switches one off)";
  const auto add = [&](const char* name, double& value, const char* text) {
    app.add_option(name, value, text)
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 86'400.0).description(""))
        ->group(group);
  };
  add("--headers-timeout", raw.headers_timeout,
      "From a request's first byte to the end of its headers; then the stream is reset. Default: 10");
  add("--write-timeout", raw.write_timeout,
      "How long a client may take nothing, or next to nothing, of a response; then it is reset. Default: 120");
  add("--unused-timeout", raw.unused_timeout,
      "How long a connection may be without a request, however alive it is; then it is closed. Default: 300");
}

void add_file_options(CLI::App& app, server_arguments& out) {
  app.add_option("--root", out.root, "The folder to serve. Default: the current one")->type_name("DIR")->group("Files");
  app.add_flag("--hidden-files", out.hidden_files, "Serve names that begin with a dot as well")->group("Files");
}

void add_certificate_options(CLI::App& app, server_arguments& out) {
  const char* const group = "Certificate";
  auto* const certificate =
      app.add_option("--cert", out.certificate,
                     "PEM file: the server's certificate, then those that lead from it to a root. Without --cert and "
                     "--key a certificate for localhost, 127.0.0.1 and ::1 is made, good for ten days, in memory only")
          ->type_name("FILE")
          ->group(group);
  auto* const key =
      app.add_option("--key", out.key, "PEM file: the certificate's private key")->type_name("FILE")->group(group);
  certificate->needs(key);
  key->needs(certificate);
}

void add_running_options(CLI::App& app, server_arguments& out, raw_arguments& raw) {
  const char* const group = "Running";
  app.add_option("--threads", out.threads, "Threads that serve HTTP/3. Default: one a processor")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}).description(""))
      ->group(group);
  app.add_option("--drain-timeout", raw.drain_timeout,
                 "How long requests under way may go on after a signal to end. Default: 10")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86'400.0).description(""))
      ->group(group);
  app.add_option("--log-level", raw.log_level, "trace, debug, info, warning, error or off. Default: info")
      ->check(one_of(log_levels))
      ->type_name("LEVEL")
      ->group(group);
  app.add_option("--metrics", raw.metrics,
                 "Answer GET /metrics there, over plain HTTP, with numbers in the text format of Prometheus; port 0 is "
                 "any free port. Anyone who can reach the address can read them. Default: nowhere")
      ->type_name("ADDR:PORT")
      ->group(group);
  app.add_option(
         "--handover", out.handover,
         "A path for a Unix socket by which a server is replaced while clients use it: one that is started with "
         "the same path gets the sockets of the one that waits there, which then only serves the connections "
         "that it has, until it is ended by SIGTERM. Where nobody waits it listens by itself. Default: none")
      ->type_name("PATH")
      ->group(group);
  app.add_option("--keylog", out.key_log,
                 "Append the TLS secrets to this file, for Wireshark; also by the environment's SSLKEYLOGFILE")
      ->type_name("FILE")
      ->envname("SSLKEYLOGFILE")
      ->group(group);
  add_qlog_options(app, out.qlog, group);
  app.set_help_flag("-h,--help", "Say this and end")->group(group);
  app.set_version_flag("--version", version_line(program), "Say the version and end")->group(group);
}

}  // namespace

std::variant<server_arguments, early_end> parse_server_arguments(int count, const char* const* values) {
  CLI::App app(what_it_is, program);
  app.footer(closing);
  set_help_format(app);
  server_arguments out;
  raw_arguments raw;
  add_network_options(app, out, raw);
  add_limit_options(app, raw);
  add_file_options(app, out);
  add_certificate_options(app, out);
  add_running_options(app, out, raw);
  try {
    app.parse(count, values);
    out.listen_by_default = raw.listen.empty();
    if (out.listen_by_default) raw.listen.emplace_back(default_listen);
    for (const std::string& text : raw.listen) out.listen.push_back(parse_address("--listen", text));
    if (!raw.metrics.empty()) out.metrics = parse_address("--metrics", raw.metrics);
  } catch (const CLI::ParseError& error) {
    return end_of_parsing(app, error);
  }
  out.tcp = !raw.no_tcp;
  out.retry = retry_policies.at(raw.retry);
  out.log_level = log_levels.at(raw.log_level);
  out.idle_timeout = to_milliseconds(raw.idle_timeout);
  out.drain_timeout = to_milliseconds(raw.drain_timeout);
  out.limits.headers_timeout = to_milliseconds(raw.headers_timeout);
  out.limits.write_timeout = to_milliseconds(raw.write_timeout);
  out.limits.unused_timeout = to_milliseconds(raw.unused_timeout);
  return out;
}

}  // namespace quasio::apps
