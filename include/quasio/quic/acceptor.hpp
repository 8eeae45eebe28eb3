#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "quasio/base/wall_clock.hpp"
#include "quasio/quic/acceptor_settings.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/quic/spent_tokens.hpp"
#include "quasio/quic/token_keys.hpp"

namespace quasio::quic {

/// Whether a client must prove its address before a connection is made for it (RFC 9000, section 8.1.2).
enum class retry_policy : std::uint8_t {
  always,
  automatic,  ///< Only while more than acceptor_options::retry_threshold handshakes are under way.
  never,
};

/// What is known of a client before anything is kept about it.
struct client_knock {
  network_path path;                        ///< Of its packet; `path.peer` is what it claims to be.
  quic_version version = quic_version::v1;  ///< Of its packet.
  bool address_proved = false;              ///< By a token, of a Retry or an earlier connection.
  std::size_t handshaking = 0;              ///< Handshakes under way.
};

/// What becomes of one who knocks.
enum class admission : std::uint8_t {
  accept,
  prove_address,  ///< Only after a Retry; as `accept` for one whose address is proved.
  refuse,         ///< Told so (CONNECTION_REFUSED), in a datagram smaller than its own; nothing is kept.
  ignore,         ///< No answer.
};

/// How a server takes connections. Required are `tls` and `alpn`.
struct acceptor_options {
  crypto::tls_context tls;                       ///< Made by crypto::tls_context::server(), or adopted.
  std::vector<std::string> alpn;                 ///< Protocols spoken, the most wanted first. At least one.
  settings transport;                            ///< Copied into each connection.
  early_data_options early_data;                 ///< Whether 0-RTT is taken. Off by default.
  retry_policy retry = retry_policy::automatic;  ///< When clients must prove their addresses first.
  std::size_t retry_threshold = 512;             ///< Handshakes under way from which `automatic` asks for proof.
  std::size_t max_handshakes = 4096;             ///< Handshakes under way beyond which new ones are refused silently.

  /// How long a Retry token is good for: as long as a client may take to come back at once.
  std::chrono::seconds retry_token_lifetime{10};

  /// Tokens that a client is given for later connections, for each address at which it is seen (RFC 9000,
  /// section 8.1.3): one for the next connection, one for an attempt that fails. 0: none.
  unsigned new_tokens = 2;

  /// How long they are good for, if the keys are: at most token_keys' period is of use.
  std::chrono::seconds new_token_lifetime{std::chrono::hours(24)};

  /// Seals tokens. Null: a set of the acceptor's own, with which another one's tokens are none.
  std::shared_ptr<quic::token_keys> token_keys;

  /// Which tokens were used. Null: a record of the acceptor's own.
  std::shared_ptr<quic::spent_tokens> spent_tokens;

  /// Stateless reset tokens derive from it and the connection ID: a server that is started again with the key of before
  /// can tell its old clients so. All zero: a random one. Servers may share it only where a packet always comes to the
  /// one that has its connection; else an attacker has a token made by one server and uses it against a client of
  /// another (RFC 9000, section 21.11).
  std::array<std::uint8_t, 32> reset_token_key{};
  stateless_reset_settings stateless_reset;

  /// Makes the IDs by which clients address their connections. Null, or one of IDs without bytes, which a server cannot
  /// do with: random IDs of 8 bytes.
  std::shared_ptr<connection_id_generator> connection_ids;

  observer_factory observe;  ///< Who watches each connection; empty: nobody.

  /// Decides about each client by its address, for lists of friends and foes and limits on a network's share. It is
  /// asked before the packet is opened, so that a refusal costs next to nothing, and may be asked again about the same
  /// client. It must not block or throw. Empty: all are accepted.
  std::function<admission(const client_knock&)> admit;

  /// Has each handshake wait at the ClientHello: client_hello_received tells what the client wants, and
  /// connection::answer_client_hello() how it goes on, at once or later. The context must be able to
  /// (crypto::tls_context::can_ask_about_client_hello()).
  bool ask_about_client_hello = false;
};

/// Nothing comes of this datagram.
struct ignored {
  /// Why not.
  enum class cause : std::uint8_t {
    not_quic,
    not_initial,  ///< For no connection that exists, and none that could begin.
    too_small,
    unauthentic,
    bad_token,
    refused,       ///< Too many handshakes are under way.
    not_admitted,  ///< By acceptor_options::admit.
    tls,
    reset_limited,  ///< A Stateless Reset would have been the answer, but too many were sent of late.
  } why;            ///< For counters and logs.
};

/// Answer with the first `size` bytes of the reply buffer, to where the datagram came from, and forget it.
struct stateless_reply {
  /// What kind of packet it is.
  enum class kind : std::uint8_t {
    version_negotiation,
    retry,
    refusal,       ///< Of a Retry token that does not hold.
    not_admitted,  ///< acceptor_options::admit refused the client.
    stateless_reset
  } what;            ///< For counters and logs.
  std::size_t size;  ///< Bytes.
};

/// A server's front door as a state machine: looks at datagrams that belong to no known connection and decides what
/// becomes of them. Keeps nothing about clients that it has not accepted.
///
/// Threads: one acceptor is used by one thread at a time.
class acceptor {
public:
  /// `random` must outlive the acceptor, and be as unpredictable as keys must be.
  acceptor(acceptor_options options, random_source& random);
  ~acceptor();

  /// What becomes of a datagram. The pointer is never null.
  using decision = std::variant<ignored, stateless_reply, std::unique_ptr<connection>>;

  /// Tells what time of day it is, so that tokens keep their age on other machines and when this one is started again.
  /// Without it they are good within this process.
  void synchronise(const wall_clock& clock) noexcept;

  /// Decides about one datagram. `handshaking` is how many accepted connections have not completed their handshake.
  /// An accepted connection has not yet seen the datagram: pass it to connection::receive() next. Its poll_event()
  /// first tells the connection IDs to route by. `reply` should hold 1500 bytes.
  decision consider(byte_view datagram, const network_path& path, std::size_t handshaking, byte_span reply,
                    time_point now);

  /// The length of the connection IDs in short headers that come to this endpoint.
  std::size_t connection_id_size() const noexcept;

private:
  class parts;
  std::unique_ptr<parts> parts_;
};

/// A replay guard of the default size for acceptors of this context: what early_data_options::replay_guard is when it
/// is left empty. Make one and give it to all acceptors of a context that is used by several.
std::shared_ptr<crypto::replay_guard> make_replay_guard(const crypto::tls_context& tls, random_source& random);

/// The destination connection ID of a datagram's first packet, to route it by: empty when it cannot be QUIC.
std::optional<connection_id> routing_id(byte_view datagram, std::size_t short_header_id_size) noexcept;

}  // namespace quasio::quic
