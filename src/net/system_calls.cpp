#include "net/system_calls.hpp"

namespace quasio::net {

int system_calls::set_option(int handle, int level, int name, const void* value, socklen_t size) noexcept {
  return ::setsockopt(handle, level, name, value, size);
}

int system_calls::get_option(int handle, int level, int name, void* value, socklen_t* size) noexcept {
  return ::getsockopt(handle, level, name, value, size);
}

ssize_t system_calls::send_message(int handle, const msghdr* message, int flags) noexcept {
  return ::sendmsg(handle, message, flags);
}

ssize_t system_calls::receive_message(int handle, msghdr* message, int flags) noexcept {
  return ::recvmsg(handle, message, flags);
}

#if defined(__linux__)
int system_calls::receive_messages(int handle, mmsghdr* messages, unsigned count, int flags) noexcept {
  return ::recvmmsg(handle, messages, count, flags, nullptr);
}
#endif

system_calls& system_calls::kernel() noexcept {
  static system_calls calls;
  return calls;
}

}  // namespace quasio::net
