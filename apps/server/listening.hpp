#pragma once

#include <string>
#include <system_error>
#include <vector>

#include "common/host_port.hpp"
#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/result.hpp"
#include "quasio/runtime/inheritance.hpp"

namespace quasio::apps {

/// The addresses that one --listen stands for, all with one port.
struct listen_group {
  std::string text;  ///< As the user wrote it.
  std::vector<ip_endpoint> endpoints;
  bool any_port = false;
};

/// Looks the host up; an empty one is [::]. The error is a sentence.
result<listen_group, std::string> resolve_listen(const host_port& where);

/// Ports that are held for us: the TCP sockets listen already, the UDP ports were free a moment ago.
struct held_ports {
  std::vector<ip_endpoint> endpoints;              ///< With true ports, in the order of the groups.
  std::vector<asio::ip::tcp::acceptor> acceptors;  ///< As many, in the same order; none without TCP.
};

/// Why an address cannot be had.
struct listen_failure {
  error_code code;
  ip_endpoint where;
  const char* protocol = "UDP";  ///< Or "TCP".

  /// One sentence that says what to do.
  std::string describe() const;
};

/// The same of what another server has handed over, which must be what the groups say. The error is a sentence.
result<held_ports, std::string> hold_inherited(const asio::any_io_executor& where, runtime::inheritance& what,
                                               const std::vector<listen_group>& groups, bool tcp);

/// Finds for every group a port that is free for UDP and, with `tcp`, listens on it by TCP. Where any port will do,
/// another is tried when the first is taken on the other side.
result<held_ports, listen_failure> hold_ports(const asio::any_io_executor& where,
                                              const std::vector<listen_group>& groups, bool tcp);

}  // namespace quasio::apps
