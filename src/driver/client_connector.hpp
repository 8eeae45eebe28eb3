#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/address_queue.hpp"
#include "driver/name_lookup.hpp"
#include "quasio/driver/h3_driver.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/runtime/connect.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// Where to connect to, and as what.
struct connect_target {
  std::string host;  ///< A name or an address.
  std::uint16_t port = 0;
  std::string server_name;               ///< Whose certificate is wanted.
  std::string origin;                    ///< What sessions are kept by.
  bool early_data = false;               ///< Without it none is sent, whatever the options say.
  std::chrono::milliseconds timeout{0};  ///< For all of it.
  std::function<void()> on_change;       ///< See driver::h3_driver_settings::on_change.
};

/// A connection that is established.
struct established_connection {
  driver::client_h3_controller controller;
  driver::connection_info info;
};

/// Connects to one host: looks its addresses up and tries them, a new one whenever the last has failed or has kept
/// silent for a while, IPv6 and IPv4 in turn (RFC 8305). The first that completes the handshake wins.
class client_connector {
public:
  /// `options` must outlive the connector.
  client_connector(const runtime::shard& where, const client_options& options, connect_target target);
  client_connector(const client_connector&) = delete;
  client_connector& operator=(const client_connector&) = delete;
  ~client_connector();

  /// Runs once; done when requests can be sent, which early data makes come before the end of the handshake. The
  /// failure is a sentence without a full stop.
  asio::awaitable<std::optional<established_connection>> connect(failure& why);

private:
  using time_point = std::chrono::steady_clock::time_point;
  struct attempt;

  void look_up();
  void note_addresses(time_point now);
  std::optional<established_connection> take_winner();
  void note_failures();
  bool may_start(time_point now) const noexcept;
  time_point next_step() const noexcept;
  failure explain_failure() const;
  void start_next(time_point now);
  driver::h3_driver_settings driver_settings() const;
  void note_failure(const ip_endpoint& peer, const runtime::connection_end& end);
  void trace(const std::string& line) const;
  std::string target() const;
  std::string token_name() const;

  runtime::shard where_;
  const client_options& options_;
  connect_target target_;
  time_point deadline_;

  name_lookup lookup_;
  address_queue addresses_;
  bool found_any_ = false;
  std::optional<time_point> without_v6_since_;  ///< IPv4 addresses are known, IPv6 is awaited.
  time_point next_start_{};                     ///< When the last attempt has been silent for long enough.
  std::vector<std::shared_ptr<attempt>> attempts_;
  std::shared_ptr<asio::steady_timer> bell_;  ///< Cancelled whenever an attempt or a look-up has ended.
  std::optional<failure> worst_;
};

}  // namespace quasio::http3
