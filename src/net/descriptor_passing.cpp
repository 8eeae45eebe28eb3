#include "net/descriptor_passing.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace quasio::net {
namespace {

error_code last_error() noexcept { return {errno, system_category()}; }

struct alignas(cmsghdr) control_space {
  std::array<char, CMSG_SPACE(max_passed_descriptors * sizeof(int))> bytes{};
};

#if defined(MSG_CMSG_CLOEXEC)
constexpr int receive_flags = MSG_CMSG_CLOEXEC;
#else
constexpr int receive_flags = 0;
#endif

std::vector<descriptor> descriptors_of(msghdr& from) {
  std::vector<descriptor> all;
  for (cmsghdr* each = CMSG_FIRSTHDR(&from); each != nullptr; each = CMSG_NXTHDR(&from, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < count; ++index) {
      int handle = -1;
      std::memcpy(&handle, CMSG_DATA(each) + index * sizeof(int), sizeof handle);
      if (receive_flags == 0) ::fcntl(handle, F_SETFD, FD_CLOEXEC);
      all.emplace_back(handle);
    }
  }
  return all;
}

}  // namespace

void pass(int socket, byte_view message, std::span<const int> descriptors, error_code& error) noexcept {
  error.clear();
  if (descriptors.size() > max_passed_descriptors) {
    error = asio::error::invalid_argument;
    return;
  }
  // sendmsg() only reads what iovec points at.
  iovec bytes{const_cast<std::uint8_t*>(message.data()), message.size()};
  control_space control;
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    error = last_error();
    return;
  }
}

passed_message take_passed(int socket, byte_span message, error_code& error) {
  error.clear();
  iovec bytes{message.data(), message.size()};
  control_space control;
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  while ((size = ::recvmsg(socket, &header, receive_flags)) < 0) {
    if (errno == EINTR) continue;
    error = last_error();
    return {};
  }
  passed_message taken{static_cast<std::size_t>(size), descriptors_of(header)};
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    error = asio::error::message_size;
    return {};
  }
  return taken;
}

}  // namespace quasio::net
