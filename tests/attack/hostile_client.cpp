#include "attack/hostile_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <variant>

#include "http3/test_bytes.hpp"
#include "quasio/http3/error.hpp"

namespace quasio::attack {
namespace {

time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

// A turn must end, however much the windows let out.
constexpr int most_datagrams_a_turn = 64;

const crypto::tls_context& credulous_tls() {
  static const crypto::tls_context made = [] {
    crypto::client_options options;
    options.dangerously_accept_any_certificate = true;
    auto context = crypto::tls_context::client(options);
    if (!context) throw std::runtime_error(context.error().reason);
    return std::move(*context);
  }();
  return made;
}

std::string name_of(std::uint64_t code) { return http3::to_string(http3::error_code{code}); }

std::string describe(const quic::close_reason& why) {
  if (why.cause == quic::close_cause::peer_application) return name_of(why.code);
  return why.to_string();
}

}  // namespace

quic::settings hostile_transport() {
  quic::settings made;
  made.pacing = false;
  made.handshake_timeout = 10s;
  return made;
}

void treatment::add(const treatment& other) {
  for (const auto& [what, count] : other.closes) closes[what] += count;
  for (const auto& [what, count] : other.resets) resets[what] += count;
  for (const auto& [what, count] : other.statuses) statuses[what] += count;
  responses_ended += other.responses_ended;
  bytes_sent += other.bytes_sent;
  datagrams_sent += other.datagrams_sent;
}

int open_socket(const ip_endpoint& server, ip_endpoint& own) {
  const int made = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (made < 0 || ::connect(made, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    if (made >= 0) ::close(made);
    throw std::runtime_error("the attacker has no socket");
  }
  own = ip_endpoint::v4({127, 0, 0, 1}, ntohs(address.sin_port));
  return made;
}

quic::client_options hostile_connection(const network_path& path, const quic::settings& transport) {
  quic::client_options options;
  options.tls = credulous_tls();
  options.server_name = "localhost";
  options.alpn = {"h3"};
  options.path = path;
  options.transport = transport;
  return options;
}

hostile_client::hostile_client(const ip_endpoint& server, hostile_options options) : options_(std::move(options)) {
  path_.peer = server;
  socket_ = open_socket(server, path_.local);
  auto made = quic::connection::connect(hostile_connection(path_, options_.transport), random_, now());
  if (!made) throw std::runtime_error("the attacker has no connection");
  transport_ = std::move(*made);
}

hostile_client::~hostile_client() { ::close(socket_); }

bool hostile_client::handshake(std::chrono::milliseconds patience) {
  const auto deadline = now() + patience;
  pump();
  while (!transport_->is_established() && !is_closed() && now() < deadline) wait(20ms);
  if (!transport_->is_established() || is_closed()) return false;
  if (!options_.greets) return true;
  const auto opened = open_unidirectional();
  if (!opened) return false;
  control_ = *opened;
  write(control_, http3::testing::varint(http3::stream_type::control));
  write(control_, http3::testing::frame(http3::frame_type::settings, {}));
  return true;
}

void hostile_client::pump() {
  receive();
  if (const auto deadline = transport_->next_deadline(); deadline && *deadline <= now()) transport_->on_timeout(now());
  while (const auto event = transport_->poll_event()) tell(*event);
  send();
}

void hostile_client::wait(std::chrono::milliseconds longest) {
  send();
  auto patience = longest;
  if (const auto deadline = transport_->next_deadline()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now());
    patience = std::clamp(left, std::chrono::milliseconds(0), longest);
  }
  pollfd waiting{socket_, POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(patience.count()));
  pump();
}

bool hostile_client::await_close(std::chrono::milliseconds patience) {
  const auto deadline = now() + patience;
  while (!is_closed() && now() < deadline) wait(20ms);
  return is_closed();
}

bool hostile_client::receive() {
  std::array<std::uint8_t, 65536> buffer;
  for (int i = 0; i < most_datagrams_a_turn; ++i) {
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return i > 0;
    transport_->receive(byte_span(buffer.data(), static_cast<std::size_t>(count)), path_, ecn_codepoint::not_ect,
                        now());
  }
  return true;
}

void hostile_client::send() {
  std::array<std::uint8_t, 2048> buffer;
  for (int i = 0; i < most_datagrams_a_turn; ++i) {
    const auto made = transport_->transmit(buffer, 1, now());
    if (!made) return;
    // What the system's queue has no room for is lost as on any network.
    const ssize_t sent = ::send(socket_, buffer.data(), made->size, 0);
    if (sent <= 0) continue;
    seen_.bytes_sent += made->size;
    ++seen_.datagrams_sent;
  }
}

void hostile_client::tell(const quic::event& what) {
  if (const auto* readable = std::get_if<quic::stream_readable>(&what)) {
    const bool is_response = direction_of(readable->id) == stream_direction::bidirectional;
    if (options_.reads && (is_response || options_.reads_instructions)) read(readable->id);
  } else if (const auto* reset = std::get_if<quic::stream_reset>(&what)) {
    ++seen_.resets[name_of(reset->code)];
  } else if (const auto* closed = std::get_if<quic::stream_closed>(&what)) {
    responses_.erase(closed->id);
  } else if (const auto* ended = std::get_if<quic::connection_closed>(&what)) {
    ++seen_.closes[describe(ended->reason)];
  }
}

void hostile_client::read(stream_id id) {
  const bool is_response = direction_of(id) == stream_direction::bidirectional;
  for (;;) {
    const auto unread = transport_->stream_peek(id);
    if (!unread || (unread->bytes.empty() && !unread->fin)) return;
    const bool is_last = unread->fin;
    const std::size_t size = unread->bytes.size();
    if (is_response && options_.understands) look_at(id, responses_[id], unread->bytes);
    if (!transport_->stream_consume(id, size)) return;
    if (!is_last) continue;
    if (is_response) ++seen_.responses_ended;
    return;
  }
}

void hostile_client::look_at(stream_id id, response_reading& reading, byte_view piece) {
  while (!piece.empty() && !reading.has_status) {
    if (reading.frames.payload_left() == 0) {
      reading.frames.read_header(piece);
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(reading.frames.payload_left(), piece.size()));
    if (reading.frames.type() == http3::frame_type::headers) {
      reading.section.insert(reading.section.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    piece = piece.subspan(count);
    reading.frames.took(count);
    if (reading.frames.payload_left() == 0 && !reading.section.empty()) look_at_section(id, reading);
  }
}

void hostile_client::look_at_section(stream_id id, response_reading& reading) {
  const auto fields = decoder_.decode(id, std::exchange(reading.section, {}), {64 * 1024, 256});
  if (!fields) return;
  const std::string status(http3::find_field(*fields, ":status"));
  if (status.empty() || status.front() == '1') return;
  reading.has_status = true;
  ++seen_.statuses[std::stoi(status)];
}

std::optional<stream_id> hostile_client::open(stream_direction direction) {
  const auto opened = transport_->open_stream(direction);
  return opened ? std::optional(*opened) : std::nullopt;
}

void hostile_client::write(stream_id id, const bytes& what, bool end) {
  // A stream that the server has stopped takes nothing: that is what was to be seen.
  (void)transport_->stream_write_whole(id, what, end);
}

bool hostile_client::write_if_room(stream_id id, const bytes& what) {
  const auto room = transport_->stream_capacity(id);
  if (!room || *room < what.size()) return false;
  return transport_->stream_write(id, what, false).has_value();
}

void hostile_client::reset(stream_id id, std::uint64_t code) { (void)transport_->reset_stream(id, code); }
bool hostile_client::stop(stream_id id, std::uint64_t code) { return transport_->stop_sending(id, code).has_value(); }
bool hostile_client::send_datagram(const bytes& payload) { return transport_->send_datagram(payload).has_value(); }

void hostile_client::sip(stream_id id, std::size_t count) {
  const auto unread = transport_->stream_peek(id);
  if (unread && !unread->bytes.empty()) (void)transport_->stream_consume(id, std::min(count, unread->bytes.size()));
}

}  // namespace quasio::attack
