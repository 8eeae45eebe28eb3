#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http3/frame.hpp"
#include "http3/qpack_decoder.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/quic/connection.hpp"

namespace quasio::attack {

using bytes = std::vector<std::uint8_t>;
using namespace std::chrono_literals;

/// The settings of a client that is there to do harm: nothing of it is slow or polite.
quic::settings hostile_transport();

struct hostile_options {
  quic::settings transport = hostile_transport();
  bool greets = true;              ///< Begins with a control stream and an empty SETTINGS frame.
  bool reads = true;               ///< Takes what the server sends. Else the server's windows fill up.
  bool reads_instructions = true;  ///< And its unidirectional streams.
  bool understands = true;         ///< Looks for the status of responses, which a dynamic table would keep from it.
};

/// What a server has done to a client, or to several.
struct treatment {
  std::map<std::string, std::uint64_t> closes;  ///< Connections that it closed, by what it said.
  std::map<std::string, std::uint64_t> resets;  ///< Streams that it reset.
  std::map<int, std::uint64_t> statuses;        ///< Final responses.
  std::uint64_t responses_ended = 0;
  std::uint64_t bytes_sent = 0;  ///< UDP payload, from here to the server.
  std::uint64_t datagrams_sent = 0;

  void add(const treatment& other);
};

/// A QUIC client that does on its streams whatever it is told to, over a socket of its own.
///
/// Threads: one.
class hostile_client {
public:
  hostile_client(const ip_endpoint& server, hostile_options options = {});
  ~hostile_client();

  hostile_client(const hostile_client&) = delete;
  hostile_client& operator=(const hostile_client&) = delete;

  /// Goes on until the handshake is complete. False when it failed or took too long.
  bool handshake(std::chrono::milliseconds patience = 3s);

  /// Takes and sends what there is, without waiting.
  void pump();

  /// The same, after waiting for a datagram for so long.
  void wait(std::chrono::milliseconds longest);

  /// Until the server has closed the connection.
  bool await_close(std::chrono::milliseconds patience);

  bool is_closed() const { return transport_->is_closed(); }

  /// Nothing when the server allows no more at present.
  std::optional<stream_id> open(stream_direction direction);
  std::optional<stream_id> open_request() { return open(stream_direction::bidirectional); }
  std::optional<stream_id> open_unidirectional() { return open(stream_direction::unidirectional); }

  /// Whatever the windows say, all of it will be sent when they let it.
  void write(stream_id id, const bytes& what, bool end = false);

  /// Only if nothing written earlier still waits: a flood must not grow in the attacker's own memory. False: not now.
  bool write_if_room(stream_id id, const bytes& what);

  void reset(stream_id id, std::uint64_t code = 0x10c);
  /// Whether there is such a stream yet.
  bool stop(stream_id id, std::uint64_t code = 0x10c);
  bool send_datagram(const bytes& payload);

  /// Reads so much of a stream, where `reads` is not set.
  void sip(stream_id id, std::size_t count);

  stream_id control() const noexcept { return control_; }
  const treatment& seen() const noexcept { return seen_; }
  quic::connection& transport() noexcept { return *transport_; }

private:
  struct response_reading {
    http3::frame_reader frames;
    bytes section;
    bool has_status = false;
  };

  bool receive();
  void send();
  void tell(const quic::event& what);
  void read(stream_id id);
  void look_at(stream_id id, response_reading& reading, byte_view piece);
  void look_at_section(stream_id id, response_reading& reading);

  hostile_options options_;
  crypto::system_random random_;
  int socket_ = -1;
  network_path path_;
  std::unique_ptr<quic::connection> transport_;
  stream_id control_ = 0;
  std::unordered_map<stream_id, response_reading> responses_;
  http3::qpack_decoder decoder_;
  treatment seen_;
};

/// A UDP socket that is connected to the server, does not block, and its own address.
int open_socket(const ip_endpoint& server, ip_endpoint& own);

/// The TLS settings and names that hostile clients begin a connection with.
quic::client_options hostile_connection(const network_path& path, const quic::settings& transport);

}  // namespace quasio::attack
