#include "client/arguments.hpp"

#include <set>
#include <utility>

#include "client/request_options.hpp"

namespace quasio::apps {

namespace {

constexpr const char* program = "quasio-client";

constexpr const char* what_it_is = "Fetches URLs over HTTP/3. Those of one host and port share a connection.";

constexpr const char* closing =
    R"(Exit codes (those of curl, where it has them); of several URLs the first that failed decides:
  0    all went well
  2    the command line or a URL is wrong, or a file that it names cannot be read
  6    the host's name has no address
  7    nobody listens there, or there is no way to it
  22   with --fail: the server answered with a status of 400 or more
  23   the output cannot be written
  28   it took too long (--connect-timeout, --max-time)
  35   the handshake failed: no agreement on TLS, HTTP/3 or the version of QUIC
  56   the transfer broke off
  60   the server's certificate is not trusted
  130  interrupted (SIGINT)

Examples:
  quasio-client https://example.org/
  quasio-client -O --parallel 4 https://example.org/a.iso https://example.org/b.iso
  quasio-client -H 'content-type: application/json' -d @order.json https://example.org/orders
  quasio-client --insecure --connect-to example.org:443:127.0.0.1:4433 -v https://example.org/
)";

// What CLI11 fills in, before it is checked and put into client_arguments.
struct raw_arguments {
  std::vector<std::string> urls;
  std::vector<std::string> outputs;
  std::vector<std::string> headers;
  std::string upload;
  std::vector<std::string> data;
  std::vector<std::string> connect_to;
  std::string method;
  bool name_from_url = false;
  bool head = false;
  std::size_t repeat = 1;
  double connect_timeout = 15;
  double max_time = 0;
  double keep_alive = 0;
};

CLI::Option* add_list(CLI::App& app, const char* names, std::vector<std::string>& into, const char* text) {
  return app.add_option(names, into, text)->allow_extra_args(false);
}

void add_request_options(CLI::App& app, raw_arguments& raw) {
  const char* const group = "Request";
  app.add_option("-X,--request", raw.method, "The method. Default: GET; HEAD with -I, POST with -d, PUT with -T")
      ->type_name("METHOD")
      ->group(group);
  add_list(app, "-H,--header", raw.headers,
           "A header 'name: value'; may be given several times. 'name:' takes away one that is sent by default")
      ->type_name("LINE")
      ->group(group);
  add_list(app, "-d,--data", raw.data,
           "The body; @FILE the bytes of a file, @- those of standard input. Several are joined by '&'")
      ->type_name("DATA")
      ->group(group);
  app.add_option("-T,--upload-file", raw.upload,
                 "The body is this file, by PUT; '-' is standard input, sent while it comes, of any length")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("-I,--head", raw.head, "Ask for the headers only, and print them")->group(group);
}

void add_output_options(CLI::App& app, client_arguments& out, raw_arguments& raw) {
  const char* const group = "Output";
  add_list(app, "-o,--output", raw.outputs,
           "Where the body goes; the first -o is for the first URL, and so on. Default, and '-': standard output")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("-O,--remote-name", raw.name_from_url, "Bodies without an -o go to a file named like the URL's end")
      ->group(group);
  app.add_flag("--json", out.json,
               "A summary in JSON on standard output: status, bytes, times, protocol and error of each URL. The bodies "
               "then need -o or -O")
      ->group(group);
  auto* const verbose =
      app.add_flag("-v,--verbose", out.verbose,
                   "Tell on standard error how it goes: the handshake (*), what is sent (>) and received (<)")
          ->group(group);
  app.add_flag("-s,--silent", out.silent, "No progress bar and no messages; the exit code tells")
      ->excludes(verbose)
      ->group(group);
  app.add_flag("-f,--fail", out.fail, "Take a status of 400 or more for a failure, and write no body then")
      ->group(group);
}

void add_connection_options(CLI::App& app, client_arguments& out, raw_arguments& raw) {
  const char* const group = "Connection";
  app.add_option("--cacert", out.ca_file, "Trust the certificates in this PEM file instead of the system's")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--insecure", out.insecure, "Trust any certificate. Whoever is on the way can read and change all")
      ->group(group);
  add_list(app, "--connect-to", raw.connect_to,
           "Go to ADDR:PORT instead of HOST:PORT; may be given several times. The certificate must still be HOST's")
      ->type_name("HOST:PORT:ADDR:PORT")
      ->group(group);
  app.add_option("--connect-timeout", raw.connect_timeout,
                 "How long a connection may take, from its name to the end of the handshake. Default: 15")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86'400.0).description(""))
      ->group(group);
  app.add_option("--max-time", raw.max_time, "How long each transfer may take. Default: for ever")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 31'536'000.0).description(""))
      ->group(group);
  app.add_option("--session-file", out.session_file,
                 "Resume connections with the sessions of this file, and keep new ones there: they are secrets")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--early-data", out.early_data,
               "Send GET, HEAD and OPTIONS before the handshake is complete (0-RTT) where a session allows it; an "
               "attacker can make the server see them again")
      ->group(group);
  add_congestion_options(app, out.congestion, group);
  add_path_options(app, out.path, group);
  add_first_version_option(app, out.versions, group);
  add_version_options(app, out.versions, group);
  app.add_option("--update-keys-after", out.update_keys_after,
                 "Change the keys of a connection whenever it has carried so many bytes, both ways together. Default: "
                 "when the cipher's limit comes near")
      ->type_name("BYTES")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62).description(""))
      ->group(group);
  app.add_option(
         "--keep-alive", raw.keep_alive,
         "While an answer is awaited, break every silence of this length, so that a server or a network that is "
         "gone shows. Default: 0, never")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86'400.0).description(""))
      ->group(group);
  app.add_option("--token-file", out.token_file,
                 "Present the tokens in this file, which servers gave in earlier runs to spare a client the proof of "
                 "its address, and keep those that they give now. It is created where there is none, for you alone to "
                 "read: with a token a server recognises you")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--migrate-after", out.migrate_after,
                 "Move the connection to a new port after so many bytes of a body, to try how the server takes it")
      ->type_name("BYTES")
      ->group(group);
  app.add_option("--keylog", out.key_log,
                 "Append the TLS secrets to this file, for Wireshark; also by the environment's SSLKEYLOGFILE")
      ->type_name("FILE")
      ->envname("SSLKEYLOGFILE")
      ->group(group);
  add_qlog_options(app, out.qlog, group);
}

void add_other_options(CLI::App& app, client_arguments& out, raw_arguments& raw) {
  const char* const group = "Running";
  app.add_option("URL", raw.urls, "What to fetch: https:// and so on")->required();
  app.add_option("--parallel", out.parallel, "Transfers at once. Default: 1, one URL after the other")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}).description(""))
      ->group(group);
  app.add_option("--repeat", raw.repeat, "Fetch every URL so many times, to measure. Default: 1")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}).description(""))
      ->group(group);
  app.set_help_flag("-h,--help", "Say this and end")->group(group);
  app.set_version_flag("--version", version_line(program), "Say the version and end")->group(group);
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw CLI::ValidationError(sentence, CLI::ExitCodes::ValidationError);
}

template <class Value>
Value accepted(result<Value, std::string> checked, const std::string& prefix = {}) {
  if (!checked) refuse(prefix + checked.error());
  return std::move(*checked);
}

planned_transfer plan(const std::string& text, std::size_t index, const raw_arguments& raw, bool head) {
  planned_transfer planned;
  planned.text = text;
  std::string explanation;
  auto url = http3::parse_url(text, &explanation);
  if (!url) refuse(explanation);
  planned.url = std::move(*url);
  if (index < raw.outputs.size()) {
    if (raw.outputs[index] != "-") planned.output = raw.outputs[index];
  } else if (raw.name_from_url && !head) {
    planned.output = accepted(name_from_url(planned.url));
  }
  return planned;
}

bool is_device(const std::string& path) { return path.rfind("/dev/", 0) == 0; }

// Two transfers that write to one place at the same time would mix what they write.
void check_outputs(const client_arguments& out) {
  std::set<std::string> taken;
  for (const planned_transfer& each : out.transfers) {
    const bool to_standard_output = each.output.empty();
    if (to_standard_output && out.json && out.method != "HEAD") {
      refuse("--json needs standard output for the summary: use -o or -O for the bodies (-o /dev/null for none)");
    }
    if (out.parallel == 1 || is_device(each.output) || taken.insert(each.output).second) continue;
    refuse(to_standard_output
               ? "--parallel would mix the bodies on standard output: use -o or -O"
               : "--parallel would mix two bodies in " + each.output + ": give each URL a file of its own");
  }
}

void fill_in_transfers(client_arguments& out, const raw_arguments& raw) {
  if (raw.outputs.size() > raw.urls.size()) refuse("there are more -o than URLs");
  const bool head = out.method == "HEAD";
  for (std::size_t i = 0; i < raw.urls.size(); ++i) {
    const planned_transfer planned = plan(raw.urls[i], i, raw, head);
    out.transfers.insert(out.transfers.end(), raw.repeat, planned);
  }
  if (out.body && out.body->standard_input && out.transfers.size() > 1) {
    refuse("-T -: standard input can be sent once, to one URL");
  }
  check_outputs(out);
}

void fill_in_request(client_arguments& out, const raw_arguments& raw) {
  if (raw.head && !raw.data.empty()) refuse("-I asks for headers only, and -d sends a body: they exclude each other");
  const bool is_upload = !raw.upload.empty();
  if (is_upload && (raw.head || !raw.data.empty())) refuse("-T sends a body: it excludes -d and -I");
  if (!raw.data.empty()) out.body = accepted(make_body(raw.data));
  if (is_upload) out.body = accepted(make_upload(raw.upload));
  const char* const with_body = is_upload ? "PUT" : "POST";
  out.method = !raw.method.empty() ? raw.method : raw.head ? "HEAD" : out.body ? with_body : "GET";
  if (!is_token(out.method)) refuse("-X: '" + out.method + "' is no method");
  if (out.method == "CONNECT") refuse("-X: CONNECT makes a tunnel, which this program does not");
  out.headers = accepted(make_headers(raw.headers, out.body && !is_upload), "-H: ");
  if (const std::string wrong = contradiction(out.versions); !wrong.empty()) refuse(wrong);
  for (const std::string& text : raw.connect_to) {
    out.connect_to.push_back(accepted(parse_connect_to(text), "--connect-to: "));
  }
}

std::chrono::milliseconds to_milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(seconds * 1000));
}

}  // namespace

std::variant<client_arguments, early_end> parse_client_arguments(int count, const char* const* values) {
  CLI::App app(what_it_is, program);
  app.footer(closing);
  set_help_format(app);
  client_arguments out;
  raw_arguments raw;
  add_request_options(app, raw);
  add_output_options(app, out, raw);
  add_connection_options(app, out, raw);
  add_other_options(app, out, raw);
  try {
    app.parse(count, values);
    fill_in_request(out, raw);
    fill_in_transfers(out, raw);
  } catch (const CLI::ParseError& error) {
    return end_of_parsing(app, error);
  }
  out.connect_timeout = to_milliseconds(raw.connect_timeout);
  out.keep_alive = to_milliseconds(raw.keep_alive);
  out.max_time = to_milliseconds(raw.max_time);
  return out;
}

}  // namespace quasio::apps
