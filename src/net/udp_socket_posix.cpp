#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "net/socket_address.hpp"
#include "net/udp_back_end.hpp"

namespace quasio::net {
namespace {

#if defined(MSG_NOSIGNAL)
constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int send_flags = MSG_DONTWAIT;
#endif

class posix_udp_back_end final : public udp_back_end {
public:
  using udp_back_end::udp_back_end;

  std::size_t receive(std::span<received_datagrams> out, packet_buffer_pool& pool, error_code& error) noexcept override;

private:
  // What the options ask for beyond the common ones has a name of its own on each system: here it counts as absent.
  void enable_features(const udp_socket_options&) noexcept override {}

  int transmit(const outgoing_datagrams& datagram) noexcept override;

  enum class outcome { delivered, dropped, failed };
  outcome receive_one(received_datagrams& entry) noexcept;
};

int posix_udp_back_end::transmit(const outgoing_datagrams& datagram) noexcept {
  sockaddr_storage destination;
  const socklen_t destination_size = write_socket_address(datagram.path.peer, family_, destination);
  if (destination_size == 0) return EAFNOSUPPORT;

  iovec vector{};
  vector.iov_base = const_cast<std::uint8_t*>(datagram.data.data());
  vector.iov_len = datagram.data.size();
  msghdr message{};
  message.msg_name = &destination;
  message.msg_namelen = destination_size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  return calls_.send_message(handle_, &message, send_flags) < 0 ? errno : 0;
}

std::size_t posix_udp_back_end::receive(std::span<received_datagrams> out, packet_buffer_pool& pool,
                                        error_code& error) noexcept {
  error.clear();
  const std::size_t wanted = provide_buffers(out.first(std::min(out.size(), max_receive_batch)), pool);
  if (wanted == 0) {
    error = out.empty() ? asio::error::invalid_argument : asio::error::no_buffer_space;
    return 0;
  }

  std::size_t kept = 0;
  std::size_t calls = 0;
  int errors = 0;
  while (kept < wanted && calls < wanted && errors < max_errors_passed_over) {
    ++calls;
    const outcome result = receive_one(out[kept]);
    if (result == outcome::delivered) ++kept;
    if (result != outcome::failed) continue;
    const int reason = errno;
    if (reason != EINTR && !is_news_of_the_past(reason)) {
      // What was received before is delivered first; would_block and the like come again with the next call.
      if (calls == 1) error.assign(reason, system_category());
      break;
    }
    ++errors;
    if (reason != EINTR) count_icmp_error(reason);
  }
  return kept;
}

posix_udp_back_end::outcome posix_udp_back_end::receive_one(received_datagrams& entry) noexcept {
  sockaddr_storage source{};
  iovec vector{};
  vector.iov_base = entry.buffer.data();
  vector.iov_len = entry.buffer.capacity();
  msghdr message{};
  message.msg_name = &source;
  message.msg_namelen = sizeof source;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;

  ++statistics_.receive_calls;
  const ssize_t size = calls_.receive_message(handle_, &message, MSG_DONTWAIT);
  if (size < 0) return outcome::failed;
  entry.size = static_cast<std::size_t>(size);
  entry.segment_size = entry.size;
  entry.path = {local_, read_socket_address(source)};
  entry.ecn = ecn_codepoint::not_ect;
  entry.kernel_time.reset();
  return admit(entry.size, 1, (message.msg_flags & MSG_TRUNC) != 0) ? outcome::delivered : outcome::dropped;
}

}  // namespace

std::unique_ptr<udp_back_end> make_posix_udp_back_end(system_calls& calls) {
  return std::make_unique<posix_udp_back_end>(calls);
}

}  // namespace quasio::net
