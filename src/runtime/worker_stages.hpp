#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/runtime/application_over_quic.hpp"

namespace quasio::runtime {

// A connection's life with its worker, one type a stage, which owns what only that stage has.

/// Accepted; nobody has said yet what is to run over it. Its first datagrams are kept in just the memory they need,
/// since many may wait.
struct awaiting_application {
  struct kept_datagram {
    std::vector<std::uint8_t> bytes;
    network_path path;
    ecn_codepoint ecn;
  };
  std::vector<kept_datagram> datagrams;
};

/// The handshake is under way.
struct handshaking {
  std::unique_ptr<application_over_quic> application;
  bool early = false;             ///< The application uses early data.
  std::vector<quic::event> kept;  ///< For an application that does not; each says its thing once.
};

/// Application data flows.
struct running {
  std::unique_ptr<application_over_quic> application;
};

/// Ended for the application; the closing packets are still sent, and answered (RFC 9000, section 10.2).
struct closing {};

/// Nothing is left to be done; the worker is known to nobody any more.
struct finished {};

using worker_stage = std::variant<awaiting_application, handshaking, running, closing, finished>;

}  // namespace quasio::runtime
