#include "quic/handshake.hpp"

#include "quasio/base/byte_reader.hpp"
#include "quic/remembered_parameters.hpp"

namespace quasio::quic {
namespace {

transport_error from_tls(const crypto::tls_error& error) {
  if (error.violates_quic) return {transport_error_code::protocol_violation, 0x06, error.reason};
  // RFC 9001, section 4.8: an alert becomes a code of its own.
  const auto code =
      static_cast<std::uint64_t>(transport_error_code::crypto_error) + static_cast<std::uint64_t>(error.alert);
  return {static_cast<transport_error_code>(code), 0x06, error.reason};
}

}  // namespace

handshake::handshake(endpoint_role role, version_negotiation& versions, std::array<packet_space, 3>& spaces,
                     key_ring& keys, const time_point& now)
    : role_(role), versions_(versions), spaces_(spaces), keys_(keys), now_(now) {}

transport_result<void> handshake::start_client(const crypto::tls_context& tls, const identity& who,
                                               const transport_parameters& own, const resumption& from) {
  const auto parameters = encode_transport_parameters(own, endpoint_role::client, who.reserved);
  auto session = crypto::tls_session::client(tls,
                                             {.server_name = who.server_name,
                                              .alpn = who.alpn,
                                              .transport_parameters = parameters,
                                              .session_ticket = from.ticket,
                                              .early_data = from.early_data},
                                             *this);
  if (!session) return unexpected(from_tls(session.error()));
  session_ = std::move(*session);
  return verdict(session_->start());
}

transport_result<void> handshake::start_server(const crypto::tls_context& tls, const identity& who,
                                               const transport_parameters& own, const early_data_options& early_data,
                                               bool ask_about_client_hello) {
  gate_.emplace(early_data, versions_.chosen(), own);
  auto session = crypto::tls_session::server(
      tls, {.alpn = who.alpn, .early_data = gate_->is_open(), .ask_about_client_hello = ask_about_client_hello}, *this);
  if (!session) return unexpected(from_tls(session.error()));
  session_ = std::move(*session);
  own_ = own;
  if (who.reserved) {
    reserved_value_.assign(who.reserved->value.begin(), who.reserved->value.end());
    reserved_ = {.n = who.reserved->n, .value = reserved_value_};
  }
  return {};
}

void handshake::derive_initial_keys(const connection_id& destination) {
  initial_destination_ = destination;
  const auto secrets = initial_secrets(versions_.current());
  const bool client = role_ == endpoint_role::client;
  keys_.initial_read = direction_keys::derive(client ? secrets.server : secrets.client, crypto::initial_aead, labels());
  keys_.initial_write =
      direction_keys::derive(client ? secrets.client : secrets.server, crypto::initial_aead, labels());
}

crypto::initial_secrets handshake::initial_secrets(quic_version version) const {
  return crypto::derive_initial_secrets(labels_of(version), initial_destination_.bytes());
}

void handshake::derive_negotiated_initial_read(quic_version version) {
  const auto secrets = initial_secrets(version);
  keys_.negotiated_initial_read = direction_keys::derive(
      role_ == endpoint_role::client ? secrets.server : secrets.client, crypto::initial_aead, labels_of(version));
}

void handshake::switch_initial_version(quic_version version) {
  derive_negotiated_initial_read(version);
  const auto secrets = initial_secrets(version);
  keys_.initial_write = direction_keys::derive(role_ == endpoint_role::client ? secrets.client : secrets.server,
                                               crypto::initial_aead, labels_of(version));
}

transport_result<void> handshake::receive(space_id space, std::uint64_t offset, byte_view data) {
  if (role_ == endpoint_role::server && space == space_id::application_data) {
    // RFC 9001, section 6: of the messages that a client could send here QUIC forbids all: unexpected_message.
    return unexpected(from_tls({.alert = 10, .reason = "a TLS message after the handshake"}));
  }
  crypto_stream& stream = spaces_[index_of(space)].crypto;
  if (auto taken = stream.receive(offset, data); !taken) return taken;
  if (auto fed = feed_tls(); !fed) return fed;
  // RFC 9001, section 4.1.3: nothing new may come at a level that TLS has left.
  if (space < space_of(session_->read_level()) && !stream.readable().empty()) {
    return unexpected(
        transport_error{transport_error_code::protocol_violation, 0x06, "handshake data at a level that is over"});
  }
  return {};
}

void handshake::on_client_hello(const crypto::client_hello_view& hello) {
  client_hello_received told{.server_name = std::string(hello.server_name), .alpn = {}};
  byte_reader names(hello.alpn);
  while (const auto size = names.read_u8()) {
    const auto name = names.read_bytes(*size);
    if (!name) break;
    told.alpn.emplace_back(as_text(*name));
  }
  hello_ = std::move(told);
}

transport_result<void> handshake::answer_client_hello(crypto::client_hello_answer answer) {
  if (auto went_on = verdict(session_->answer_client_hello(std::move(answer))); !went_on) return went_on;
  return feed_tls();
}

transport_result<void> handshake::feed_tls() {
  while (true) {
    const crypto::encryption_level level = session_->read_level();
    crypto_stream& stream = spaces_[index_of(space_of(level))].crypto;
    const byte_view readable = stream.readable();
    if (readable.empty()) return {};
    auto outcome = verdict(session_->receive(level, readable));
    stream.consume(readable.size());
    if (!outcome) return outcome;
  }
}

transport_result<void> handshake::verdict(const result<void, crypto::tls_error>& outcome) const {
  // Ours comes before TLS's own verdict: it is the more telling one.
  if (objection_) return unexpected(*objection_);
  if (!outcome) return unexpected(from_tls(outcome.error()));
  return {};
}

std::string_view handshake::alpn() const noexcept { return session_ ? session_->alpn() : std::string_view(); }

void handshake::on_crypto_data(crypto::encryption_level level, byte_view data) {
  spaces_[index_of(space_of(level))].crypto.write(data);
}

void handshake::on_secret(crypto::encryption_level level, crypto::direction direction, crypto::aead_algorithm algorithm,
                          const crypto::traffic_secret& secret) {
  const bool read = direction == crypto::direction::read;
  if (level == crypto::encryption_level::early_data) {
    // RFC 9369, section 4.1: whatever version is negotiated meanwhile, early data is of the first flight's.
    const crypto::key_labels first = labels_of(versions_.chosen());
    (read ? keys_.early_read : keys_.early_write) = direction_keys::derive(secret, algorithm, first);
  } else if (level == crypto::encryption_level::handshake) {
    (read ? keys_.handshake_read : keys_.handshake_write) = direction_keys::derive(secret, algorithm, labels());
  } else if (level == crypto::encryption_level::application && read) {
    keys_.application_read.emplace(secret, algorithm, labels());
  } else if (level == crypto::encryption_level::application) {
    keys_.application_write.emplace(secret, algorithm, labels());
  }
}

void handshake::on_peer_transport_parameters(byte_view encoded) {
  auto decoded = decode_transport_parameters(encoded, other(role_));
  if (decoded) {
    peer_parameters_ = std::move(*decoded);
  } else {
    objection_ = decoded.error();
    return;
  }
  if (role_ == endpoint_role::server) answer_parameters();
}

void handshake::answer_parameters() {
  if (auto negotiated = versions_.negotiate(peer_parameters_->version_information); !negotiated) {
    objection_ = negotiated.error();
    return;
  }
  // RFC 9369, section 4.1: every CRYPTO frame of the server is sent in the negotiated version.
  if (versions_.current() != versions_.chosen()) switch_initial_version(versions_.current());
  if (own_.version_information) own_.version_information->chosen = versions_.current();
  session_->set_transport_parameters(encode_transport_parameters(own_, endpoint_role::server, reserved_));
  session_->set_ticket_context(gate_->ticket_context(versions_.current()));
}

void handshake::on_session_ticket(const crypto::received_ticket& ticket) {
  if (ticket.max_early_data != 0 && ticket.max_early_data != crypto::unlimited_early_data) {
    // RFC 9001, section 4.6.1.
    objection_ =
        transport_error{transport_error_code::protocol_violation, 0x06, "a ticket for early data of a limited size"};
    return;
  }
  sessions_.push_back(std::make_shared<saved_session>(
      saved_session{.version = versions_.current(),
                    .alpn = std::string(alpn()),
                    .allows_early_data = ticket.max_early_data != 0,
                    .parameters = remembered(peer_parameters_.value_or(transport_parameters())),
                    .ticket = {ticket.bytes.begin(), ticket.bytes.end()}}));
}

bool handshake::accepts_early_data(const crypto::early_data_offer& offer) {
  return gate_ && gate_->accepts_early_data(offer, now_);
}

crypto::early_data_state handshake::early_data() const noexcept {
  return session_ ? session_->early_data() : crypto::early_data_state::not_offered;
}

early_data_refusal handshake::refusal() const noexcept {
  if (early_data() != crypto::early_data_state::rejected) return early_data_refusal::none;
  if (role_ == endpoint_role::client) return early_data_refusal::by_peer;
  const bool was_asked = gate_ && gate_->refusal() != early_data_refusal::none;
  return was_asked ? gate_->refusal() : early_data_refusal::session;
}

}  // namespace quasio::quic
