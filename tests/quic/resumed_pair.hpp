#pragma once

#include <deque>

#include "quic/duel.hpp"

namespace quasio::test {

struct resumption_options {
  quic::settings client;
  quic::settings server;
  crypto::tls_context server_tls = duel_server_tls();
  quic::retry_policy retry = quic::retry_policy::never;
  quic::early_data_options early_data = {.accept = true};
  std::vector<std::string> client_alpn{"test"};
  std::vector<std::string> server_alpn{"test"};
  quic_version version = quic_version::v1;
  std::optional<quic::saved_session> session;
  bool client_early_data = true;
  quic::observer_factory observe_client;
  quic::observer_factory observe_server;
};

/// A real client and a real server, and between them a wire that the test moves by hand. Time stands still unless it is
/// told to pass.
class resumed_pair {
public:
  explicit resumed_pair(const resumption_options& options)
      : acceptor({.tls = options.server_tls,
                  .alpn = options.server_alpn,
                  .transport = options.server,
                  .early_data = options.early_data,
                  .retry = options.retry,
                  .observe = options.observe_server},
                 random),
        client(quic::connection::connect({.tls = duel_client_tls(),
                                          .server_name = "localhost",
                                          .alpn = options.client_alpn,
                                          .path = client_path,
                                          .transport = options.client,
                                          .version = options.version,
                                          .session = options.session,
                                          .early_data = options.client_early_data,
                                          .observe = options.observe_client},
                                         random, now)
                   .value()) {}

  /// What the client wants to send now, a datagram each.
  std::vector<bytes> from_client() { return collect(*client); }
  std::vector<bytes> from_server() { return server ? collect(*server) : std::vector<bytes>(); }

  void to_server(bytes datagram) {
    if (!server) {
      bytes reply(1500);
      auto decision = acceptor.consider(datagram, server_path, 0, reply, now);
      if (const auto* answer = std::get_if<quic::stateless_reply>(&decision)) {
        reply.resize(answer->size);
        return to_client(std::move(reply));
      }
      auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (!made) return;
      server = std::move(*made);
    }
    server->receive(datagram, server_path, ecn_codepoint::not_ect, now);
  }
  void to_client(bytes datagram) { client->receive(datagram, client_path, ecn_codepoint::not_ect, now); }

  /// One flight each way; whether there was anything.
  bool exchange() {
    const auto out = from_client();
    for (const bytes& each : out) to_server(each);
    const auto back = from_server();
    for (const bytes& each : back) to_client(each);
    return !out.empty() || !back.empty();
  }

  void settle() {
    for (int round = 0; round < 200; ++round) {
      const bool moved = exchange();
      drain_events();
      if (!moved && !pass_pacing()) return;
    }
    throw std::runtime_error("the two never stop talking");
  }

  /// Lets what a pacer holds back go.
  bool pass_pacing() {
    constexpr duration most = 30ms;
    const auto next = earliest(client->next_deadline(), server ? server->next_deadline() : std::nullopt);
    if (!next || *next > now + most || paced_ > most) return paced_ = {}, false;
    paced_ += std::max(*next - now, duration(1us));
    now = std::max(now, *next);
    if (client->next_deadline() <= now) client->on_timeout(now);
    if (server && server->next_deadline() <= now) server->on_timeout(now);
    return true;
  }

  void drain_events() {
    while (auto event = client->poll_event()) client_events.push_back(std::move(*event));
    while (server) {
      auto event = server->poll_event();
      if (!event) break;
      server_events.push_back(std::move(*event));
    }
  }

  /// The client's first session; empty when none came.
  std::optional<quic::saved_session> session() {
    drain_events();
    for (const quic::event& each : client_events) {
      if (const auto* received = std::get_if<quic::session_received>(&each)) return *received->session;
    }
    return std::nullopt;
  }

  template <class Event>
  static std::size_t count(const std::vector<quic::event>& events) {
    std::size_t found = 0;
    for (const auto& each : events) found += std::holds_alternative<Event>(each);
    return found;
  }

  /// Opens a stream at the client and writes this, and the end.
  stream_id write(std::string_view text, bool fin = true) {
    const auto id = client->open_stream(stream_direction::bidirectional);
    if (!id) throw std::runtime_error("no stream");
    if (client->stream_write(*id, as_bytes(text), fin) != text.size()) throw std::runtime_error("not written");
    return *id;
  }

  /// Reads all there is of a stream at the server; '$' stands for the end.
  std::string read(stream_id id) {
    std::string text;
    while (server) {
      const auto chunk = server->stream_peek(id);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) break;
      text += as_text(chunk->bytes);
      const bool fin = chunk->fin;
      if (!server->stream_consume(id, chunk->bytes.size())) break;
      if (fin) return text + '$';
    }
    return text;
  }

  std::string why_closed() const {
    if (client->is_closed()) return "client: " + client->reason().to_string();
    return server && server->is_closed() ? "server: " + server->reason().to_string() : "open";
  }

private:
  std::vector<bytes> collect(quic::connection& from) {
    std::vector<bytes> datagrams;
    bytes buffer(65536);
    while (const auto sent = from.transmit(buffer, 1, now)) {
      datagrams.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(sent->size));
      if (datagrams.size() > 10'000) throw std::runtime_error("transmit() never ends");
    }
    return datagrams;
  }

  duration paced_{};

public:
  counting_random random;
  time_point now{std::chrono::seconds(1000)};
  network_path client_path{ip_endpoint::v4({10, 0, 0, 1}, 50000), ip_endpoint::v4({10, 0, 0, 2}, 4433)};
  network_path server_path{client_path.peer, client_path.local};
  quic::acceptor acceptor;
  std::unique_ptr<quic::connection> client;
  std::unique_ptr<quic::connection> server;
  std::vector<quic::event> client_events;
  std::vector<quic::event> server_events;
};

/// The session that a first connection under these options leaves.
inline quic::saved_session fetch_session(resumption_options options) {
  options.session.reset();
  resumed_pair first(options);
  first.settle();
  return first.session().value();
}

}  // namespace quasio::test
