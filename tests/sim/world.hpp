#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "quasio/crypto/tls_context.hpp"
#include "sim/hosts.hpp"
#include "sim/link.hpp"

namespace quasio::sim {

/// Everything that one simulated run depends on.
struct world_settings {
  std::uint64_t seed = 1;
  link_settings to_server;
  link_settings to_client;
  quic::settings client;
  quic::settings server;
  quic::retry_policy retry = quic::retry_policy::never;
  quic_version version = quic_version::v1;
  std::vector<std::string> client_alpn{"sim"};
  std::vector<std::string> server_alpn{"sim"};
  bool verify_certificate = false;
  std::optional<quic::saved_session> session = {};   ///< The client's, with early data if it allows that.
  quic::early_data_options early_data = {};          ///< The server's.
  std::optional<std::uint64_t> lose_to_server = {};  ///< See link::lose_number().
  std::optional<std::uint64_t> lose_to_client = {};
};

/// A client, a server and the two directions between them, under a clock that jumps from event to event.
class world {
public:
  using program_factory = server_host::program_factory;

  world(const world_settings& settings, std::unique_ptr<application> client_program, program_factory server_program);

  /// Runs until `done` holds, nothing can happen any more, or so much virtual time has passed. Says whether `done`
  /// held.
  bool run_until(const std::function<bool()>& done, duration limit);

  time_point now() const noexcept { return now_; }
  connection_host& client() noexcept { return *client_; }
  server_host& server() noexcept { return server_; }
  link& to_server() noexcept { return to_server_; }
  link& to_client() noexcept { return to_client_; }

  /// The client's datagrams come from another port from now on, as after a NAT rebinding: the server sees it, the
  /// client does not. All that goes to the old port is lost.
  void rebind_client();

  /// Another address of the client's host, as a second network gives it. It works at once.
  ip_endpoint add_client_address();

  /// Whether datagrams reach and leave that address of the client or of the server.
  void set_reachable(const ip_endpoint& address, bool reachable);

  const ip_endpoint& server_address() const noexcept { return server_address_; }

  /// A second address of the server's.
  void add_server_address(const ip_endpoint& address) { server_addresses_.insert(address); }

  /// What the server sees as the source of what the client sends from there.
  ip_endpoint seen_by_server(const ip_endpoint& client_address) const;

  /// Injects a datagram at the server as if it came from the client's address, or from another.
  void inject_to_server(std::vector<std::uint8_t> bytes);
  void inject_to_server(std::vector<std::uint8_t> bytes, const ip_endpoint& from);
  void inject_to_client(std::vector<std::uint8_t> bytes);

  /// Shows every datagram that arrives, as it was sent; an empty function ends that.
  using observer = std::function<void(byte_view bytes, bool at_server)>;
  void observe(observer watching) { observer_ = std::move(watching); }

  /// Decides about every datagram that arrives: false loses it.
  using filter = std::function<bool(byte_view bytes, bool at_server)>;
  void filter_arrivals(filter deciding) { filter_ = std::move(deciding); }

  /// Gets what the server sends to addresses that the client does not have.
  using stray_handler = std::function<void(byte_view bytes, const network_path& seen_by_receiver)>;
  void on_stray(stray_handler handler) { stray_ = std::move(handler); }

  /// False once the server has sent more than three times what came from an unproven client address (RFC 9000,
  /// section 8.1).
  bool amplification_kept() const noexcept { return amplification_kept_; }

private:
  void turn();
  void expect_progress(time_point next);
  void arrive(datagram arrived, bool at_server);
  void deliver(datagram arrived, bool at_server);
  void send_from_client(byte_view bytes, const network_path& path, ecn_codepoint ecn);
  bool translate_for_client(datagram& arrived);
  void send_from_server(byte_view bytes, const network_path& path, ecn_codepoint ecn);
  std::optional<time_point> next_event() const;

  seeded_random random_;
  seeded_random network_random_;
  time_point now_{std::chrono::seconds(1000)};
  ip_endpoint client_address_ = ip_endpoint::v4({10, 0, 0, 1}, 40000);
  ip_endpoint server_address_ = ip_endpoint::v4({10, 0, 0, 2}, 443);
  std::map<ip_endpoint, ip_endpoint> translations_{{client_address_, client_address_}};  // What a NAT makes of them.
  std::set<ip_endpoint> server_addresses_{server_address_};
  std::set<ip_endpoint> unreachable_;
  std::uint16_t next_port_ = 40001;
  link to_server_;
  link to_client_;
  server_host server_;
  std::unique_ptr<connection_host> client_;
  observer observer_;
  filter filter_;
  stray_handler stray_;
  unsigned turns_without_time_ = 0;

  std::uint64_t received_unproven_ = 0;
  std::uint64_t sent_unproven_ = 0;
  bool address_proven_ = false;
  bool amplification_kept_ = true;
};

/// The certificate and the TLS contexts that all simulated runs share (making them takes longer than a run).
const crypto::tls_context& client_tls(bool verify);
const crypto::tls_context& server_tls();

/// Makes OpenSSL draw from the seed in this process, so that certificates, keys and with them packet sizes replay.
void seed_openssl(std::uint64_t seed);

}  // namespace quasio::sim
