#include "server/listening.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include <boost/asio/ip/v6_only.hpp>

#include "quasio/net/endpoint.hpp"

namespace quasio::apps {

namespace {

constexpr int attempts_for_any_port = 32;

using asio::ip::tcp;
using asio::ip::udp;

bool is_any_v6(const ip_endpoint& endpoint) { return !endpoint.is_v4() && net::is_unspecified(endpoint); }

template <class Socket, class Endpoint>
error_code open_and_bind(Socket& socket, const Endpoint& endpoint, bool dual_stack) {
  error_code error;
  socket.open(endpoint.protocol(), error);
  if (error) return error;
  if (endpoint.address().is_v6()) {
    socket.set_option(asio::ip::v6_only(!dual_stack), error);
    if (error) return error;
  }
  socket.bind(endpoint, error);
  return error;
}

// SO_REUSEPORT, with which the server's threads share a port, would also let two servers share it in silence. So it is
// tried without first. Returns the port.
result<std::uint16_t, error_code> probe_udp(const asio::any_io_executor& where, const ip_endpoint& endpoint) {
  udp::socket socket(where);
  if (const error_code error = open_and_bind(socket, net::to_udp_endpoint(endpoint), is_any_v6(endpoint))) {
    return unexpected<error_code>(error);
  }
  error_code error;
  const udp::endpoint bound = socket.local_endpoint(error);
  if (error) return unexpected<error_code>(error);
  return bound.port();
}

result<tcp::acceptor, error_code> listen_by_tcp(const asio::any_io_executor& where, const ip_endpoint& endpoint) {
  const udp::endpoint same = net::to_udp_endpoint(endpoint);
  const tcp::endpoint local(same.address(), same.port());
  tcp::acceptor acceptor(where);
  error_code error;
  acceptor.open(local.protocol(), error);
  if (error) return unexpected<error_code>(error);
  // So that a server can start again while connections of the last one linger in TIME_WAIT.
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && local.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!is_any_v6(endpoint)), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return unexpected<error_code>(error);
  return acceptor;
}

bool is_missing_here(const error_code& code) {
  return code == boost::system::errc::address_not_available || code == asio::error::address_family_not_supported;
}

// One attempt for one group; adds to `held` only when all of it worked.
std::optional<listen_failure> hold_group(const asio::any_io_executor& where, const listen_group& group, bool tcp,
                                         held_ports& held) {
  held_ports fresh;
  std::optional<listen_failure> missing;
  std::uint16_t shared_port = group.endpoints.front().port;
  for (ip_endpoint endpoint : group.endpoints) {
    endpoint.port = shared_port;  // Where any port will do, all take the one that the first was given.
    if (std::find(held.endpoints.begin(), held.endpoints.end(), endpoint) != held.endpoints.end()) continue;
    const auto port = probe_udp(where, endpoint);
    if (!port) {
      const listen_failure failure{port.error(), endpoint, "UDP"};
      if (!is_missing_here(failure.code)) return failure;
      missing = failure;
      continue;
    }
    endpoint.port = shared_port = *port;
    fresh.endpoints.push_back(endpoint);
    if (!tcp) continue;
    auto acceptor = listen_by_tcp(where, endpoint);
    if (!acceptor) return listen_failure{acceptor.error(), endpoint, "TCP"};
    fresh.acceptors.push_back(std::move(*acceptor));
  }
  // Of a name's addresses (localhost: ::1 and 127.0.0.1) this host may lack some.
  if (missing && fresh.endpoints.empty()) return missing;
  held.endpoints.insert(held.endpoints.end(), fresh.endpoints.begin(), fresh.endpoints.end());
  std::move(fresh.acceptors.begin(), fresh.acceptors.end(), std::back_inserter(held.acceptors));
  return std::nullopt;
}

}  // namespace

result<listen_group, std::string> resolve_listen(const host_port& where) {
  listen_group group;
  const std::string host = where.host.empty() ? "::" : where.host;
  group.text = (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(where.port);
  group.any_port = where.port == 0;
  asio::io_context context(1);
  udp::resolver resolver(context);
  error_code error;
  const auto found = resolver.resolve(host, std::to_string(where.port),
                                      udp::resolver::passive | udp::resolver::numeric_service, error);
  if (error)
    return unexpected<std::string>("cannot listen on " + group.text + ": " + host +
                                   " has no address: " + error.message());
  for (const auto& entry : found) {
    const ip_endpoint endpoint = net::to_ip_endpoint(entry.endpoint());
    if (std::find(group.endpoints.begin(), group.endpoints.end(), endpoint) == group.endpoints.end()) {
      group.endpoints.push_back(endpoint);
    }
  }
  if (group.endpoints.empty()) return unexpected<std::string>("cannot listen on " + group.text + ": it has no address");
  return group;
}

std::string listen_failure::describe() const {
  std::string text = "cannot listen on " + where.to_string() + " (" + protocol + "): ";
  if (code == asio::error::address_in_use) {
    return text + "the address is in use: end the program that has it, or choose another with --listen";
  }
  if (code == asio::error::access_denied) {
    return text + "permission denied: ports below 1024 are for the superuser; choose another with --listen";
  }
  if (is_missing_here(code)) {
    return text + "this host does not have the address";
  }
  return text + code.message();
}

result<held_ports, std::string> hold_inherited(const asio::any_io_executor& where, runtime::inheritance& what,
                                               const std::vector<listen_group>& groups, bool tcp) {
  held_ports held;
  if (what.endpoints.empty()) return unexpected<std::string>("the server to be replaced has handed nothing over");
  for (const auto& listeners : what.endpoints) held.endpoints.push_back(listeners.front().local);
  for (const ip_endpoint& endpoint : held.endpoints) {
    const auto is_wanted = [&](const listen_group& group) {
      return std::ranges::any_of(group.endpoints, [&](ip_endpoint each) {
        if (group.any_port) each.port = endpoint.port;
        return each == endpoint;
      });
    };
    if (std::ranges::none_of(groups, is_wanted)) {
      return unexpected<std::string>("the server to be replaced listens on " + endpoint.to_string() +
                                     ", which --listen does not say: end that one first where addresses change");
    }
  }
  if (tcp && what.others.size() != held.endpoints.size()) {
    return unexpected<std::string>(
        "the server to be replaced has no TCP to hand over: use --no-tcp here too, or end it first");
  }
  for (net::descriptor& each : what.others) {
    if (!tcp) break;
    tcp::acceptor acceptor(where);
    error_code error;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(each.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) error = asio::error::not_socket;
    if (!error) acceptor.assign(address.ss_family == AF_INET ? tcp::v4() : tcp::v6(), each.get(), error);
    if (error) return unexpected<std::string>("a TCP socket that was handed over is of no use: " + error.message());
    each.release();
    held.acceptors.push_back(std::move(acceptor));
  }
  return held;
}

result<held_ports, listen_failure> hold_ports(const asio::any_io_executor& where,
                                              const std::vector<listen_group>& groups, bool tcp) {
  held_ports held;
  for (const listen_group& group : groups) {
    std::optional<listen_failure> failure;
    for (int attempt = 0; attempt < (group.any_port ? attempts_for_any_port : 1); ++attempt) {
      failure = hold_group(where, group, tcp, held);
      if (!failure || failure->code != asio::error::address_in_use) break;
    }
    if (failure) return unexpected<listen_failure>(*failure);
  }
  return held;
}

}  // namespace quasio::apps
