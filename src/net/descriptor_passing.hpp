#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/net/descriptor.hpp"

namespace quasio::net {

/// The kernel takes 253 at a time (SCM_MAX_FD).
inline constexpr std::size_t max_passed_descriptors = 64;

/// Sends a message with copies of descriptors over a Unix socket that keeps messages apart (SOCK_SEQPACKET), and waits
/// until there is room.
void pass(int socket, byte_view message, std::span<const int> descriptors, error_code& error) noexcept;

struct passed_message {
  std::size_t size = 0;  ///< 0: the other side has closed.
  std::vector<descriptor> descriptors;
};

/// Waits for the next message. Errors: message_size for one that does not fit; what recvmsg() says.
passed_message take_passed(int socket, byte_span message, error_code& error);

}  // namespace quasio::net
