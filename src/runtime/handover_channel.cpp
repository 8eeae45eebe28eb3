#include "runtime/handover_channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace quasio::runtime {
namespace {

/// As the receive buffer of a socket: a burst that meets a process which is busy for some milliseconds.
constexpr int channel_room = 4 * 1024 * 1024;

// In front of each batch; see the version in inheritance.cpp.
struct preface {
  network_path path;
  std::uint32_t segment_size = 0;
  ecn_codepoint ecn = ecn_codepoint::not_ect;
};

}  // namespace

handover_channel::handover_channel(const asio::any_io_executor& executor, net::descriptor end)
    : end_(executor, end.release()) {}

std::pair<net::descriptor, net::descriptor> handover_channel::make_ends(error_code& error) {
  std::array<int, 2> handles{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, handles.data()) != 0) {
    error = {errno, system_category()};
    return {};
  }
  for (const int each : handles) {
    ::fcntl(each, F_SETFD, FD_CLOEXEC);
    ::fcntl(each, F_SETFL, ::fcntl(each, F_GETFL) | O_NONBLOCK);
    ::setsockopt(each, SOL_SOCKET, SO_SNDBUF, &channel_room, sizeof channel_room);
  }
  return {net::descriptor(handles[0]), net::descriptor(handles[1])};
}

bool handover_channel::send(const inbound_run& run) noexcept {
  preface about{run.path, static_cast<std::uint32_t>(run.segment_size), run.ecn};
  const byte_span bytes = run.bytes();
  std::array<iovec, 2> pieces{iovec{&about, sizeof about}, iovec{bytes.data(), bytes.size()}};
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = pieces.size();
  return ::sendmsg(end_.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

handover_channel::outcome handover_channel::receive(inbound_run& into, net::packet_buffer_pool& buffers) noexcept {
  net::packet_buffer buffer = buffers.acquire();
  preface about;
  // Without a buffer the batch goes, as it would from a full socket.
  std::array<iovec, 2> pieces{iovec{&about, sizeof about}, iovec{buffer ? buffer.data() : nullptr, buffer.capacity()}};
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = buffer ? 2 : 1;
  const ssize_t size = ::recvmsg(end_.native_handle(), &header, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return outcome::nothing;
  if (size <= 0) return outcome::ended;
  if (static_cast<std::size_t>(size) <= sizeof about || (header.msg_flags & MSG_TRUNC) != 0 || about.segment_size == 0)
    return outcome::dropped;
  into = {std::move(buffer),  0,          static_cast<std::size_t>(size) - sizeof about,
          about.segment_size, about.path, about.ecn};
  return outcome::received;
}

void handover_channel::close() noexcept {
  error_code ignored;
  end_.close(ignored);
}

}  // namespace quasio::runtime
