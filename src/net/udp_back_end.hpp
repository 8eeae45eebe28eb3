#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "net/system_calls.hpp"
#include "quasio/asio.hpp"
#include "quasio/net/datagrams.hpp"
#include "quasio/net/packet_buffer_pool.hpp"
#include "quasio/net/udp_socket_options.hpp"

namespace quasio::net {

/// How a udp_socket speaks to the kernel. What every system shares is here: the common options, and how a batch is
/// divided, sent, and sent otherwise when the kernel refuses it.
class udp_back_end {
public:
  explicit udp_back_end(system_calls& calls) noexcept : calls_(calls) {}
  udp_back_end(const udp_back_end&) = delete;
  udp_back_end& operator=(const udp_back_end&) = delete;
  virtual ~udp_back_end() = default;

  /// Starts anew on this handle and sets the options of a socket of that family, bound or not yet bound.
  void attach(int handle, int family, const udp_socket_options& options) noexcept;

  /// Sets what only a socket not yet bound takes, and without which it would not be what was asked for.
  void demand(const udp_socket_options& options, error_code& error) noexcept;

  void bound_to(const ip_endpoint& local) noexcept { local_ = local; }
  void detach() noexcept { handle_ = -1; }

  /// As udp_socket's functions of the same names.
  std::size_t send(outgoing_datagrams batch, error_code& error) noexcept;
  virtual std::size_t receive(std::span<received_datagrams> out, packet_buffer_pool& pool,
                              error_code& error) noexcept = 0;

  const udp_socket_capabilities& capabilities() const noexcept { return capabilities_; }
  const udp_socket_statistics& statistics() const noexcept { return statistics_; }

protected:
  /// Sets the options that are the system's own, and notes in capabilities_ which of them took.
  virtual void enable_features(const udp_socket_options& options) noexcept = 0;

  /// Hands the batch to the kernel by one call. Returns 0 or the errno value.
  virtual int transmit(const outgoing_datagrams& batch) noexcept = 0;

  bool enable(int level, int name, int value = 1) noexcept;

  /// How many of the entries, from the first on, have a buffer to receive into.
  static std::size_t provide_buffers(std::span<received_datagrams> out, packet_buffer_pool& pool) noexcept;

  /// Whether errno says what an ICMP message, or a device gone down, told the socket about something sent earlier.
  static bool is_news_of_the_past(int error) noexcept;
  void count_icmp_error(int error) noexcept;

  /// Whether a datagram is one to deliver; counts it either way.
  bool admit(std::size_t size, std::size_t datagrams, bool truncated) noexcept;

  system_calls& calls_;
  int handle_ = -1;
  int family_ = 0;
  ip_endpoint local_;
  udp_socket_capabilities capabilities_;
  udp_socket_statistics statistics_;

private:
  std::size_t grant_buffer(int name, int forced_name, std::size_t size) noexcept;
  std::size_t call_limit(const outgoing_datagrams& batch) const noexcept;
  int send_part(outgoing_datagrams& part) noexcept;
  int attempt(const outgoing_datagrams& batch) noexcept;
  int attempt_alone(outgoing_datagrams datagram) noexcept;
  void lower_segment_limit(int error, std::size_t refused_segments) noexcept;
  void count_sent(const outgoing_datagrams& batch) noexcept;
  error_code failure(int error) noexcept;
};

/// More errors than this in a row on receive are left for the next call, so that a storm of ICMP cannot hold the
/// thread.
inline constexpr int max_errors_passed_over = 16;

/// The plain way of POSIX: one datagram a call, without ECN and packet info.
std::unique_ptr<udp_back_end> make_posix_udp_back_end(system_calls& calls);

#if defined(__linux__)
std::unique_ptr<udp_back_end> make_linux_udp_back_end(system_calls& calls);
#endif

/// The best way this system knows.
std::unique_ptr<udp_back_end> make_udp_back_end(system_calls& calls);

}  // namespace quasio::net
