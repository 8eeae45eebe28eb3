#include "quasio/quic/acceptor.hpp"

#include <algorithm>

#include "crypto/retry_integrity.hpp"
#include "quic/address_token.hpp"
#include "quic/connection_parts.hpp"
#include "quic/packet_protection.hpp"
#include "quic/refusal.hpp"
#include "quic/stateless_reset_sender.hpp"
#include "quic/version_negotiation.hpp"
#include "wire/packet_header.hpp"
#include "wire/packet_number.hpp"
#include "wire/retry_packet.hpp"
#include "wire/routing_header.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, section 14.1.
constexpr std::size_t min_initial_datagram = 1200;

// Section 7.2: a client's first guess at our connection ID is at least this long.
constexpr std::size_t min_first_destination = 8;

/// Whether the datagram's first packet opens under the keys that its destination connection ID gives. One that was
/// spoilt on its way must not make a connection: the real one would then come to an end that has its IDs wrong.
bool is_authentic(byte_view datagram, const wire::packet_header& initial) {
  if (!initial.has_sample()) return false;
  std::vector<std::uint8_t> packet(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(initial.size));
  const auto labels = labels_of(initial.version);
  const auto secrets = crypto::derive_initial_secrets(labels, initial.destination.bytes());
  direction_keys keys = direction_keys::derive(secrets.client, crypto::initial_aead, labels);
  const auto unprotected = crypto::unprotect_header(packet, initial.packet_number_offset, keys.header);
  if (!unprotected) return false;
  const std::size_t header_size = initial.packet_number_offset + unprotected->packet_number_length;
  if (packet.size() < header_size + crypto::aead_tag_size) return false;
  const std::uint64_t number =
      wire::expand_packet_number(std::nullopt, unprotected->truncated_packet_number, unprotected->packet_number_length);
  return keys.packet.open(number, byte_view(packet).first(header_size), byte_span(packet).subspan(header_size));
}

std::array<std::uint8_t, 32> or_random(std::array<std::uint8_t, 32> key, random_source& random) {
  if (std::ranges::all_of(key, [](std::uint8_t byte) { return byte == 0; })) random.fill(key);
  return key;
}

}  // namespace

std::shared_ptr<crypto::replay_guard> make_replay_guard(const crypto::tls_context& tls, random_source& random) {
  const auto keys = tls.ticket_keys();
  return std::make_shared<crypto::strike_register>(
      crypto::strike_register_settings{.distrust_start = keys && keys->is_shared()}, random);
}

class acceptor::parts {
public:
  parts(acceptor_options given, random_source& random_bytes)
      : options(std::move(given)),
        random(random_bytes),
        reset_token_key(or_random(options.reset_token_key, random)),
        resets(reset_token_key, options.stateless_reset),
        tokens(std::make_shared<address_tokens>(
            options.token_keys ? options.token_keys : token_keys::generate(random),
            options.spent_tokens ? options.spent_tokens : std::make_shared<spent_tokens>(),
            address_token_lifetimes{options.retry_token_lifetime, options.new_token_lifetime})),
        supported(supported_versions(options.transport.versions)),
        quic_bit_rule(options.transport.grease_quic_bit ? wire::fixed_bit_rule::may_be_greased
                                                        : wire::fixed_bit_rule::must_be_set) {
    const bool has_ids = options.connection_ids && options.connection_ids->size() > 0;
    if (!has_ids) options.connection_ids = std::make_shared<random_connection_ids>();
    early_data_options& early = options.early_data;
    if (early.accept && !early.replay_guard) early.replay_guard = make_replay_guard(options.tls, random);
  }

  decision consider(byte_view datagram, const network_path& path, std::size_t handshaking, byte_span reply,
                    time_point now);
  decision reset(byte_view datagram, byte_span reply, time_point now);
  decision negotiate_version(const wire::routing_header& header, byte_span reply);
  decision retry(const wire::packet_header& initial, const network_path& path, byte_span reply, time_point now);
  decision accept(const wire::packet_header& initial, const retry_claim* claim, bool address_validated,
                  const network_path& path, time_point now);
  static decision refuse(const wire::packet_header& initial, byte_span reply, transport_error_code code,
                         stateless_reply::kind why);
  bool wants_proof(std::size_t handshaking) const noexcept;

  acceptor_options options;
  random_source& random;
  std::array<std::uint8_t, 32> reset_token_key;
  stateless_reset_sender resets;
  std::shared_ptr<address_tokens> tokens;  // Shared with the connections, which give tokens too.
  std::vector<quic_version> supported;
  // RFC 9287, section 3.1: a client with a token of ours may clear the bit from its first packet on.
  wire::fixed_bit_rule quic_bit_rule;
};

acceptor::acceptor(acceptor_options options, random_source& random)
    : parts_(std::make_unique<parts>(std::move(options), random)) {}
acceptor::~acceptor() = default;

std::size_t acceptor::connection_id_size() const noexcept { return parts_->options.connection_ids->size(); }

void acceptor::synchronise(const wall_clock& clock) noexcept { parts_->tokens->synchronise(clock); }

acceptor::decision acceptor::consider(byte_view datagram, const network_path& path, std::size_t handshaking,
                                      byte_span reply, time_point now) {
  return parts_->consider(datagram, path, handshaking, reply, now);
}

acceptor::decision acceptor::parts::consider(byte_view datagram, const network_path& path, std::size_t handshaking,
                                             byte_span reply, time_point now) {
  const auto routing = wire::peek_routing_header(datagram, options.connection_ids->size());
  if (!routing) return ignored{ignored::cause::not_quic};
  if (!routing->long_form) return reset(datagram, reply, now);
  // Sections 5.2.2 and 14.1: small datagrams get no answer, lest the answer be larger than what caused it.
  if (datagram.size() < min_initial_datagram) return ignored{ignored::cause::too_small};
  if (routing->version == quic_version::negotiation) return ignored{ignored::cause::not_quic};
  if (std::ranges::find(supported, routing->version) == supported.end()) return negotiate_version(*routing, reply);

  const auto initial = wire::parse_packet_header(datagram, options.connection_ids->size(), quic_bit_rule);
  if (!initial || initial->type != wire::packet_type::initial) return ignored{ignored::cause::not_initial};
  const bool has_token = !initial->token.empty();
  const token_verdict verdict =
      has_token ? tokens->judge(initial->token, path.peer, initial->version, now) : token_verdict(no_proof{});
  const auto* claim = std::get_if<retry_claim>(&verdict);
  const bool is_spoilt = std::holds_alternative<spoilt_retry>(verdict);
  if (is_spoilt || (claim && claim->retry_source != initial->destination)) {
    // Section 8.1.2: a Retry token that does not hold, or not for this attempt, ends it at once: the client would take
    // no other.
    return refuse(*initial, reply, transport_error_code::invalid_token, stateless_reply::kind::refusal);
  }
  const auto* known = std::get_if<known_address>(&verdict);
  if (!claim) {
    // Section 8.1.3: a token that cannot be read, or does not hold, is no worse than none.
    if (initial->destination.size() < min_first_destination) return ignored{ignored::cause::not_initial};
    if (!known && wants_proof(handshaking)) return retry(*initial, path, reply, now);
  }
  const client_knock knock{path, initial->version, claim || known, handshaking};
  switch (options.admit ? options.admit(knock) : admission::accept) {
    case admission::ignore:
      return ignored{ignored::cause::not_admitted};
    case admission::refuse:
      return refuse(*initial, reply, transport_error_code::connection_refused, stateless_reply::kind::not_admitted);
    case admission::prove_address:
      if (!knock.address_proved) return retry(*initial, path, reply, now);
      break;
    case admission::accept:
      break;
  }
  if (handshaking >= options.max_handshakes) return ignored{ignored::cause::refused};
  if (!is_authentic(datagram, *initial)) return ignored{ignored::cause::unauthentic};
  // Section 8.1.4: what was used before proves nothing.
  const bool proves_address = claim || (known && tokens->spend(*known));
  if (!proves_address && wants_proof(handshaking)) return retry(*initial, path, reply, now);
  return accept(*initial, claim, proves_address, path, now);
}

acceptor::decision acceptor::parts::refuse(const wire::packet_header& initial, byte_span reply,
                                           transport_error_code code, stateless_reply::kind why) {
  const std::size_t size = write_refusal(reply, initial, code);
  if (size > 0) return stateless_reply{why, size};
  const bool is_token = why == stateless_reply::kind::refusal;
  return ignored{is_token ? ignored::cause::bad_token : ignored::cause::not_admitted};
}

bool acceptor::parts::wants_proof(std::size_t handshaking) const noexcept {
  if (options.retry == retry_policy::automatic) return handshaking >= options.retry_threshold;
  return options.retry == retry_policy::always;
}

acceptor::decision acceptor::parts::reset(byte_view datagram, byte_span reply, time_point now) {
  const auto id = datagram.subspan(1, std::min(datagram.size() - 1, options.connection_ids->size()));
  if (!options.connection_ids->may_be_ours(id)) return ignored{ignored::cause::not_initial};
  const auto answer = resets.write(datagram, options.connection_ids->size(), reply, random, now);
  switch (answer.what) {
    case stateless_reset_sender::outcome::written:
      return stateless_reply{stateless_reply::kind::stateless_reset, answer.size};
    case stateless_reset_sender::outcome::limited:
      return ignored{ignored::cause::reset_limited};
    default:
      return ignored{ignored::cause::not_initial};
  }
}

acceptor::decision acceptor::parts::negotiate_version(const wire::routing_header& header, byte_span reply) {
  // Section 6.3: a reserved version among the real ones keeps clients tolerant.
  std::array<std::uint8_t, 2> noise{};
  random.fill(noise);
  std::vector<quic_version> versions = options.transport.versions.offered;
  if (versions.empty()) versions = supported;
  if (options.transport.grease) {
    const auto place = static_cast<std::ptrdiff_t>(noise[0] % (versions.size() + 1));
    versions.insert(versions.begin() + place, reserved_version(random));
  }
  byte_writer out(reply);
  wire::encode_version_negotiation(out, noise[1], header.source, header.destination, versions);
  if (out.overflowed()) return ignored{ignored::cause::not_quic};
  return stateless_reply{stateless_reply::kind::version_negotiation, out.position()};
}

acceptor::decision acceptor::parts::retry(const wire::packet_header& initial, const network_path& path, byte_span reply,
                                          time_point now) {
  connection_id source = options.connection_ids->generate(random);
  // Section 17.2.5.1: the client would take the Retry for none.
  if (source == initial.destination) source = options.connection_ids->generate(random);
  if (source == initial.destination) return ignored{ignored::cause::refused};
  const auto token = tokens->make_retry({initial.destination, source}, path.peer, initial.version, random, now);
  byte_writer out(reply);
  wire::encode_retry_body(
      out, {.version = initial.version, .destination = initial.source, .source = source, .token = token});
  const auto tag = crypto::make_retry_tag(labels_of(initial.version), initial.destination.bytes(), out.written());
  out.write_bytes(tag);
  if (out.overflowed()) return ignored{ignored::cause::refused};
  return stateless_reply{stateless_reply::kind::retry, out.position()};
}

acceptor::decision acceptor::parts::accept(const wire::packet_header& initial, const retry_claim* claim,
                                           bool address_validated, const network_path& path, time_point now) {
  if (const auto keys = options.tls.ticket_keys()) keys->keep_fresh(now, random);
  const connection_origin origin{.role = endpoint_role::server,
                                 .version = initial.version,
                                 .transport = options.transport,
                                 .path = path,
                                 .local_id = options.connection_ids->generate(random),
                                 .peer_id = initial.source,
                                 .original_destination = claim ? claim->original_destination : initial.destination,
                                 .retry_source = claim ? std::optional(claim->retry_source) : std::nullopt,
                                 .reset_token_key = reset_token_key,
                                 .connection_ids = options.connection_ids,
                                 .issuer = {tokens, options.new_tokens},
                                 .now = now,
                                 .observe = options.observe};
  auto made = connection::parts::accept(options.tls, options.alpn, options.early_data, origin, address_validated,
                                        random, options.ask_about_client_hello);
  if (!made) return ignored{ignored::cause::tls};
  return std::unique_ptr<connection>(new connection(std::move(*made)));
}

std::optional<connection_id> routing_id(byte_view datagram, std::size_t short_header_id_size) noexcept {
  const auto header = wire::peek_routing_header(datagram, short_header_id_size);
  if (!header || header->destination.size() > max_connection_id_size) return std::nullopt;
  return connection_id(header->destination);
}

}  // namespace quasio::quic
