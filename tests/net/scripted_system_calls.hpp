#pragma once

#include <netinet/in.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <set>
#include <utility>

#include "net/control_messages.hpp"
#include "net/system_calls.hpp"

namespace quasio::net::test {

/// What a call of sendmsg() was asked to do.
struct send_request {
  std::size_t call;     ///< 1 for the first.
  std::size_t size;     ///< Bytes.
  std::size_t segment;  ///< UDP_SEGMENT, or 0.
  bool marked;          ///< With an ECN mark.

  std::size_t segments() const { return segment == 0 ? 1 : (size + segment - 1) / segment; }
};

/// The true system, but for the calls that the test makes fail.
class scripted_system_calls final : public system_calls {
public:
  /// Returns the errno to fail with, or 0 to let the call through.
  std::function<int(const send_request&)> on_send = [](const send_request&) { return 0; };
  std::function<int(std::size_t call)> on_receive = [](std::size_t) { return 0; };
  int flags_of_received = 0;                      ///< Added to msg_flags of each datagram that recvmmsg() gives.
  std::set<std::pair<int, int>> refused_options;  ///< Level and name, both to set and to get.

  std::size_t sends = 0;
  std::size_t receives = 0;

  int set_option(int handle, int level, int name, const void* value, socklen_t size) noexcept override {
    if (refused_options.contains({level, name})) return fail(ENOPROTOOPT);
    return system_calls::set_option(handle, level, name, value, size);
  }

  int get_option(int handle, int level, int name, void* value, socklen_t* size) noexcept override {
    if (refused_options.contains({level, name})) return fail(ENOPROTOOPT);
    return system_calls::get_option(handle, level, name, value, size);
  }

  ssize_t send_message(int handle, const msghdr* message, int flags) noexcept override {
    const int error = on_send(describe(*message));
    if (error != 0) return fail(error);
    return system_calls::send_message(handle, message, flags);
  }

  ssize_t receive_message(int handle, msghdr* message, int flags) noexcept override {
    const int error = on_receive(++receives);
    if (error != 0) return fail(error);
    return system_calls::receive_message(handle, message, flags);
  }

#if defined(__linux__)
  int receive_messages(int handle, mmsghdr* messages, unsigned count, int flags) noexcept override {
    const int error = on_receive(++receives);
    if (error != 0) return fail(error);
    const int received = system_calls::receive_messages(handle, messages, count, flags);
    for (int i = 0; i < received; ++i) messages[i].msg_hdr.msg_flags |= flags_of_received;
    return received;
  }
#endif

private:
  static int fail(int error) {
    errno = error;
    return -1;
  }

  send_request describe(const msghdr& message) {
    send_request request{.call = ++sends, .size = message.msg_iov->iov_len, .segment = 0, .marked = false};
    for_each_control_message(message, [&](const control_message& control) {
      constexpr int udp_segment = 103;
      if (control.is(IPPROTO_UDP, udp_segment)) request.segment = control.as<std::uint16_t>();
      if (control.is(IPPROTO_IP, IP_TOS)) request.marked = true;
    });
    return request;
  }
};

}  // namespace quasio::net::test
