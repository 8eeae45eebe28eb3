#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "quasio/quic/acceptor.hpp"
#include "quic/duel.hpp"

namespace quasio::test {

struct pair_options {
  quic::settings client;
  quic::settings server;
  std::optional<quic_version> version;  ///< Of the client's first packet.
  quic::retry_policy retry = quic::retry_policy::never;
};

/// Two real connections without a network in between. Time stands still unless it is told to pass.
class connection_pair {
public:
  explicit connection_pair(pair_options options = {})
      : acceptor({.tls = duel_server_tls(), .alpn = {"test"}, .transport = options.server, .retry = options.retry},
                 random),
        client(quic::connection::connect({.tls = duel_client_tls(),
                                          .server_name = "localhost",
                                          .alpn = {"test"},
                                          .path = at_client,
                                          .transport = options.client,
                                          .version = options.version},
                                         random, now)
                   .value()) {}

  /// Sees every datagram before it is delivered, and says whether it is.
  using filter = std::function<bool(bytes& datagram, bool to_server)>;
  filter passes = [](bytes&, bool) { return true; };

  void to_server(bytes datagram) {
    if (!passes(datagram, true)) return;
    if (!server) {
      bytes reply(1500);
      auto decision = acceptor.consider(datagram, at_server, 0, reply, now);
      if (const auto* answer = std::get_if<quic::stateless_reply>(&decision)) {
        reply.resize(answer->size);
        return to_client(std::move(reply));
      }
      auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (!made) return;
      server = std::move(*made);
    }
    server->receive(datagram, at_server, ecn_codepoint::not_ect, now);
  }

  void to_client(bytes datagram) {
    if (passes(datagram, false)) client->receive(datagram, at_client, ecn_codepoint::not_ect, now);
  }

  /// What this end wants to send now.
  std::vector<bytes> collect(quic::connection& from) {
    std::vector<bytes> datagrams;
    bytes buffer(1500);
    while (const auto sent = from.transmit(buffer, 1, now)) {
      datagrams.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(sent->size));
    }
    return datagrams;
  }

  /// Lets both talk until neither has anything left to say.
  void settle() {
    for (int round = 0; round < 200; ++round) {
      const auto forth = collect(*client);
      for (const bytes& datagram : forth) to_server(datagram);
      const auto back = server ? collect(*server) : std::vector<bytes>();
      for (const bytes& datagram : back) to_client(datagram);
      if (forth.empty() && back.empty()) return;
    }
    throw std::runtime_error("the two never stop talking");
  }

  /// Lets this much time pass, with every deadline in it.
  void pass(duration time) {
    const time_point end = now + time;
    while (true) {
      auto next = client->next_deadline();
      if (server) next = earliest(next, server->next_deadline());
      if (!next || *next > end) break;
      now = std::max(now, *next);
      client->on_timeout(now);
      if (server) server->on_timeout(now);
      settle();
    }
    now = end;
  }

  /// A request and its answer, each one byte.
  bool exchange() {
    const auto id = client->open_stream(stream_direction::bidirectional);
    const bytes one{0x2a};
    if (!id || !client->stream_write(*id, one, true)) return false;
    settle();
    const auto request = server->stream_peek(*id);
    if (!request || request->bytes.size() != 1 || !request->fin || !server->stream_consume(*id, 1)) return false;
    if (!server->stream_write(*id, one, true)) return false;
    settle();
    const auto answer = client->stream_peek(*id);
    return answer && answer->bytes.size() == 1 && answer->fin && client->stream_consume(*id, 1);
  }

  bool is_established() const { return server && server->is_established() && client->is_established(); }

  counting_random random{7};
  time_point now{std::chrono::seconds(1000)};
  const network_path at_client{ip_endpoint::v4({10, 0, 0, 2}, 50000), ip_endpoint::v4({10, 0, 0, 1}, 443)};
  const network_path at_server{at_client.peer, at_client.local};
  quic::acceptor acceptor;
  std::unique_ptr<quic::connection> client;
  std::unique_ptr<quic::connection> server;
};

}  // namespace quasio::test
