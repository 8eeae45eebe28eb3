#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "quasio/quic/acceptor.hpp"
#include "quasio/quic/connection.hpp"
#include "sim/link.hpp"

namespace quasio::sim {

/// What a simulated program does with a connection. Called after everything that may have changed something.
class application {
public:
  virtual ~application() = default;
  virtual void on_event(quic::connection& connection, const quic::event& event, time_point now) = 0;
  virtual void work(quic::connection& connection, time_point now) = 0;
};

/// Sends one datagram on its way.
using sender = std::function<void(byte_view bytes, const network_path& path, ecn_codepoint ecn)>;

/// A connection, its program, and the loop that a runtime would be for them.
class connection_host {
public:
  connection_host(std::unique_ptr<quic::connection> connection, std::unique_ptr<application> program)
      : connection_(std::move(connection)), program_(std::move(program)) {}

  quic::connection& connection() noexcept { return *connection_; }
  application& program() noexcept { return *program_; }

  void receive(datagram& arrived, time_point now) {
    connection_->receive(arrived.bytes, arrived.path, arrived.ecn, now);
  }

  /// Tells the program and the router what has happened.
  void poll(time_point now, const std::function<void(const quic::event&)>& route);

  /// Lets time pass, the program work, and everything leave that may. `route` learns of connection IDs.
  void turn(time_point now, const sender& send, const std::function<void(const quic::event&)>& route);

private:
  std::unique_ptr<quic::connection> connection_;
  std::unique_ptr<application> program_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(65536);
};

/// A server: an acceptor and the connections that it accepted, found by connection ID.
class server_host {
public:
  using program_factory = std::function<std::unique_ptr<application>()>;

  server_host(quic::acceptor_options options, random_source& random, program_factory make_program)
      : acceptor_(std::move(options), random), make_program_(std::move(make_program)) {}

  void receive(datagram& arrived, time_point now, const sender& send);
  void turn(time_point now, const sender& send);
  std::optional<time_point> next_deadline() const;

  /// Forgets every connection, as a server does that is started again with the same keys.
  void lose_state() {
    routes_.clear();
    connections_.clear();
  }

  std::size_t accepted() const noexcept { return accepted_; }
  std::vector<std::unique_ptr<connection_host>>& connections() noexcept { return connections_; }
  std::size_t routes() const noexcept { return routes_.size(); }

private:
  connection_host* find(byte_view datagram);
  std::size_t handshaking() const;
  void route(connection_host* to, const quic::event& event);

  quic::acceptor acceptor_;
  program_factory make_program_;
  std::vector<std::unique_ptr<connection_host>> connections_;
  std::map<std::string, connection_host*> routes_;
  std::size_t accepted_ = 0;
};

}  // namespace quasio::sim
