#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "quasio/quic/acceptor.hpp"
#include "quic/hostile_peer.hpp"

namespace quasio::test {

using quic::space_id;
using namespace std::chrono_literals;

/// The TLS contexts of all duels: making certificates takes longer than a duel.
inline const crypto::tls_context& duel_client_tls() {
  static const crypto::tls_context made =
      crypto::tls_context::client({.dangerously_accept_any_certificate = true}).value();
  return made;
}

inline crypto::tls_context make_server_tls(std::size_t comment_size = 0) {
  const certificate leaf = make_self_signed({.comment_size = comment_size});
  return crypto::tls_context::server({.certificate_chain = crypto::pem::text(leaf.certificate_pem),
                                      .private_key = crypto::pem::text(leaf.key_pem)})
      .value();
}

inline const crypto::tls_context& duel_server_tls() {
  static const crypto::tls_context made = make_server_tls();
  return made;
}

inline connection_id make_id(std::uint8_t fill, std::size_t size = 8) {
  const bytes content(size, fill);
  return connection_id(content);
}

/// Generous to the connection under test.
inline transport_parameters generous_parameters() {
  transport_parameters parameters;
  parameters.initial_max_data = 1 << 20;
  parameters.initial_max_stream_data_bidi_local = 1 << 20;
  parameters.initial_max_stream_data_bidi_remote = 1 << 20;
  parameters.initial_max_stream_data_uni = 1 << 20;
  parameters.initial_max_streams_bidi = 100;
  parameters.initial_max_streams_uni = 100;
  parameters.active_connection_id_limit = 4;
  return parameters;
}

struct duel_options {
  quic::settings transport;  ///< Of the connection under test.
  crypto::tls_context tls;   ///< Of the connection under test; empty: the usual one.
  quic::retry_policy retry = quic::retry_policy::never;
  quic_version version = quic_version::v1;
  std::optional<quic_version> tested_version = {};  ///< Of a client under test, where it is another.
  bool mtu_discovery = false;                       ///< Most duels count datagrams; probes would be among them.
  transport_parameters peer_parameters = generous_parameters();
  bool parameters_as_given = false;  ///< See hostile_peer::identity.
  std::optional<bytes> encoded_parameters = {};
  std::vector<std::string> peer_alpn{"test"};
  quic::observer_factory observe;  ///< Of the connection under test.

  quic::early_data_options early_data = {};         ///< Of a server under test.
  std::optional<quic::saved_session> session = {};  ///< Of a client under test, with early data if it allows that.
  connection_id peer_id = make_id(0xaa);            ///< By which the hostile peer is addressed.
  bytes peer_ticket = {};                           ///< Of a hostile client.
  bool peer_early_data = false;                     ///< Offered by a hostile client, taken by a hostile server.
};

/// A connection under test against a hostile peer, without a network in between. Time stands still unless it is told
/// to pass.
class duel {
public:
  /// `tested` is the role of the connection under test.
  explicit duel(endpoint_role tested, duel_options options = {})
      : tested_(tested),
        options_(std::move(options)),
        peer({.role = other(tested),
              .tls = tested == endpoint_role::server ? duel_client_tls() : duel_server_tls(),
              .alpn = options_.peer_alpn,
              .version = options_.version,
              .parameters = options_.peer_parameters,
              .parameters_as_given = options_.parameters_as_given,
              .encoded_parameters = options_.encoded_parameters,
              .own_id = options_.peer_id,
              .peer_id = tested == endpoint_role::server ? make_id(0xbb) : connection_id(),
              .ticket = options_.peer_ticket,
              .early_data = options_.peer_early_data}) {
    options_.transport.mtu.discovery = options_.mtu_discovery;
    if (tested == endpoint_role::server) {
      acceptor = std::make_unique<quic::acceptor>(
          quic::acceptor_options{.tls = options_.tls ? options_.tls : duel_server_tls(),
                                 .alpn = {"test"},
                                 .transport = options_.transport,
                                 .early_data = options_.early_data,
                                 .retry = options_.retry,
                                 .observe = options_.observe},
          random);
    } else {
      connection = quic::connection::connect({.tls = options_.tls ? options_.tls : duel_client_tls(),
                                              .server_name = "localhost",
                                              .alpn = {"test"},
                                              .path = path,
                                              .transport = options_.transport,
                                              .version = options_.tested_version.value_or(options_.version),
                                              .session = options_.session,
                                              .early_data = true,
                                              .observe = options_.observe},
                                             random, now)
                       .value();
    }
  }

  /// Sends one datagram to the connection under test; the first one makes a server.
  void send(bytes datagram) { send(std::move(datagram), path); }

  void send(bytes datagram, const network_path& from) {
    if (!connection) {
      bytes reply(1500);
      auto decision = acceptor->consider(datagram, from, 0, reply, now);
      if (const auto* answer = std::get_if<quic::stateless_reply>(&decision)) {
        reply.resize(answer->size);
        return peer.receive(reply);
      }
      auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (!made) return;
      connection = std::move(*made);
    }
    connection->receive(datagram, from, ecn_codepoint::not_ect, now);
  }

  /// One packet with these frames.
  template <class... Frames>
  void send_frames(space_id space, const Frames&... frames) {
    send_payload(space, payload_of(frames...));
  }

  void send_payload(space_id space, bytes payload, packet_deviation deviation = {}) {
    if (space == space_id::initial && deviation.padded_to == 0) deviation.padded_to = 1200;
    send(peer.seal(space, std::move(payload), deviation));
  }

  /// Gives the peer what the connection wants sent. Checks what holds for every transmission.
  std::size_t collect() {
    std::size_t datagrams = 0;
    bytes buffer(65536);
    while (connection) {
      const auto sent = connection->transmit(buffer, 16, now);
      if (!sent) break;
      if (sent->size == 0 || sent->segment_size == 0) throw std::runtime_error("an empty transmission");
      if (sent->segment_size > options_.transport.max_datagram_size)
        throw std::runtime_error("a segment larger than max_datagram_size");
      last_path = sent->path;
      for (std::size_t begin = 0; begin < sent->size; begin += sent->segment_size) {
        const std::size_t size = std::min(sent->segment_size, sent->size - begin);
        sent_bytes += size;
        sent_on[sent->path] += size;
        ++datagrams;
        last_ecn = sent->ecn;
        const bool is_heard = !deaf && !deaf_on.contains(sent->path);
        if (is_heard) peer.receive(byte_view(buffer).subspan(begin, size), network_ecn.value_or(sent->ecn));
      }
      if (datagrams > 10'000) throw std::runtime_error("transmit() never ends");
    }
    return datagrams;
  }

  /// Lets both talk until neither has anything left to say.
  void settle() {
    for (int round = 0; round < 200; ++round) {
      const std::size_t sent = collect();
      const auto answers = peer.flush();
      for (const bytes& datagram : answers) send(datagram);
      drain_events();
      if (sent == 0 && answers.empty()) return;
    }
    throw std::runtime_error("the two never stop talking");
  }

  /// Completes and confirms the handshake.
  void shake_hands() {
    settle();
    if (tested_ == endpoint_role::client) {
      send_frames(space_id::application_data, wire::handshake_done_frame{});
      settle();
    }
    if (!connection || !connection->is_established()) throw std::runtime_error("no handshake: " + why_closed());
  }

  /// Lets time pass to the connection's next deadline and calls on_timeout(): false when it has none. A deadline that
  /// stays where it is although the connection had its turn would make a program spin.
  bool pass_deadline() {
    const auto deadline = connection->next_deadline();
    if (!deadline) return false;
    now = std::max(now, *deadline);
    connection->on_timeout(now);
    drain_events();
    const std::size_t sent = collect();
    if (const auto next = connection->next_deadline(); next && *next <= now && sent == 0) {
      ++stuck_;
      if (stuck_ > 64) throw std::runtime_error("the deadline never passes");
    } else {
      stuck_ = 0;
    }
    return true;
  }

  /// Lets this much time pass, with every deadline in it.
  void pass(duration time) {
    const time_point end = now + time;
    while (true) {
      const auto deadline = connection->next_deadline();
      if (!deadline || *deadline > end) break;
      pass_deadline();
    }
    now = end;
  }

  void drain_events() {
    if (!connection) return;
    while (auto event = connection->poll_event()) events.push_back(std::move(*event));
  }

  template <class Event>
  std::size_t count_events() {
    drain_events();
    std::size_t found = 0;
    for (const auto& event : events) found += std::holds_alternative<Event>(event);
    return found;
  }

  std::string why_closed() const {
    if (!connection) return "there is no connection";
    return connection->is_closed() ? connection->reason().to_string() : "it is open";
  }

  /// With which transport error the connection ended, if the peer was told the same; no_error when it is open.
  transport_error_code verdict() {
    collect();
    if (!connection || !connection->is_closed()) return transport_error_code::no_error;
    if (connection->reason().cause != quic::close_cause::local_transport) return transport_error_code::no_error;
    const auto told = peer.last<wire::connection_close_frame>();
    if (!told || told->by_application || told->error_code != connection->reason().code)
      return transport_error_code::internal_error;
    return static_cast<transport_error_code>(connection->reason().code);
  }

private:
  endpoint_role tested_;
  duel_options options_;
  int stuck_ = 0;

public:
  counting_random random;
  time_point now{std::chrono::seconds(1000)};
  network_path path{ip_endpoint::v4({10, 0, 0, 1}, 4433), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  hostile_peer peer;
  std::unique_ptr<quic::acceptor> acceptor;
  std::unique_ptr<quic::connection> connection;
  std::vector<quic::event> events;
  std::optional<network_path> last_path;
  std::optional<ecn_codepoint> network_ecn;         ///< What the network makes of every mark; empty: it keeps them.
  ecn_codepoint last_ecn = ecn_codepoint::not_ect;  ///< As the connection wanted it.
  std::uint64_t sent_bytes = 0;
  std::map<network_path, std::uint64_t> sent_on;
  bool deaf = false;               ///< What the connection sends is lost.
  std::set<network_path> deaf_on;  ///< What it sends on these paths is.
};

}  // namespace quasio::test
