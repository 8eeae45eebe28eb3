#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace quasio::net {

/// Room for the control messages of one datagram; aligned as the kernel wants it.
template <std::size_t Size>
struct alignas(cmsghdr) control_storage {
  std::array<std::byte, Size> bytes;
};

/// Bytes that control messages with values of these types take together.
template <class... Values>
inline constexpr std::size_t control_space = (CMSG_SPACE(sizeof(Values)) + ...);

/// Writes control messages one behind the other. Precondition: the storage has room for all.
class control_writer {
public:
  explicit control_writer(std::span<std::byte> storage) noexcept : storage_(storage) {}

  template <class Value>
  void append(int level, int type, const Value& value) noexcept {
    const cmsghdr header{.cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
    std::byte* const place = storage_.data() + used_;
    std::memcpy(place, &header, sizeof header);
    std::memcpy(place + CMSG_LEN(0), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }

  /// Makes the message carry what was written.
  void finish(msghdr& message) const noexcept {
    message.msg_control = used_ > 0 ? storage_.data() : nullptr;
    message.msg_controllen = used_;
  }

private:
  std::span<std::byte> storage_;
  std::size_t used_ = 0;
};

/// One control message as it was received.
struct control_message {
  int level;
  int type;
  std::span<const std::byte> value;

  bool is(int wanted_level, int wanted_type) const noexcept { return level == wanted_level && type == wanted_type; }

  /// The value as that type. The kernel gives some integers as one byte, some as four: what is missing is zero.
  template <class Value>
  Value as() const noexcept {
    Value result{};
    std::memcpy(&result, value.data(), std::min(value.size(), sizeof result));
    return result;
  }
};

/// Calls `visit` with each control message of what was received.
template <class Visitor>
void for_each_control_message(const msghdr& message, Visitor&& visit) noexcept {
  std::span<const std::byte> rest{static_cast<const std::byte*>(message.msg_control), message.msg_controllen};
  while (rest.size() >= CMSG_LEN(0)) {
    cmsghdr header;
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.cmsg_len < CMSG_LEN(0) || header.cmsg_len > rest.size()) return;
    visit(
        control_message{header.cmsg_level, header.cmsg_type, rest.subspan(CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0))});
    rest = rest.subspan(std::min<std::size_t>(CMSG_ALIGN(header.cmsg_len), rest.size()));
  }
}

}  // namespace quasio::net
