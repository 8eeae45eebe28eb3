#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/net/datagrams.hpp"
#include "quasio/net/packet_buffer_pool.hpp"
#include "quasio/net/udp_socket_options.hpp"

namespace quasio::net {

class udp_back_end;

/// What an error of udp_socket::send() means for the sender.
enum class send_failure {
  none,         ///< No error.
  would_block,  ///< The socket is full: wait until it is writable, then send the rest.
  too_large,    ///< The next datagram exceeds the path's MTU: skip it. The socket and other datagrams are well.
  path,         ///< The path cannot be used now (no route, refused by a filter, source address gone). Others can.
  socket,       ///< The socket itself is of no more use.
};

/// Which of these an error of send() is.
send_failure classify_send_error(const error_code& error) noexcept;

/// A UDP socket as QUIC needs it: whole batches in and out by one call each, with the local address and the ECN bits of
/// every datagram. It is never connected, so that one socket serves many peers, and a peer that moves.
///
/// receive() and send() never block and never throw. Wait with async_wait_readable() or async_wait_writable(), then
/// call them until they would block (or until a budget is spent).
///
/// Threads: one at a time, that of the executor; so too the pool. Movable while no operation is pending.
class udp_socket {
public:
  using executor_type = asio::any_io_executor;
  /// A file descriptor.
  using native_handle_type = asio::ip::udp::socket::native_handle_type;

  /// A closed socket. The pool, from which datagrams are received, must outlive the socket.
  udp_socket(const executor_type& executor, packet_buffer_pool& pool);

  /// With another way to speak to the kernel than the system's own; for tests, and for ways yet to come.
  udp_socket(const executor_type& executor, packet_buffer_pool& pool, std::unique_ptr<udp_back_end> back_end);

  udp_socket(udp_socket&&) noexcept;
  udp_socket& operator=(udp_socket&&) noexcept;
  ~udp_socket();

  /// Opens the socket (IPv4 for an IPv4 address, else IPv6), sets the options and binds. Port 0 lets the system choose.
  /// The statistics start anew. Errors: already_open, and what socket(), setsockopt() and bind() say; the socket is
  /// then closed.
  void open(const ip_endpoint& local, const udp_socket_options& options, error_code& error);

  /// The same, throwing system_error.
  void open(const ip_endpoint& local, const udp_socket_options& options = {});

  /// Takes over a bound UDP socket, as a service manager or a former process hands it on, and sets those options that a
  /// bound socket can still take (not reuse_port, not v6_only). On error the handle stays the caller's.
  void assign(native_handle_type handle, const udp_socket_options& options, error_code& error);

  /// Closes; pending waits end with operation_aborted. Nothing happens to a closed socket.
  void close() noexcept;

  /// Between open() or assign() and close().
  bool is_open() const noexcept { return socket_.is_open(); }

  /// The bound address with its true port; a default ip_endpoint when closed.
  const ip_endpoint& local_endpoint() const noexcept { return local_; }

  /// For what this class does not do; the socket keeps it.
  native_handle_type native_handle() noexcept { return socket_.native_handle(); }
  executor_type get_executor() noexcept { return socket_.get_executor(); }

  /// What the kernel granted; all false when never opened.
  const udp_socket_capabilities& capabilities() const noexcept;
  const udp_socket_statistics& statistics() const noexcept;

  /// Receives what waits, by one call to the kernel, into the first entries of `out` (of which it uses at most
  /// max_receive_batch) and returns how many it filled. Entries that still hold a unique() buffer have it filled anew,
  /// others get one from the pool, so keeping `out` from call to call costs nothing.
  ///
  /// Datagrams that are empty or longer than a buffer are dropped and counted: 0 without an error means that something
  /// came, but nothing to deliver; call again within your budget. Errors that ICMP left on the socket are counted and
  /// passed over.
  ///
  /// Errors: would_block: nothing waits. no_buffer_space: all buffers of the pool are in use; let their holders run
  /// before you call again, as the socket stays readable. invalid_argument: `out` is empty. bad_descriptor: closed.
  std::size_t receive(std::span<received_datagrams> out, error_code& error) noexcept;

  /// Sends the batch and returns how many bytes of it, always whole datagrams, are done with. On an error the datagram
  /// that starts there is the one it is about; classify_send_error() says what to do. A batch beyond the limits of one
  /// call (capabilities().max_segments, max_batch_bytes) is sent by several.
  ///
  /// Where the kernel refuses a batch but takes its datagrams singly, which drivers and routes can make it do at any
  /// time, nothing is lost: they are sent singly, and capabilities() shrinks for the rest of the socket's life (all GSO
  /// ends after an input/output error, else the segment limit is halved). In the same way ECN marking ends where it
  /// alone is what the kernel refuses. Datagrams that this host drops for want of memory count as sent, for QUIC
  /// recovers them like any loss, and show as send_drops.
  ///
  /// Errors: would_block; message_size: exceeds what this host's own link carries (what ICMP messages say of the path,
  /// true or forged, is passed over); address_family_not_supported: an IPv6 peer, an IPv4
  /// socket; bad_descriptor: closed; else what sendmsg() says.
  std::size_t send(const outgoing_datagrams& batch, error_code& error) noexcept;

  /// Completes when receive() has something to find. It may wake for nothing.
  /// @par Completion Signature
  /// void(error_code): operation_aborted after close() or cancel().
  /// @par Per-Operation Cancellation
  /// terminal, partial and total.
  template <class CompletionToken>
  auto async_wait_readable(CompletionToken&& token) {
    return socket_.async_wait(asio::ip::udp::socket::wait_read, std::forward<CompletionToken>(token));
  }

  /// Completes when send() has room again. Signature and cancellation as those of async_wait_readable().
  template <class CompletionToken>
  auto async_wait_writable(CompletionToken&& token) {
    return socket_.async_wait(asio::ip::udp::socket::wait_write, std::forward<CompletionToken>(token));
  }

  /// Ends all pending waits with operation_aborted.
  void cancel() noexcept;

private:
  void adopt(int handle, error_code& error);

  asio::ip::udp::socket socket_;
  packet_buffer_pool* pool_;
  std::unique_ptr<udp_back_end> back_end_;
  ip_endpoint local_;
};

}  // namespace quasio::net
