#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/crypto/client_hello.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/quic/connection_id_generator.hpp"
#include "quasio/quic/early_data.hpp"
#include "quasio/quic/events.hpp"
#include "quasio/quic/key_update_error.hpp"
#include "quasio/quic/migration_timing.hpp"
#include "quasio/quic/observer.hpp"
#include "quasio/quic/path_error.hpp"
#include "quasio/quic/path_statistics.hpp"
#include "quasio/quic/saved_session.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/quic/statistics.hpp"
#include "quasio/quic/stream_chunk.hpp"
#include "quasio/quic/stream_error.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// What a client needs to begin a connection.
struct client_options {
  crypto::tls_context tls;        ///< Made by crypto::tls_context::client(), or adopted.
  std::string server_name;        ///< For SNI and the certificate check: a host name, or an IP address as text.
  std::vector<std::string> alpn;  ///< Protocols offered, the most wanted first. At least one (RFC 9001, section 8.1).
  network_path path;   ///< `path.peer` is the server; `path.local` may be left empty until the socket is known.
  settings transport;  ///< Copied into the connection.
  /// Of the first packet: one of the supported ones. Empty: version 1 if it is among them, else the most wanted.
  std::optional<quic_version> version;
  std::shared_ptr<connection_id_generator> connection_ids;  ///< Null: random IDs of 8 bytes.

  /// From a new_token_received event of an earlier connection to this server with this version; use each only once,
  /// lest others see that the two connections are of one client (RFC 9000, section 8.1.3). Empty: none. One that is
  /// larger than settings::max_token_size is not used.
  std::vector<std::uint8_t> token;

  /// Of an earlier connection to this server, from session_received. One that cannot be used is ignored. Unless
  /// `version` is set, the connection begins with the session's version.
  std::optional<saved_session> session;

  /// Opens streams at once if `session` allows it (see early_data_ready), which needs an application that has a profile
  /// for early data: an attacker can make a server see it again (RFC 9001, sections 5.6 and 9.2).
  bool early_data = false;

  observer_factory observe;  ///< Empty: nobody watches.
};

/// One datagram, or several of equal size (the last may be shorter) for one path, to be sent in one go.
struct transmission {
  std::size_t size = 0;                        ///< Bytes written to the buffer.
  std::size_t segment_size = 0;                ///< Bytes a datagram; equals `size` where there is only one.
  network_path path;                           ///< Where to send it from, and to.
  ecn_codepoint ecn = ecn_codepoint::not_ect;  ///< How to mark it.
};

/// What -v and logs show of a finished handshake.
struct handshake_summary {
  std::string alpn;                                  ///< The protocol; empty before it is chosen.
  std::string cipher;                                ///< As OpenSSL names it, e.g. "TLS_AES_128_GCM_SHA256".
  std::string group;                                 ///< Of the key exchange, e.g. "X25519MLKEM768".
  quic_version version = quic_version::v1;           ///< The one that is spoken.
  quic_version original_version = quic_version::v1;  ///< Of the client's very first packet, as far as is known here.
  time_point started{};                              ///< When this side began it.
  std::optional<time_point> deadline;                ///< When it fails; empty once it is complete, or without a limit.
  duration elapsed{};                                ///< How long it took; zero before it is complete.
  bool after_retry = false;  ///< The server demanded proof of the client's address first (RFC 9000, section 8.1.2).
  bool resumed = false;      ///< From a saved_session: no certificate was shown.
  early_data_status early_data = early_data_status::not_offered;  ///< What became of 0-RTT.
  /// Why it was rejected, at a server that rejected it.
  early_data_refusal early_data_refused_for = early_data_refusal::none;
};

/// The version that a connection with these options begins with; nothing where they name one that is not supported.
std::optional<quic_version> first_version(const client_options& options);

/// One QUIC connection as a state machine (RFC 9000): bytes and the time go in, bytes, events and the next deadline
/// come out.
///
/// The owner's loop: receive() what came; poll_event() until empty; read, write, open, reset streams; transmit() until
/// it gives nothing; sleep until next_deadline() or the next datagram; on_timeout(). Every call takes bounded time and
/// never blocks.
///
/// Threads: distinct connections are independent; one connection is used by one thread at a time.
class connection {
public:
  /// Begins a connection to a server: transmit() gives the first flight. Fails when TLS refuses the options.
  static result<std::unique_ptr<connection>, transport_error> connect(client_options options, random_source& random,
                                                                      time_point now);

  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Which side this is.
  endpoint_role role() const noexcept;

  // --- The network's side -------------------------------------------------------------------------------------------

  /// Takes one received datagram. It is decrypted in place: the bytes are spoilt afterwards. Whatever a peer or an
  /// attacker sends, the worst outcome is that this connection closes.
  void receive(byte_span datagram, const network_path& path, ecn_codepoint ecn, time_point now);

  /// Writes the next datagrams into `buffer`: as many of equal size for one path as fit, `max_segments` at the most (1
  /// where the socket has no segmentation offload), or nothing when there is nothing to send now (then ask again after
  /// any other call or at next_deadline()).
  ///
  /// `buffer` must hold at least 1200 bytes and should always be of the same size: nothing larger than it is ever sent,
  /// so that one of less than settings::max_datagram_size bytes takes its place. For batches let it hold what one
  /// system call takes, some 64 KB. A probe for a larger datagram is a transmission of its own.
  std::optional<transmission> transmit(byte_span buffer, std::size_t max_segments, time_point now);

  /// Tells that this host would not send a datagram of this size over this path, for its own link is too small
  /// (EMSGSIZE). No such datagram is made again for a while. Do not call it for what ICMP messages say: they can be
  /// forged (RFC 9000, section 14.2.1).
  void on_datagram_too_large(const network_path& path, std::size_t size, time_point now);

  /// When on_timeout() wants to be called at the latest; empty when only the network or the application can move
  /// things.
  std::optional<time_point> next_deadline() const;

  /// Does what is due at `now`; call it when next_deadline() is reached.
  void on_timeout(time_point now);

  // --- The application's side ---------------------------------------------------------------------------------------

  /// What has happened, in order; empty when all has been told.
  std::optional<event> poll_event();

  /// A server's answer to client_hello_received, at once or later. Does nothing when none is awaited, or the connection
  /// has ended meanwhile.
  void answer_client_hello(crypto::client_hello_answer answer, time_point now);

  /// Whether the handshake waits for that.
  bool awaits_client_hello_answer() const noexcept;

  /// Whether application data may flow (the TLS handshake is complete here).
  bool is_established() const noexcept;

  /// Whether streams may be opened and written: once is_established(), and before while there is early data (a client
  /// that offers it, a server that accepted it; see early_data_ready). What a server writes then goes to a peer that
  /// may turn out to be a replay.
  bool may_use_streams() const noexcept;

  /// Whether the end has been announced by connection_closed.
  bool is_closed() const noexcept;

  /// Whether the closing or draining period is over (RFC 9000, section 10.2): the object may be destroyed.
  bool is_drained() const noexcept;

  /// Ends the connection with the application's own code (CONNECTION_CLOSE 0x1d). What was written and not yet
  /// delivered is lost. Does nothing when the connection has ended already.
  void close(std::uint64_t application_code, std::string_view reason, time_point now);

  /// Ends it as close() does, but first delivers what was written: it closes as soon as all stream data, ends and
  /// resets are acknowledged and all datagrams sent, and at `deadline` in any case, whatever the peer does or does not.
  /// From now on no stream can be opened and nothing written, so finish streams before; what comes can be read.
  /// Asked again, the earlier deadline counts. Before the handshake is complete it is close().
  void close_gracefully(std::uint64_t application_code, std::string_view reason, time_point deadline, time_point now);

  /// Whether close_gracefully() is under way.
  bool is_closing_gracefully() const noexcept;

  /// Whether the peer has acknowledged all that was written to streams, and no datagram waits. It keeps its last value
  /// after the end, so that one knows what a connection took with it.
  bool is_everything_delivered() const noexcept;

  /// Changes settings::keep_alive_interval and keep_alive_scope of this connection. 0 ends it.
  void set_keep_alive(std::chrono::milliseconds interval, keep_alive_scope scope = keep_alive_scope::always);

  /// Waits only so long from now on for a silent peer, if that is shorter than what both sides agreed on in the
  /// handshake, and then closes with NO_ERROR, as who gives up early must (RFC 9000, section 10.1). 0: as agreed. Never
  /// less than three probe timeouts.
  void set_idle_timeout(std::chrono::milliseconds timeout);

  /// The idle timeout in force; 0: none.
  std::chrono::milliseconds idle_timeout() const noexcept;

  /// Begins a key update (RFC 9001, section 6): what is sent next is sealed with new keys, and the peer follows. Long
  /// connections need no such call, they do it by themselves: see settings::key_update_packets.
  result<void, key_update_error> update_keys(time_point now);

  /// Opens a stream, and keeps within what the peer allows. The peer learns of it with the first bytes.
  stream_result<stream_id> open_stream(stream_direction direction);

  /// How many more streams of this kind the peer allows now.
  std::uint64_t streams_left(stream_direction direction) const noexcept;

  /// How many streams of this kind the peer may have opened, in all, when what it was told so far has reached it: a
  /// protocol above can tell stream IDs that cannot be. It rises as streams end.
  std::uint64_t peer_stream_limit(stream_direction direction) const noexcept;

  /// Takes as much of `data` as there is room for and says how much that was; `fin` ends the stream if all was taken.
  /// When less was taken, stream_writable follows.
  stream_result<std::size_t> stream_write(stream_id id, byte_view data, bool fin);

  /// Takes all of `data`, whatever room there is. For short messages that must not be torn, such as a header block.
  stream_result<void> stream_write_whole(stream_id id, byte_view data, bool fin);

  /// How much stream_write() would take now.
  stream_result<std::size_t> stream_capacity(stream_id id) const;

  /// How many more bytes could be written to the stream and sent with the flow control credit that the peer has given
  /// it and the connection, if no other stream used that up first. For messages that must not begin unless all of them
  /// can go out.
  stream_result<std::uint64_t> stream_credit(stream_id id) const;

  /// The next bytes to be read; empty when none are at hand. An error of kind `reset` carries on: see stream_reset.
  stream_result<stream_chunk> stream_peek(stream_id id) const;

  /// Marks the first `count` bytes of the last chunk as read: they are freed and flow control moves on. A chunk with
  /// `fin` that is consumed whole, even an empty one (count 0), ends the receiving side.
  stream_result<void> stream_consume(stream_id id, std::size_t count);

  /// Abandons sending (RESET_STREAM): what was not delivered never will be.
  stream_result<void> reset_stream(stream_id id, std::uint64_t code);

  /// Abandons reading and asks the peer to stop (STOP_SENDING).
  stream_result<void> stop_sending(stream_id id, std::uint64_t code);

  /// The order in which streams get to send: lower urgency first (0 to 7, default 3); within one urgency, streams that
  /// are not incremental go one after the other in ID order, incremental ones take turns (RFC 9218, section 10).
  stream_result<void> set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental);

  // --- Datagrams (RFC 9221) -----------------------------------------------------------------------------------------

  /// The most bytes that a datagram may have now: what the peer takes and the path carries; 0 when the peer takes none,
  /// or is not known yet. datagram_limit_changed tells when it changes after the handshake.
  std::size_t max_datagram_payload() const noexcept;

  /// Whether this side takes datagrams: datagram_settings::max_frame_size is not 0.
  bool takes_datagrams() const noexcept;

  /// Accepts one datagram to be sent once, if need be after others (datagram_settings::max_to_send) and when congestion
  /// control lets it; it is copied. An empty one is a datagram too. What has not expired is sent in the next transmit()
  /// that has room for it, several in one packet where they fit.
  datagram_result<void> send_datagram(byte_view data, const datagram_options& options = {});

  /// Drops those that wait and of which `doomed` says so. Returns how many it were.
  std::size_t purge_datagrams(const datagram_predicate& doomed);

  /// Drops those that wait and belong to this datagram_options::group.
  std::size_t purge_datagram_group(std::uint64_t group);

  /// The oldest received datagram, where it lies: valid until the next call on the connection. Empty when none waits.
  /// What has come stays readable after the end of the connection.
  std::optional<byte_view> peek_datagram() const noexcept;

  /// Drops that one.
  void pop_datagram();

  // --- Paths (RFC 9000, section 9) -----------------------------------------------------------------------------------

  /// A client's: finds out whether the server is reachable over this path (section 9.1), without sending data there:
  /// path_validated or path_failed follows. `path.local` is an address of this host that the owner receives at and can
  /// send from; `path.peer` is the server's address or its preferred one. The path is kept until it is given up.
  path_result<void> probe_path(const network_path& path, time_point now);

  /// A client's: sends data on this path from now on, or once it is validated; path_changed tells when. A path that was
  /// not probed before is validated meanwhile (section 9.2); when that fails the connection goes back to the last good
  /// one. The server's preferred address is always validated first (section 9.6.2). The path that was left is forgotten
  /// after some round trips.
  path_result<void> migrate(const network_path& path, time_point now,
                            migration_timing when = migration_timing::at_once);

  /// Forgets a path, e.g. because its socket or network is gone. When it is the one in use, another takes its place.
  path_result<void> abandon_path(const network_path& path, time_point now);

  /// All paths that are known now, the one in use first.
  std::vector<path_statistics> paths() const;

  // --- What others may know ------------------------------------------------------------------------------------------

  /// Why it ended; only after is_closed().
  const close_reason& reason() const noexcept;

  /// The negotiated application protocol; empty before the handshake is complete.
  std::string_view alpn() const noexcept;

  /// What the handshake agreed on, as far as it has come.
  handshake_summary handshake() const;

  /// The peer's transport parameters; defaults before they came.
  const transport_parameters& peer_parameters() const noexcept;

  /// The path that is in use now.
  const network_path& path() const noexcept;

  /// What was counted so far.
  quasio::quic::statistics statistics() const;

private:
  friend class acceptor;  // Makes a server's connections.
  class parts;
  explicit connection(std::unique_ptr<parts> state) noexcept;

  std::unique_ptr<parts> parts_;
};

}  // namespace quasio::quic
