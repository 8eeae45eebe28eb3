#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "crypto/test_certificates.hpp"
#include "crypto/tls_session.hpp"

namespace quasio::test {

/// One end of a TLS handshake in memory: keeps all that its session tells.
class tls_end final : public crypto::tls_events {
public:
  using bytes = std::vector<std::uint8_t>;

  struct flight {
    crypto::encryption_level level;
    bytes content;
  };

  struct told_secret {
    crypto::aead_algorithm aead;
    bytes secret;
  };

  std::optional<crypto::tls_session> session;
  bytes parameters;  ///< A server's own: set as soon as the client's arrive, unless empty.

  std::deque<flight> sent;  ///< Not yet delivered.
  std::map<std::pair<crypto::encryption_level, crypto::direction>, told_secret> secrets;
  std::vector<bytes> peer_parameters;
  std::vector<bytes> tickets;
  std::vector<std::uint32_t> max_early_data;  ///< Of each ticket.

  // A server's: what it is asked and answers.
  bool takes_tickets = true;
  bool takes_early_data = true;
  bytes resumed_context;
  bytes early_context;
  bytes client_random;
  struct told_hello {
    std::string server_name;
    bytes alpn;
  };
  std::vector<told_hello> hellos;
  std::optional<crypto::tls_error> error;

  void start() { note(session->start()); }

  /// Hands bytes to the session in pieces of at most `piece`.
  void receive(const flight& incoming, std::size_t piece) {
    for (std::size_t at = 0; at < incoming.content.size() && !error; at += piece) {
      const std::size_t size = std::min(piece, incoming.content.size() - at);
      note(session->receive(incoming.level, byte_view(incoming.content).subspan(at, size)));
    }
  }

  bool knows(crypto::encryption_level level, crypto::direction way) const { return secrets.contains({level, way}); }

  const bytes& secret(crypto::encryption_level level, crypto::direction way) const {
    return secrets.at({level, way}).secret;
  }

  void on_crypto_data(crypto::encryption_level level, byte_view content) override {
    sent.push_back({level, {content.begin(), content.end()}});
  }
  void on_secret(crypto::encryption_level level, crypto::direction way, crypto::aead_algorithm aead,
                 const crypto::traffic_secret& secret) override {
    secrets[{level, way}] = {aead, {secret.bytes().begin(), secret.bytes().end()}};
  }
  void on_peer_transport_parameters(byte_view received) override {
    peer_parameters.emplace_back(received.begin(), received.end());
    if (!parameters.empty()) session->set_transport_parameters(parameters);
  }
  void on_session_ticket(const crypto::received_ticket& ticket) override {
    tickets.emplace_back(ticket.bytes.begin(), ticket.bytes.end());
    max_early_data.push_back(ticket.max_early_data);
  }
  bool accepts_ticket(byte_view context) override {
    resumed_context.assign(context.begin(), context.end());
    return takes_tickets;
  }
  bool accepts_early_data(const crypto::early_data_offer& offer) override {
    early_context.assign(offer.ticket_context.begin(), offer.ticket_context.end());
    client_random.assign(offer.client_random.begin(), offer.client_random.end());
    return takes_early_data;
  }

  void on_client_hello(const crypto::client_hello_view& hello) override {
    hellos.push_back({std::string(hello.server_name), {hello.alpn.begin(), hello.alpn.end()}});
  }
  void answer(crypto::client_hello_answer how) { note(session->answer_client_hello(std::move(how))); }

private:
  void note(const result<void, crypto::tls_error>& outcome) {
    if (!outcome) error = outcome.error();
  }
};

/// How a pair of ends is set up; the defaults make a handshake that succeeds.
struct tls_pair_options {
  crypto::tls_context client_context;
  crypto::tls_context server_context;
  std::string server_name = "localhost";
  std::vector<std::string> client_alpn = {"h3"};
  std::vector<std::string> server_alpn = {"h3"};
  std::vector<std::uint8_t> client_parameters = {1, 2, 3};
  std::vector<std::uint8_t> server_parameters = {4, 5, 6, 7};
  std::vector<std::uint8_t> ticket = {};
  std::vector<std::uint8_t> ticket_context = {};
  bool client_early_data = false;
  bool server_early_data = false;
  bool server_asks = false;  ///< About the ClientHello.
};

template <class Value>
Value expect(result<Value, crypto::tls_error> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().reason);
  return std::move(*outcome);
}

/// Restricts the key exchange groups of a context.
inline void set_groups(const crypto::tls_context& context, std::string names) {
  if (SSL_CTX_ctrl(context.native_handle(), SSL_CTRL_SET_GROUPS_LIST, 0, names.data()) != 1) {
    throw std::runtime_error("no such groups: " + names);
  }
}

/// A client and a server that speak to each other without loss.
struct tls_pair {
  tls_end client;
  tls_end server;

  explicit tls_pair(const tls_pair_options& options) {
    client.session = expect(crypto::tls_session::client(options.client_context,
                                                        {.server_name = options.server_name,
                                                         .alpn = options.client_alpn,
                                                         .transport_parameters = options.client_parameters,
                                                         .session_ticket = options.ticket,
                                                         .early_data = options.client_early_data},
                                                        client));
    server.session = expect(crypto::tls_session::server(options.server_context,
                                                        {.alpn = options.server_alpn,
                                                         .early_data = options.server_early_data,
                                                         .ask_about_client_hello = options.server_asks},
                                                        server));
    server.parameters = options.server_parameters;
    server.session->set_ticket_context(options.ticket_context);
  }

  /// Runs until nobody has anything left to say, or one of them failed.
  tls_pair& run(std::size_t piece = SIZE_MAX / 2) {
    client.start();
    while (deliver(client, server, piece) || deliver(server, client, piece)) {
    }
    return *this;
  }

  /// Delivers all that `from` has sent so far; whether there was any.
  static bool deliver(tls_end& from, tls_end& to, std::size_t piece = SIZE_MAX / 2) {
    if (from.sent.empty() || from.error || to.error) return false;
    while (!from.sent.empty() && !to.error) {
      const auto next = std::move(from.sent.front());
      from.sent.pop_front();
      to.receive(next, piece);
    }
    return true;
  }

  bool complete() const { return client.session->handshake_complete() && server.session->handshake_complete(); }
};

/// A root, a server that it vouches for, and a client that trusts it.
struct tls_world {
  certificate root = make_ca();
  certificate leaf = issue(root);
  crypto::tls_context client = expect(crypto::tls_context::client(client_options()));
  crypto::tls_context server = expect(crypto::tls_context::server(server_options()));

  crypto::client_options client_options() const {
    crypto::client_options options;
    options.trust_system_roots = false;
    options.additional_roots = crypto::pem::text(root.certificate_pem);
    return options;
  }

  crypto::server_options server_options() const { return server_options_of(leaf); }

  static crypto::server_options server_options_of(const certificate& identity) {
    crypto::server_options options;
    options.certificate_chain = crypto::pem::text(identity.certificate_pem);
    options.private_key = crypto::pem::text(identity.key_pem);
    return options;
  }

  tls_pair_options pair_options() const {
    tls_pair_options options;
    options.client_context = client;
    options.server_context = server;
    return options;
  }
};

}  // namespace quasio::test
