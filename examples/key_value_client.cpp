// A protocol of one's own over QUIC, the client: key_value_client ROOTS.pem PORT COMMAND...
//
//   "get NAME"    "put NAME VALUE"    "put NAME @FILE"    "watch NAME COUNT"
//
// One after the other; see key_value_server.cpp.
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "quasio/runtime/connect.hpp"

using namespace quasio;

// A request as the protocol has it, and what is to be done with its answer.
struct exchange {
  std::string request;
  std::function<bool(std::string_view)> on_answer;           // Each part of it, as it comes; false: no more is wanted.
  std::function<void(std::optional<std::uint64_t>)> on_end;  // The server's code, if it said no.
};

// One connection to a server. Everything belongs to the executor.
class key_value_client final : public runtime::application_over_quic {
public:
  explicit key_value_client(std::function<void(const runtime::connection_end&)> on_closed)
      : on_closed_(std::move(on_closed)) {}

  // For the program, at any time: requests wait until the connection is there, and until those before are answered.
  void send(exchange what) {
    waiting_.push_back(std::move(what));
    if (host_ != nullptr) host_->wake();
  }

  // Ends the connection when all that was sent is answered.
  void close_when_done() {
    closes_when_done_ = true;
    if (host_ != nullptr) host_->wake();
  }

  void on_started(runtime::worker& host) override { host_ = &host; }

  void on_connection_established(runtime::worker&, time_point) override { is_established_ = true; }

  void on_event(runtime::worker&, const quic::event& event, time_point) override {
    if (const auto* reset = std::get_if<quic::stream_reset>(&event)) {
      if (reset->id == stream_) end_current(reset->code);
    }
  }

  void process_reads(runtime::worker& host, time_point) override {
    while (stream_) {
      const auto chunk = host.connection().stream_peek(*stream_);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      const std::string part(chunk->bytes.begin(), chunk->bytes.end());
      const bool last = chunk->fin;
      static_cast<void>(host.connection().stream_consume(*stream_, part.size()));
      const bool goes_on = current_.on_answer(part);
      if (!last && !goes_on) static_cast<void>(host.connection().stop_sending(*stream_, 0));
      if (last || !goes_on) end_current(std::nullopt);
    }
  }

  void process_writes(runtime::worker& host, time_point) override {
    if (!is_established_) return;
    if (!stream_ && !waiting_.empty()) begin_next(host.connection());
    if (stream_) write(host.connection());
    if (!stream_ && waiting_.empty() && closes_when_done_) {
      host.close_gracefully(0, "done", std::chrono::seconds(5));
      closes_when_done_ = false;
    }
  }

  void on_connection_closed(const runtime::connection_end& end) override { on_closed_(end); }

private:
  void begin_next(quic::connection& connection) {
    const auto opened = connection.open_stream(stream_direction::bidirectional);
    if (!opened) return;  // As many as the server allows are open: streams_available brings another turn.
    stream_ = *opened;
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    written_ = 0;
  }

  // Gives the stream what it takes; stream_writable brings another turn for the rest.
  void write(quic::connection& connection) {
    if (written_ == current_.request.size()) return;
    const std::string_view rest = std::string_view(current_.request).substr(written_);
    const byte_view bytes(reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size());
    written_ += connection.stream_write(*stream_, bytes, true).value_or(0);
  }

  void end_current(std::optional<std::uint64_t> code) {
    stream_.reset();
    const auto on_end = std::exchange(current_, {}).on_end;
    on_end(code);
    host_->wake();  // The next one, or the end.
  }

  std::function<void(const runtime::connection_end&)> on_closed_;
  runtime::worker* host_ = nullptr;
  bool is_established_ = false;
  bool closes_when_done_ = false;
  std::deque<exchange> waiting_;
  exchange current_;
  std::optional<stream_id> stream_;  // Of the current one.
  std::size_t written_ = 0;          // Of its request.
};

// What a command on the command line stands for.
exchange read_command(const std::string& text, bool& failed) {
  std::istringstream words(text);
  std::string verb;
  std::string name;
  std::string rest;
  words >> verb >> name >> std::ws;
  std::getline(words, rest);
  if (verb == "put" && rest.starts_with('@')) {
    std::ifstream file(rest.substr(1), std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + rest.substr(1));
    rest.assign(std::istreambuf_iterator<char>(file), {});
  }
  exchange made;
  made.request = verb + " " + name + "\n" + (verb == "put" ? rest : "");
  made.on_answer = [verb, left = verb == "watch" ? std::stoi(rest) : 0](std::string_view part) mutable {
    std::cout << part << std::flush;
    for (const char each : part) left -= each == '\n' ? 1 : 0;
    return verb != "watch" || left > 0;
  };
  made.on_end = [verb, name, &failed](std::optional<std::uint64_t> code) {
    if (verb == "get" && !code) std::cout << std::endl;
    if (!code) return;
    std::cerr << verb << " " << name << ": refused with code " << *code << "\n";
    failed = true;
  };
  return made;
}

int main(int argc, char* argv[]) try {
  if (argc < 4) return std::cerr << "usage: key_value_client ROOTS.pem PORT COMMAND...\n", 2;
  crypto::client_options trust;
  trust.additional_roots = crypto::pem::file(argv[1]);
  runtime::connect_options options;
  options.client.tls = crypto::tls_context::client(trust).value();
  options.client.server_name = "localhost";
  options.client.alpn = {"example-key-value/1"};
  options.client.path.peer = ip_endpoint::v4({127, 0, 0, 1}, static_cast<std::uint16_t>(std::stoi(argv[2])));

  asio::io_context context;
  const runtime::shard shard(context.get_executor());
  bool failed = false;
  auto application = std::make_unique<key_value_client>([&](const runtime::connection_end& end) {
    if (end.code == runtime::error::connection_closed) return;  // By us, in peace.
    std::cerr << end.message << "\n";
    failed = true;
  });
  for (int i = 3; i < argc; ++i) application->send(read_command(argv[i], failed));
  application->close_when_done();
  const auto begun = runtime::connect(shard, options, std::move(application));
  if (!begun) throw std::runtime_error(begun.error().message);
  context.run();
  return failed ? 1 : 0;
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
