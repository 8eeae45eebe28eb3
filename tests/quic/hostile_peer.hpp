#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "crypto/test_certificates.hpp"
#include "crypto/tls_session.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/range_set.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quic/packet_protection.hpp"
#include "quic/packet_space.hpp"
#include "wire/frame_reader.hpp"
#include "wire/frame_writer.hpp"
#include "wire/outgoing_header.hpp"
#include "wire/packet_header.hpp"
#include "wire/packet_number.hpp"

namespace quasio::test {

using bytes = std::vector<std::uint8_t>;

/// Numbers that are the same in every run.
class counting_random final : public random_source {
public:
  explicit counting_random(std::uint64_t seed = 1) noexcept : state_(seed) {}
  void fill(byte_span out) override {
    for (std::uint8_t& byte : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::uint8_t>(state_ >> 56);
    }
  }

private:
  std::uint64_t state_;
};

/// Frames one behind the other, as a packet's payload.
template <class... Frames>
bytes payload_of(const Frames&... frames) {
  bytes payload((wire::encoded_size(frames) + ... + 0));
  byte_writer out(payload);
  (wire::write(out, frames), ...);
  return payload;
}

/// A packet that the peer got and could open. Its frames are read from it whenever they are asked for.
struct peer_packet {
  wire::packet_type type;
  std::uint64_t number;
  bool key_phase;
  bytes payload;
  connection_id source;
  connection_id destination;
  std::size_t datagram_size;
};

/// How a packet deviates from what an honest peer would send next.
struct packet_deviation {
  std::optional<std::uint64_t> number = {};
  std::uint8_t flipped_bits = 0;  ///< Of the first byte, before protection.
  std::optional<connection_id> destination = {};
  std::optional<connection_id> source = {};
  bytes token = {};
  std::size_t padded_to = 0;
  bool early = false;  ///< A 0-RTT packet, in the application space.
};

/// One end of a QUIC connection that does as it is told. Its TLS is honest; its packets carry what the test wants,
/// under the right keys. It answers with CRYPTO data and acknowledgments only, and never sends anything again.
class hostile_peer final : private crypto::tls_events {
public:
  using space_id = quic::space_id;

  struct identity {
    endpoint_role role = endpoint_role::client;
    crypto::tls_context tls;
    std::vector<std::string> alpn{"test"};
    quic_version version = quic_version::v1;
    transport_parameters parameters;  ///< Connection IDs are filled in unless `parameters_as_given`.
    bool parameters_as_given = false;
    std::optional<bytes> encoded_parameters;  ///< Instead of `parameters`.
    connection_id own_id;
    connection_id peer_id;    ///< A client's guess; of a server's, empty until it has seen a packet.
    bytes ticket;             ///< A client's, to resume with.
    bool early_data = false;  ///< Whether a client offers early data and a server takes it.
  };

  explicit hostile_peer(identity who) : who_(std::move(who)), own_id_(who_.own_id), peer_id_(who_.peer_id) {
    if (who_.role == endpoint_role::client) {
      original_destination_ = peer_id_;
      derive_initial_keys(peer_id_);
      const bytes parameters = encoded_parameters();
      take(crypto::tls_session::client(who_.tls,
                                       {.server_name = "localhost",
                                        .alpn = who_.alpn,
                                        .transport_parameters = parameters,
                                        .session_ticket = who_.ticket,
                                        .early_data = who_.early_data},
                                       *this));
      note(session_->start());
    } else {
      take(crypto::tls_session::server(who_.tls, {.alpn = who_.alpn, .early_data = who_.early_data}, *this));
    }
  }

  const connection_id& own_id() const noexcept { return own_id_; }
  const connection_id& peer_id() const noexcept { return peer_id_; }
  void set_peer_id(const connection_id& id) { peer_id_ = id; }
  const connection_id& original_destination() const noexcept { return original_destination_; }
  /// What the connection under test declared.
  const transport_parameters& peer_transport_parameters() const noexcept { return peer_parameters_; }
  const std::vector<bytes>& tickets() const noexcept { return tickets_; }
  bool has_early_keys() const noexcept { return early_.has_value(); }
  crypto::early_data_state early_data() const noexcept { return session_->early_data(); }
  bool complete() const noexcept { return session_->handshake_complete(); }
  const std::optional<crypto::tls_error>& tls_error() const noexcept { return error_; }
  bool has_keys(space_id space) const noexcept { return write_[quic::index_of(space)].has_value(); }
  const std::vector<peer_packet>& packets() const noexcept { return packets_; }
  const std::vector<bytes>& unreadable() const noexcept { return unreadable_; }
  std::size_t datagrams() const noexcept { return datagrams_; }
  void forget_packets() { packets_.clear(); }

  /// A server's: what it will declare when the ClientHello has come.
  void set_parameters(const transport_parameters& parameters) { who_.parameters = parameters; }

  bool acknowledges = true;                       ///< Whether flush() acknowledges.
  bool speaks_crypto = true;                      ///< Whether flush() sends CRYPTO data.
  bool reports_marks = false;                     ///< Whether acknowledgments carry ECN counts.
  std::optional<wire::ecn_counts> claimed_marks;  ///< Instead of the true counts.
  const wire::ecn_counts& marks(space_id space) const { return marks_[quic::index_of(space)]; }
  bytes token;  ///< Stands in Initial packets.

  void derive_initial_keys(const connection_id& destination) {
    const auto secrets = crypto::derive_initial_secrets(labels(), destination.bytes());
    const bool client = who_.role == endpoint_role::client;
    using quic::direction_keys;
    write_[0] = direction_keys::derive(client ? secrets.client : secrets.server, crypto::initial_aead, labels());
    read_[0] = direction_keys::derive(client ? secrets.server : secrets.client, crypto::initial_aead, labels());
  }

  // --- Receiving ---

  void receive(byte_view datagram, ecn_codepoint ecn = ecn_codepoint::not_ect) {
    ++datagrams_;
    ecn_of_datagram_ = ecn;
    bytes copy(datagram.begin(), datagram.end());
    for (byte_span rest = copy; !rest.empty();) {
      const auto header = wire::parse_packet_header(rest, own_id_.size());
      if (!header || !header->has_packet_number()) {
        unreadable_.emplace_back(rest.begin(), rest.end());
        return;
      }
      const byte_span packet = rest.first(header->size);
      rest = rest.subspan(header->size);
      if (!receive_packet(packet, *header, datagram.size())) unreadable_.emplace_back(packet.begin(), packet.end());
    }
  }

  /// How many frames of this kind came.
  template <class Frame>
  std::size_t count(std::optional<wire::packet_type> in = std::nullopt) const {
    std::size_t found = 0;
    visit([&](const peer_packet& packet, const wire::frame& frame) {
      found += std::holds_alternative<Frame>(frame) && (!in || packet.type == *in);
    });
    return found;
  }

  /// The newest frame of this kind. Its views live as long as the packet is not forgotten.
  template <class Frame>
  std::optional<Frame> last(std::optional<wire::packet_type> in = std::nullopt) const {
    std::optional<Frame> found;
    visit([&](const peer_packet& packet, const wire::frame& frame) {
      if (const Frame* one = std::get_if<Frame>(&frame); one && (!in || packet.type == *in)) found = *one;
    });
    return found;
  }

  template <class Visitor>
  void visit(Visitor&& visitor) const {
    for (const peer_packet& packet : packets_) {
      wire::frame_reader reader(packet.payload);
      while (!reader.done()) {
        const auto frame = reader.next();
        if (!frame) throw std::runtime_error("the connection sent a malformed packet: " + frame.error().reason);
        visitor(packet, *frame);
      }
    }
  }

  /// The largest packet number that came in this space.
  std::uint64_t largest_received(space_id space) const { return *received_[quic::index_of(space)].rbegin(); }

  // --- Sending ---

  std::uint64_t next_number(space_id space) const noexcept { return next_number_[quic::index_of(space)]; }
  void skip_numbers(space_id space, std::uint64_t count) { next_number_[quic::index_of(space)] += count; }

  /// Seals one packet with this payload.
  bytes seal(space_id space, bytes payload, const packet_deviation& deviation = {}) {
    constexpr std::size_t number_length = 4;
    const std::size_t index = quic::index_of(space);
    std::optional<quic::direction_keys>& keys = deviation.early ? early_ : write_[index];
    if (!keys) throw std::runtime_error("the peer has no keys for this space");
    const std::uint64_t number = deviation.number.value_or(next_number_[index]);
    if (!deviation.number) ++next_number_[index];

    bytes packet(payload.size() + deviation.padded_to + 256 + token.size() + deviation.token.size());
    byte_writer out(packet);
    std::size_t length_position = 0;
    const connection_id destination = deviation.destination.value_or(peer_id_);
    if (space == space_id::application_data && !deviation.early) {
      wire::encode_short_header(out, destination, false, write_phase_, number, number_length);
    } else {
      length_position =
          wire::encode_long_header(out, {.type = deviation.early              ? wire::packet_type::zero_rtt
                                                 : space == space_id::initial ? wire::packet_type::initial
                                                                              : wire::packet_type::handshake,
                                         .version = who_.version,
                                         .destination = destination,
                                         .source = deviation.source.value_or(own_id_),
                                         .token = deviation.token.empty() ? token : deviation.token,
                                         .number = number,
                                         .number_length = number_length});
    }
    const std::size_t header_size = out.position();
    const std::size_t present = header_size + payload.size() + crypto::aead_tag_size;
    if (deviation.padded_to > present) payload.resize(payload.size() + deviation.padded_to - present);
    out.write_bytes(payload);
    out.write_zeros(crypto::aead_tag_size);
    packet.resize(out.position());
    const std::size_t number_offset = header_size - number_length;
    if (length_position > 0) wire::set_length(packet, length_position, packet.size() - number_offset);
    packet[0] ^= deviation.flipped_bits;
    keys->packet.seal(number, byte_view(packet).first(header_size), byte_span(packet).subspan(header_size));
    crypto::protect_header(packet, number_offset, number_length, keys->header);
    return packet;
  }

  /// What an honest peer would say now: acknowledgments and CRYPTO data, a datagram a packet.
  std::vector<bytes> flush() {
    std::vector<bytes> datagrams;
    for (const space_id space : {space_id::initial, space_id::handshake, space_id::application_data}) {
      const std::size_t index = quic::index_of(space);
      if (!write_[index]) continue;
      do {
        bytes payload;
        if (acknowledges && ack_due_[index]) append(payload, acknowledgment(space));
        if (acknowledges) ack_due_[index] = false;
        if (speaks_crypto) append(payload, next_crypto(index));
        if (payload.empty()) break;
        const std::size_t size = space == space_id::initial ? 1200 : 0;
        datagrams.push_back(seal(space, std::move(payload), {.padded_to = size}));
      } while (speaks_crypto && !crypto_to_send_[index].empty());
    }
    return datagrams;
  }

  /// An ACK frame for everything that came.
  bytes acknowledgment(space_id space) const {
    range_set ranges;
    for (const std::uint64_t number : received_[quic::index_of(space)]) ranges.insert(number, number + 1);
    bytes frame(1200);
    byte_writer out(frame);
    std::optional<wire::ecn_counts> counts = claimed_marks;
    if (reports_marks && !counts) counts = marks_[quic::index_of(space)];
    wire::write_ack(out, ranges, 0, counts, 64);
    frame.resize(out.position());
    return frame;
  }

  /// An ACK frame of one range, whatever came.
  static bytes acknowledgment_of(std::uint64_t first, std::uint64_t last) {
    range_set ranges;
    ranges.insert(first, last + 1);
    bytes frame(64);
    byte_writer out(frame);
    wire::write_ack(out, ranges, 0, std::nullopt, 64);
    frame.resize(out.position());
    return frame;
  }

  /// Where the next CRYPTO data of this space would stand.
  std::uint64_t crypto_offset(space_id space) const noexcept { return crypto_sent_[quic::index_of(space)]; }

  /// Seals with the next generation of keys from now on (RFC 9001, section 6.1).
  void update_keys() {
    write_secret_ = crypto::next_generation(write_secret_, application_aead_, labels());
    write_[2]->packet = crypto::make_packet_key(write_secret_, application_aead_, labels());
    write_phase_ = !write_phase_;
  }

  bool read_phase() const noexcept { return read_phase_; }

private:
  crypto::key_labels labels() const noexcept {
    return who_.version == quic_version::v2 ? crypto::key_labels::v2 : crypto::key_labels::v1;
  }

  static void append(bytes& to, const bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

  void take(result<crypto::tls_session, crypto::tls_error> made) {
    if (!made) throw std::runtime_error(made.error().reason);
    session_ = std::move(*made);
  }
  void note(const result<void, crypto::tls_error>& outcome) {
    if (!outcome) error_ = outcome.error();
  }

  bytes encoded_parameters() {
    if (who_.encoded_parameters) return *who_.encoded_parameters;
    transport_parameters own = who_.parameters;
    if (!who_.parameters_as_given) {
      own.initial_source_connection_id = own_id_;
      if (who_.role == endpoint_role::server && !own.original_destination_connection_id)
        own.original_destination_connection_id = original_destination_;
    }
    return encode_transport_parameters(own, who_.parameters_as_given ? endpoint_role::server : who_.role);
  }

  std::optional<std::size_t> index_of(wire::packet_type type) const noexcept {
    if (type == wire::packet_type::initial) return 0;
    if (type == wire::packet_type::handshake) return 1;
    if (type == wire::packet_type::one_rtt || type == wire::packet_type::zero_rtt) return 2;
    return std::nullopt;
  }

  bool receive_packet(byte_span packet, const wire::packet_header& header, std::size_t datagram_size) {
    const auto index = index_of(header.type);
    if (!index || !header.has_sample()) return false;
    if (who_.role == endpoint_role::server && !read_[0]) {
      original_destination_ = header.destination;
      peer_id_ = header.source;
      derive_initial_keys(header.destination);
    }
    std::optional<quic::direction_keys>& keys = header.type == wire::packet_type::zero_rtt ? early_ : read_[*index];
    if (!keys) return false;
    const auto unprotected = crypto::unprotect_header(packet, header.packet_number_offset, keys->header);
    if (!unprotected) return false;
    const auto& received = received_[*index];
    const std::uint64_t number =
        wire::expand_packet_number(received.empty() ? std::nullopt : std::optional(*received.rbegin()),
                                   unprotected->truncated_packet_number, unprotected->packet_number_length);
    const std::size_t header_size = header.packet_number_offset + unprotected->packet_number_length;
    const bool one_rtt = header.type == wire::packet_type::one_rtt;
    const bool phase = one_rtt && wire::first_byte::key_phase(packet.front());
    const byte_span sealed = packet.subspan(header_size);
    if (one_rtt && phase != read_phase_) follow_update();
    if (!keys->packet.open(number, packet.first(header_size), sealed)) return false;
    if (who_.role == endpoint_role::client && header.type != wire::packet_type::one_rtt && !peer_id_known_) {
      peer_id_ = header.source;
      peer_id_known_ = true;
    }
    packets_.push_back({header.type, number, phase,
                        bytes(sealed.begin(), sealed.end() - static_cast<std::ptrdiff_t>(crypto::aead_tag_size)),
                        header.source, header.destination, datagram_size});
    received_[*index].insert(number);
    marks_[*index].ect0 += ecn_of_datagram_ == ecn_codepoint::ect0;
    marks_[*index].ce += ecn_of_datagram_ == ecn_codepoint::ce;
    process(*index, packets_.back().payload);
    return true;
  }

  void process(std::size_t index, const bytes& payload) {
    const bytes copy = payload;  // TLS may make more packets arrive while it is read.
    wire::frame_reader reader(copy);
    while (!reader.done()) {
      const auto frame = reader.next();
      if (!frame) throw std::runtime_error("the connection sent a malformed packet: " + frame.error().reason);
      ack_due_[index] |= wire::is_ack_eliciting(*frame);
      if (const auto* crypto = std::get_if<wire::crypto_frame>(&*frame)) {
        crypto_received_[index][crypto->offset] = {crypto->data.begin(), crypto->data.end()};
      }
    }
    feed_tls();
  }

  void feed_tls() {
    for (bool moved = true; moved && !error_;) {
      moved = false;
      const std::size_t index = quic::index_of(quic::space_of(session_->read_level()));
      for (const auto& [offset, data] : crypto_received_[index]) {
        if (offset > crypto_read_[index] || offset + data.size() <= crypto_read_[index]) continue;
        const byte_view fresh = byte_view(data).subspan(static_cast<std::size_t>(crypto_read_[index] - offset));
        crypto_read_[index] += fresh.size();
        note(session_->receive(session_->read_level(), fresh));
        moved = true;
        break;
      }
    }
  }

  bytes next_crypto(std::size_t index) {
    constexpr std::size_t most = 900;
    bytes& waiting = crypto_to_send_[index];
    if (waiting.empty()) return {};
    const std::size_t size = std::min(most, waiting.size());
    bytes frame = payload_of(wire::crypto_frame{.offset = crypto_sent_[index], .data = byte_view(waiting).first(size)});
    crypto_sent_[index] += size;
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(size));
    return frame;
  }

  void follow_update() {
    read_secret_ = crypto::next_generation(read_secret_, application_aead_, labels());
    read_[2]->packet = crypto::make_packet_key(read_secret_, application_aead_, labels());
    read_phase_ = !read_phase_;
  }

  void on_crypto_data(crypto::encryption_level level, byte_view data) override {
    bytes& waiting = crypto_to_send_[quic::index_of(quic::space_of(level))];
    waiting.insert(waiting.end(), data.begin(), data.end());
  }

  void on_secret(crypto::encryption_level level, crypto::direction way, crypto::aead_algorithm aead,
                 const crypto::traffic_secret& secret) override {
    if (level == crypto::encryption_level::early_data) {
      early_ = quic::direction_keys::derive(secret, aead, labels());
      return;
    }
    const std::size_t index = quic::index_of(quic::space_of(level));
    const bool read = way == crypto::direction::read;
    (read ? read_ : write_)[index] = quic::direction_keys::derive(secret, aead, labels());
    if (level != crypto::encryption_level::application) return;
    application_aead_ = aead;
    (read ? read_secret_ : write_secret_) = secret;
  }

  void on_session_ticket(const crypto::received_ticket& ticket) override {
    tickets_.emplace_back(ticket.bytes.begin(), ticket.bytes.end());
  }
  bool accepts_early_data(const crypto::early_data_offer&) override { return who_.early_data; }

  void on_peer_transport_parameters(byte_view encoded) override {
    if (auto decoded = decode_transport_parameters(encoded, other(who_.role))) peer_parameters_ = *decoded;
    if (who_.role == endpoint_role::server) session_->set_transport_parameters(encoded_parameters());
  }

  identity who_;
  transport_parameters peer_parameters_;
  connection_id own_id_;
  connection_id peer_id_;
  connection_id original_destination_;
  bool peer_id_known_ = false;
  std::optional<crypto::tls_session> session_;
  std::optional<crypto::tls_error> error_;

  std::array<std::optional<quic::direction_keys>, 3> read_;
  std::array<std::optional<quic::direction_keys>, 3> write_;
  std::optional<quic::direction_keys> early_;
  crypto::traffic_secret read_secret_;
  crypto::traffic_secret write_secret_;
  crypto::aead_algorithm application_aead_ = crypto::initial_aead;
  bool write_phase_ = false;
  bool read_phase_ = false;

  std::array<std::uint64_t, 3> next_number_{};
  std::array<std::set<std::uint64_t>, 3> received_;
  std::array<wire::ecn_counts, 3> marks_{};
  ecn_codepoint ecn_of_datagram_ = ecn_codepoint::not_ect;
  std::array<bool, 3> ack_due_{};
  std::array<std::map<std::uint64_t, bytes>, 3> crypto_received_;
  std::array<std::uint64_t, 3> crypto_read_{};
  std::array<std::uint64_t, 3> crypto_sent_{};
  std::array<bytes, 3> crypto_to_send_;

  std::vector<bytes> tickets_;
  std::vector<peer_packet> packets_;
  std::vector<bytes> unreadable_;
  std::size_t datagrams_ = 0;
};

}  // namespace quasio::test
