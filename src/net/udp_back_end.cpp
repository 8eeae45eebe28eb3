#include "net/udp_back_end.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace quasio::net {
namespace {

error_code system_error_code(int error) noexcept { return {error, system_category()}; }

bool is_would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

// The host's own queues are full. Waiting for the socket to become writable would not wait for them.
bool is_local_shortage(int error) noexcept { return error == ENOBUFS || error == ENOMEM; }

// What Linux answers when a batch cannot be cut: EIO without checksum offload on the way out, EINVAL or EMSGSIZE when
// it is over a limit. The latter two have other causes as well.
bool may_be_refusal_of_batch(int error) noexcept { return error == EIO || error == EINVAL || error == EMSGSIZE; }

std::size_t segments_in(const outgoing_datagrams& batch) noexcept {
  return (batch.data.size() + batch.segment_size - 1) / batch.segment_size;
}

outgoing_datagrams part_of(const outgoing_datagrams& batch, std::size_t offset, std::size_t limit) noexcept {
  outgoing_datagrams part = batch;
  part.data = batch.data.subspan(offset, std::min(limit, batch.data.size() - offset));
  return part;
}

}  // namespace

void udp_back_end::attach(int handle, int family, const udp_socket_options& options) noexcept {
  handle_ = handle;
  family_ = family;
  local_ = {};
  capabilities_ = {};
  statistics_ = {};
#if defined(SO_RCVBUFFORCE) && defined(SO_SNDBUFFORCE)
  capabilities_.receive_buffer_size = grant_buffer(SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer_size);
  capabilities_.send_buffer_size = grant_buffer(SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer_size);
#else
  capabilities_.receive_buffer_size = grant_buffer(SO_RCVBUF, SO_RCVBUF, options.receive_buffer_size);
  capabilities_.send_buffer_size = grant_buffer(SO_SNDBUF, SO_SNDBUF, options.send_buffer_size);
#endif
  enable_features(options);
}

void udp_back_end::demand(const udp_socket_options& options, error_code& error) noexcept {
  error.clear();
  // Set both ways, as the default of v6_only is the administrator's.
  if (family_ == AF_INET6 && !enable(IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1 : 0)) {
    error = system_error_code(errno);
    return;
  }
#if defined(SO_REUSEPORT)
  if (options.reuse_port && !enable(SOL_SOCKET, SO_REUSEPORT)) error = system_error_code(errno);
#else
  if (options.reuse_port) error = asio::error::operation_not_supported;
#endif
}

bool udp_back_end::enable(int level, int name, int value) noexcept {
  return calls_.set_option(handle_, level, name, &value, sizeof value) == 0;
}

std::size_t udp_back_end::grant_buffer(int name, int forced_name, std::size_t size) noexcept {
  const int wanted = static_cast<int>(std::min<std::size_t>(size, INT_MAX / 2));
  if (!enable(SOL_SOCKET, forced_name, wanted)) enable(SOL_SOCKET, name, wanted);
  int granted = 0;
  socklen_t length = sizeof granted;
  if (calls_.get_option(handle_, SOL_SOCKET, name, &granted, &length) != 0 || granted < 0) return 0;
#if defined(__linux__)
  granted /= 2;  // Linux doubles the figure to pay for its own bookkeeping (socket(7), SO_RCVBUF).
#endif
  return static_cast<std::size_t>(granted);
}

std::size_t udp_back_end::send(outgoing_datagrams batch, error_code& error) noexcept {
  error.clear();
  const std::size_t size = batch.data.size();
  if (batch.segment_size == 0) batch.segment_size = size;

  std::size_t done = 0;
  while (done < size) {
    if (!capabilities_.ecn) batch.ecn = ecn_codepoint::not_ect;
    outgoing_datagrams part = part_of(batch, done, call_limit(batch));
    const int outcome = send_part(part);
    if (is_local_shortage(outcome)) {
      statistics_.send_drops += segments_in(part);
    } else if (outcome != 0) {
      error = failure(outcome);
      return done;
    } else {
      count_sent(part);
    }
    done += part.data.size();
  }
  return done;
}

// Sends the part or, where the kernel refuses it as a batch, the first of its datagrams, to which `part` is then cut.
int udp_back_end::send_part(outgoing_datagrams& part) noexcept {
  const std::size_t segments = segments_in(part);
  if (segments == 1) return attempt_alone(part);
  const int refusal = attempt(part);
  if (!may_be_refusal_of_batch(refusal)) return refusal;

  const bool was_marking = capabilities_.ecn;
  part.data = part.data.first(part.segment_size);
  const int outcome = attempt_alone(part);
  // Only a datagram that passes alone, as it is, proves that it was the batch which the kernel would not take.
  // Otherwise the fault is with the datagram, its mark or its path, and batches are kept.
  if (outcome == 0 && capabilities_.ecn == was_marking) lower_segment_limit(refusal, segments);
  return outcome;
}

// The bytes that one call may carry: whole segments within all limits, but at least one segment.
std::size_t udp_back_end::call_limit(const outgoing_datagrams& batch) const noexcept {
  const std::size_t fitting = std::max<std::size_t>(max_batch_bytes / batch.segment_size, 1);
  return std::min(fitting, capabilities_.max_segments) * batch.segment_size;
}

int udp_back_end::attempt(const outgoing_datagrams& batch) noexcept {
  int news = 0;
  for (int tries = 0;; ++tries) {
    ++statistics_.send_calls;
    const int error = transmit(batch);
    if (error == EINTR && tries < max_errors_passed_over) continue;
    // Linux tells what ICMP said about something sent before in place of sending, once. A message about the size of
    // packets may be forged; what this host itself finds too large it says again.
    if (news == 0 && (error == ECONNREFUSED || error == EMSGSIZE)) {
      news = error;
      continue;
    }
    if (news == ECONNREFUSED || (news == EMSGSIZE && error != EMSGSIZE)) count_icmp_error(news);
    return error;
  }
}

// Sandboxes and old kernels answer a control message that they do not know with EINVAL, but so does a kernel that
// dislikes the address. The mark is given up for good only where its absence makes the difference.
int udp_back_end::attempt_alone(outgoing_datagrams datagram) noexcept {
  const int error = attempt(datagram);
  if (error != EINVAL || datagram.ecn == ecn_codepoint::not_ect) return error;
  datagram.ecn = ecn_codepoint::not_ect;
  const int error_unmarked = attempt(datagram);
  if (error_unmarked == 0) {
    capabilities_.ecn = false;
    ++statistics_.ecn_fallbacks;
  }
  return error_unmarked;
}

void udp_back_end::lower_segment_limit(int error, std::size_t refused_segments) noexcept {
  ++statistics_.gso_fallbacks;
  capabilities_.max_segments = error == EIO ? 1 : refused_segments / 2;
  capabilities_.gso = capabilities_.max_segments > 1;
}

void udp_back_end::count_sent(const outgoing_datagrams& batch) noexcept {
  statistics_.datagrams_sent += segments_in(batch);
  statistics_.bytes_sent += batch.data.size();
}

error_code udp_back_end::failure(int error) noexcept {
  if (is_would_block(error)) {
    ++statistics_.send_would_block;
    return asio::error::would_block;
  }
  ++(error == EMSGSIZE ? statistics_.send_too_large : statistics_.send_failures);
  return system_error_code(error);
}

std::size_t udp_back_end::provide_buffers(std::span<received_datagrams> out, packet_buffer_pool& pool) noexcept {
  std::size_t ready = 0;
  for (received_datagrams& entry : out) {
    if (!entry.buffer.unique()) entry.buffer = pool.acquire();
    if (!entry.buffer) break;
    ++ready;
  }
  return ready;
}

void udp_back_end::count_icmp_error(int error) noexcept {
  ++statistics_.icmp_errors;
  if (error == ECONNREFUSED) ++statistics_.port_refusals;
}

bool udp_back_end::is_news_of_the_past(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case EMSGSIZE:
    case EACCES:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

bool udp_back_end::admit(std::size_t size, std::size_t datagrams, bool truncated) noexcept {
  if (truncated) {
    ++statistics_.truncated_drops;
    return false;
  }
  if (size == 0) {
    ++statistics_.empty_drops;
    return false;
  }
  statistics_.datagrams_received += datagrams;
  statistics_.bytes_received += size;
  return true;
}

std::unique_ptr<udp_back_end> make_udp_back_end(system_calls& calls) {
#if defined(__linux__)
  return make_linux_udp_back_end(calls);
#else
  return make_posix_udp_back_end(calls);
#endif
}

}  // namespace quasio::net
