#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/driver/h3_driver.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/runtime/connect.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// A connection that is established.
struct established_connection {
  driver::client_h3_controller controller;
  driver::connection_info info;
};

/// Connects to one host: looks its addresses up and tries them, a new one whenever the last has failed or has kept
/// silent for a while, IPv6 and IPv4 in turn (RFC 8305, in a simple form). The first that completes the handshake wins.
class client_connector {
public:
  /// `options` must outlive the connector. `host` and `port` say where to, `server_name` whose certificate is wanted.
  /// `origin` is what sessions are kept by. Without `early_data` none is sent, whatever the options say.
  client_connector(const runtime::shard& where, const client_options& options, std::string host, std::uint16_t port,
                   std::string server_name, std::string origin, bool early_data);
  client_connector(const client_connector&) = delete;
  client_connector& operator=(const client_connector&) = delete;
  ~client_connector();

  /// Runs once; done when requests can be sent, which early data makes come before the end of the handshake. The
  /// failure is a sentence without a full stop.
  asio::awaitable<std::optional<established_connection>> connect(failure& why);

private:
  struct attempt;

  asio::awaitable<bool> resolve(failure& why);
  void start_next();
  void note_failure(const ip_endpoint& peer, const runtime::connection_end& end);
  bool is_anything_left() const noexcept;
  void trace(const std::string& line) const;
  std::string target() const;
  std::string token_name() const;

  runtime::shard where_;
  const client_options& options_;
  std::string host_;
  std::uint16_t port_;
  std::string server_name_;
  std::string origin_;
  bool early_data_;
  std::chrono::steady_clock::time_point deadline_;

  std::vector<ip_endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::vector<std::shared_ptr<attempt>> attempts_;
  std::shared_ptr<asio::steady_timer> bell_;  ///< Cancelled whenever an attempt has ended.
  std::optional<failure> worst_;
};

}  // namespace quasio::http3
