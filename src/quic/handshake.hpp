#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/tls_events.hpp"
#include "crypto/tls_session.hpp"
#include "quasio/base/time.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/quic/early_data.hpp"
#include "quasio/quic/events.hpp"
#include "quasio/quic/saved_session.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quasio/wire/version.hpp"
#include "quic/early_data_gate.hpp"
#include "quic/key_ring.hpp"
#include "quic/packet_space.hpp"
#include "quic/version_negotiation.hpp"

namespace quasio::quic {

/// Joins TLS to QUIC (RFC 9001, section 4): CRYPTO data goes to TLS and comes from it, secrets become keys, and the
/// peer's transport parameters are checked against the connection IDs that were seen (RFC 9000, section 7.3).
class handshake final : private crypto::tls_events {
public:
  /// `now` is where the time of the latest call stands.
  handshake(endpoint_role role, version_negotiation& versions, std::array<packet_space, 3>& spaces, key_ring& keys,
            const time_point& now);

  struct identity {
    std::string server_name;
    std::vector<std::string> alpn;
    std::optional<reserved_transport_parameter> reserved = std::nullopt;  ///< Grease; copied.
  };

  /// What a client takes up again.
  struct resumption {
    byte_view ticket;
    bool early_data = false;
  };

  /// A client's TLS begins at once, and anew when it is called again; a server's waits for the ClientHello, and only
  /// then completes its own parameters with the version.
  transport_result<void> start_client(const crypto::tls_context& tls, const identity& who,
                                      const transport_parameters& own, const resumption& from);
  transport_result<void> start_server(const crypto::tls_context& tls, const identity& who,
                                      const transport_parameters& own, const early_data_options& early_data,
                                      bool ask_about_client_hello);

  /// What a server is asked about since the last call.
  std::optional<client_hello_received> take_client_hello() { return std::exchange(hello_, std::nullopt); }

  bool awaits_answer() const noexcept { return session_ && session_->awaits_answer(); }

  /// Goes on as the answer says. Does nothing when none is awaited.
  transport_result<void> answer_client_hello(crypto::client_hello_answer answer);

  /// The keys of Initial packets, from the destination connection ID of the client's first one, or of the first after a
  /// Retry.
  void derive_initial_keys(const connection_id& destination);

  /// For a client that sees an Initial packet of a version that it offered, and does not know yet whether to believe
  /// it.
  void derive_negotiated_initial_read(quic_version version);

  /// The version has been agreed on: Initial packets are sent in it from now on (RFC 9369, section 4.1).
  void switch_initial_version(quic_version version);

  /// Takes the data of a CRYPTO frame, in any order, and lets TLS go as far as it leads.
  transport_result<void> receive(space_id space, std::uint64_t offset, byte_view data);

  /// TLS is through on this side.
  bool is_complete() const noexcept { return session_ && session_->handshake_complete(); }

  /// Gives TLS's memory back once the handshake is confirmed and no ticket is due.
  void release() { session_->release(); }

  /// What the peer declared, as soon as it is known. Not yet trustworthy before is_complete().
  const std::optional<transport_parameters>& peer_parameters() const noexcept { return peer_parameters_; }

  crypto::early_data_state early_data() const noexcept;
  early_data_refusal refusal() const noexcept;
  bool resumed() const noexcept { return session_ && session_->resumed(); }

  /// The sessions that tickets have come for since the last call.
  std::vector<std::shared_ptr<saved_session>> take_sessions() { return std::exchange(sessions_, {}); }

  std::string_view alpn() const noexcept;
  std::string cipher() const { return session_ ? session_->cipher_name() : std::string(); }
  std::string group() const { return session_ ? session_->group_name() : std::string(); }

private:
  void on_crypto_data(crypto::encryption_level level, byte_view data) override;
  void on_secret(crypto::encryption_level level, crypto::direction direction, crypto::aead_algorithm algorithm,
                 const crypto::traffic_secret& secret) override;
  void on_peer_transport_parameters(byte_view encoded) override;
  void on_session_ticket(const crypto::received_ticket& ticket) override;
  bool accepts_ticket(byte_view context) override { return gate_ && gate_->accepts_ticket(context); }
  bool accepts_early_data(const crypto::early_data_offer& offer) override;
  void on_client_hello(const crypto::client_hello_view& hello) override;

  crypto::key_labels labels() const noexcept { return labels_of(versions_.current()); }
  crypto::initial_secrets initial_secrets(quic_version version) const;
  void answer_parameters();
  transport_result<void> feed_tls();
  transport_result<void> verdict(const result<void, crypto::tls_error>& outcome) const;

  endpoint_role role_;
  version_negotiation& versions_;
  std::array<packet_space, 3>& spaces_;
  key_ring& keys_;
  const time_point& now_;
  std::optional<crypto::tls_session> session_;
  std::optional<early_data_gate> gate_;  ///< A server's.
  std::optional<transport_parameters> peer_parameters_;
  std::optional<transport_error> objection_;  ///< To what TLS has no objection.
  std::optional<client_hello_received> hello_;
  std::vector<std::shared_ptr<saved_session>> sessions_;
  transport_parameters own_;  // A server's, until they are sent.
  std::vector<std::uint8_t> reserved_value_;
  std::optional<reserved_transport_parameter> reserved_;
  connection_id initial_destination_;
};

}  // namespace quasio::quic
