// A protocol of one's own over QUIC, the server: key_value_server CERTIFICATE.pem KEY.pem [PORT]
//
// Each request is a bidirectional stream. The client sends one line, for `put` a value behind it, and ends its side:
//
//   get NAME    -> the value, then the end
//   put NAME    -> nothing but the end, once it is stored
//   watch NAME  -> a line with the value's size in bytes, now and after each change, for as long as the client listens
//
// What cannot be answered is abandoned with a code: 1 no such name, 2 not a request, 3 too large.
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quasio/runtime/listen.hpp"

using namespace quasio;

constexpr std::uint64_t no_such_name = 1;
constexpr std::uint64_t not_a_request = 2;
constexpr std::uint64_t too_large = 3;

constexpr std::size_t max_request = 1024 * 1024;

using value = std::shared_ptr<const std::string>;

class session;

// What the connections share. They all run on one executor, so that no lock is needed.
struct store {
  std::map<std::string, value, std::less<>> values;
  std::set<session*> sessions;
};

// One request, from its first byte to the last of its answer.
struct request {
  std::string received;
  value answer;              // Shared with the store: a slow reader costs no copy.
  std::size_t written = 0;   // Of the answer.
  bool answer_ends = true;   // Whether the stream ends with it.
  bool held_back = false;    // The stream takes no more, until stream_writable.
  std::string watched;       // The name, if it is a watch.
  bool has_changed = false;  // Something is to be told to the watcher.
};

// One connection. The worker that owns it calls these functions, never two at once.
class session final : public runtime::application_over_quic {
public:
  explicit session(store& shared) : store_(shared) {}

  void on_started(runtime::worker& host) override { host_ = &host; }

  void on_connection_established(runtime::worker&, time_point) override { store_.sessions.insert(this); }

  void on_event(runtime::worker& host, const quic::event& event, time_point) override {
    if (const auto* opened = std::get_if<quic::stream_opened>(&event)) {
      // A stream on which the client cannot be answered is no request.
      if (direction_of(opened->id) == stream_direction::bidirectional) {
        requests_.try_emplace(opened->id);
      } else {
        static_cast<void>(host.connection().stop_sending(opened->id, not_a_request));
      }
    } else if (const auto* readable = std::get_if<quic::stream_readable>(&event)) {
      readable_.push_back(readable->id);
    } else if (const auto* writable = std::get_if<quic::stream_writable>(&event)) {
      if (const auto found = requests_.find(writable->id); found != requests_.end()) found->second.held_back = false;
    } else if (const auto* stopped = std::get_if<quic::stream_stopped>(&event)) {
      requests_.erase(stopped->id);  // The client does not want the rest.
    } else if (const auto* reset = std::get_if<quic::stream_reset>(&event)) {
      abandon(host, reset->id, not_a_request);  // The request will never be whole.
    } else if (const auto* closed = std::get_if<quic::stream_closed>(&event)) {
      requests_.erase(closed->id);
    }
  }

  void process_reads(runtime::worker& host, time_point) override {
    for (const stream_id id : std::exchange(readable_, {})) {
      if (const auto found = requests_.find(id); found != requests_.end()) read(host, id, found->second);
    }
  }

  void process_writes(runtime::worker& host, time_point) override {
    for (auto next = requests_.begin(); next != requests_.end();) {
      const auto current = next++;
      if (write(host.connection(), current->first, current->second)) requests_.erase(current);
    }
  }

  void on_connection_closed(const runtime::connection_end&) override { store_.sessions.erase(this); }

  // Another connection has stored something.
  void on_stored(std::string_view name) {
    bool concerns_us = false;
    for (auto& [id, each] : requests_) {
      if (each.watched != name) continue;
      each.has_changed = true;
      concerns_us = true;
    }
    if (concerns_us) host_->wake();  // A turn will come: process_writes() tells the watchers.
  }

  // The server stops: what is under way is delivered, for five seconds at the most.
  void end() {
    for (auto& [id, each] : requests_) {
      if (!each.watched.empty()) static_cast<void>(host_->connection().stream_write(id, {}, true));
    }
    host_->close_gracefully(0, "the server stops", std::chrono::seconds(5));
  }

private:
  // Takes what has come; at its end, the request is answered.
  void read(runtime::worker& host, stream_id id, request& asked) {
    quic::connection& connection = host.connection();
    for (;;) {
      const auto chunk = connection.stream_peek(id);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      if (asked.received.size() + chunk->bytes.size() > max_request) return abandon(host, id, too_large);
      asked.received.append(chunk->bytes.begin(), chunk->bytes.end());
      const bool whole = chunk->fin;
      // Only now may the client send as much again.
      static_cast<void>(connection.stream_consume(id, chunk->bytes.size()));
      if (whole) return answer(host, id, asked);
    }
  }

  void answer(runtime::worker& host, stream_id id, request& asked) {
    const std::string received = std::exchange(asked.received, {});
    const std::size_t line_end = received.find('\n');
    const std::size_t space = received.find(' ');
    if (line_end == std::string::npos || space >= line_end) return abandon(host, id, not_a_request);
    const std::string_view verb = std::string_view(received).substr(0, space);
    const std::string_view name = std::string_view(received).substr(space + 1, line_end - space - 1);
    const auto found = store_.values.find(name);
    if (verb == "get") {
      if (found == store_.values.end()) return abandon(host, id, no_such_name);
      asked.answer = found->second;
    } else if (verb == "put") {
      store_.values.insert_or_assign(std::string(name), std::make_shared<const std::string>(received, line_end + 1));
      asked.answer = std::make_shared<const std::string>();
      for (session* each : store_.sessions) each->on_stored(name);
    } else if (verb == "watch" && !name.empty()) {
      asked.watched = name;
      asked.has_changed = true;
      asked.answer_ends = false;
    } else {
      abandon(host, id, not_a_request);
    }
  }

  // Gives the stream as much as it takes. Whether the request is done with.
  bool write(quic::connection& connection, stream_id id, request& asked) {
    if (asked.held_back) return false;
    if (asked.has_changed && asked.answer == nullptr) {
      // However often it changed while the last line was on its way, there is one line to be told now.
      const auto found = store_.values.find(asked.watched);
      const std::size_t size = found != store_.values.end() ? found->second->size() : 0;
      asked.answer = std::make_shared<const std::string>(std::to_string(size) + "\n");
      asked.has_changed = false;
    }
    if (asked.answer == nullptr) return false;
    const std::string_view rest = std::string_view(*asked.answer).substr(asked.written);
    const byte_view bytes(reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size());
    const auto taken = connection.stream_write(id, bytes, asked.answer_ends);
    if (!taken) return true;  // The stream has ended meanwhile.
    asked.written += *taken;
    if (*taken < rest.size()) {
      asked.held_back = true;  // Its buffer is full: stream_writable will say when it is not.
      return false;
    }
    asked.answer = nullptr;
    asked.written = 0;
    return asked.answer_ends;
  }

  // Says why not, and forgets the request.
  void abandon(runtime::worker& host, stream_id id, std::uint64_t code) {
    static_cast<void>(host.connection().stop_sending(id, code));
    static_cast<void>(host.connection().reset_stream(id, code));
    requests_.erase(id);
  }

  store& store_;
  runtime::worker* host_ = nullptr;
  std::map<stream_id, request> requests_;
  std::vector<stream_id> readable_;
};

int main(int argc, char* argv[]) try {
  if (argc < 3) return std::cerr << "usage: key_value_server CERTIFICATE.pem KEY.pem [PORT]\n", 2;
  crypto::server_options identity;
  identity.certificate_chain = crypto::pem::file(argv[1]);
  identity.private_key = crypto::pem::file(argv[2]);
  runtime::listen_options options;
  options.acceptor.tls = crypto::tls_context::server(identity).value();
  options.acceptor.alpn = {"example-key-value/1"};
  options.acceptor.transport.max_concurrent_bidirectional_streams = 64;  // Requests at once, of each client.

  asio::io_context context;
  const runtime::shard shard(context.get_executor());
  const auto port = static_cast<std::uint16_t>(argc > 3 ? std::stoi(argv[3]) : 4434);
  error_code error;
  runtime::listener listener = runtime::listen(shard, ip_endpoint::v4({127, 0, 0, 1}, port), options, error);
  if (error) throw system_error(error);
  store shared;
  listener.on_accept([&](runtime::incoming_connection client) { client.start(std::make_unique<session>(shared)); });
  std::cout << "ready " << listener.local_endpoint().to_string() << std::endl;

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](auto, auto) {
    listener.close();
    for (session* each : shared.sessions) each->end();
  });
  context.run();  // Until the last connection has ended.
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
