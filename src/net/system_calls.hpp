#pragma once

#include <sys/socket.h>
#include <sys/types.h>

namespace quasio::net {

/// The calls on which the packet path stands, in a form that a test can make fail where it wants. Each does what the
/// function of the system does, with -1 and errno for an error.
class system_calls {
public:
  virtual ~system_calls() = default;

  virtual int set_option(int handle, int level, int name, const void* value, socklen_t size) noexcept;
  virtual int get_option(int handle, int level, int name, void* value, socklen_t* size) noexcept;
  virtual ssize_t send_message(int handle, const msghdr* message, int flags) noexcept;
  virtual ssize_t receive_message(int handle, msghdr* message, int flags) noexcept;
#if defined(__linux__)
  virtual int receive_messages(int handle, mmsghdr* messages, unsigned count, int flags) noexcept;
#endif

  /// The system itself. Without state, so any thread may use it.
  static system_calls& kernel() noexcept;
};

}  // namespace quasio::net
