#include "sim/world.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdexcept>

#include "crypto/test_certificates.hpp"
#include "wire/packet_header.hpp"

namespace quasio::sim {
namespace {

bool has_handshake_packet(byte_view datagram) {
  while (!datagram.empty()) {
    const auto header = wire::parse_packet_header(datagram, 8);
    if (!header) return false;
    if (header->type == wire::packet_type::handshake) return true;
    datagram = datagram.subspan(header->size);
  }
  return false;
}

const test::certificate& authority() {
  static const test::certificate made = test::make_ca();
  return made;
}

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

}  // namespace

const crypto::tls_context& client_tls(bool verify) {
  static const crypto::tls_context trusting =
      crypto::tls_context::client({.dangerously_accept_any_certificate = true}).value();
  static const crypto::tls_context verifying =
      crypto::tls_context::client(
          {.trust_system_roots = false, .additional_roots = crypto::pem::text(authority().certificate_pem)})
          .value();
  return verify ? verifying : trusting;
}

const crypto::tls_context& server_tls() {
  static const test::certificate leaf = test::issue(authority());
  static const crypto::tls_context made =
      crypto::tls_context::server({.certificate_chain = crypto::pem::text(leaf.certificate_pem),
                                   .private_key = crypto::pem::text(leaf.key_pem)})
          .value();
  return made;
}

void seed_openssl(std::uint64_t seed) {
  EVP_RAND* algorithm = EVP_RAND_fetch(nullptr, "TEST-RAND", nullptr);
  require(algorithm != nullptr, "provide its test generator");
  const auto make = [&](std::uint64_t value) {
    EVP_RAND_CTX* generator = EVP_RAND_CTX_new(algorithm, nullptr);
    unsigned strength = 256;
    unsigned generate = 1;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
                                 OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_GENERATE, &generate),
                                 OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, &value, sizeof value),
                                 OSSL_PARAM_construct_end()};
    require(generator && EVP_RAND_instantiate(generator, 256, 0, nullptr, 0, params) == 1, "seed its test generator");
    return generator;
  };
  require(RAND_set0_public(nullptr, make(seed)) == 1 && RAND_set0_private(nullptr, make(~seed)) == 1,
          "use its test generator");
  EVP_RAND_free(algorithm);
}

world::world(const world_settings& settings, std::unique_ptr<application> client_program,
             program_factory server_program)
    : random_(settings.seed),
      network_random_(~settings.seed),
      to_server_(settings.to_server, network_random_),
      to_client_(settings.to_client, network_random_),
      server_({.tls = server_tls(),
               .alpn = settings.server_alpn,
               .transport = settings.server,
               .early_data = settings.early_data,
               .retry = settings.retry},
              random_, std::move(server_program)) {
  if (settings.lose_to_server) to_server_.lose_number(*settings.lose_to_server);
  if (settings.lose_to_client) to_client_.lose_number(*settings.lose_to_client);
  auto connection = quic::connection::connect({.tls = client_tls(settings.verify_certificate),
                                               .server_name = "localhost",
                                               .alpn = settings.client_alpn,
                                               .path = {client_address_, server_address_},
                                               .transport = settings.client,
                                               .version = settings.version,
                                               .session = settings.session,
                                               .early_data = settings.session.has_value()},
                                              random_, now_);
  if (!connection) throw std::runtime_error("the client cannot begin: " + connection.error().reason);
  client_ = std::make_unique<connection_host>(std::move(*connection), std::move(client_program));
  turn();
}

bool world::run_until(const std::function<bool()>& done, duration limit) {
  const time_point end = now_ + limit;
  while (!done()) {
    const auto next = next_event();
    if (!next || *next > end) return false;
    expect_progress(*next);
    now_ = std::max(now_, *next);
    while (to_server_.next_arrival() && *to_server_.next_arrival() <= now_) arrive(to_server_.receive(), true);
    while (to_client_.next_arrival() && *to_client_.next_arrival() <= now_) arrive(to_client_.receive(), false);
    turn();
  }
  return true;
}

void world::expect_progress(time_point next) {
  // A deadline that on_timeout() leaves where it was would make a program spin: nothing has so much to do at once.
  constexpr unsigned most_turns_at_once = 10'000;
  turns_without_time_ = next > now_ ? 0 : turns_without_time_ + 1;
  if (turns_without_time_ > most_turns_at_once) throw std::runtime_error("time stands still: a deadline never passes");
}

void world::arrive(datagram arrived, bool at_server) {
  if (observer_) observer_(arrived.bytes, at_server);
  if (filter_ && !filter_(arrived.bytes, at_server)) return;
  deliver(std::move(arrived), at_server);
}

std::optional<time_point> world::next_event() const {
  std::optional<time_point> next = earliest(to_server_.next_arrival(), to_client_.next_arrival());
  next = earliest(next, client_->connection().next_deadline());
  return earliest(next, server_.next_deadline());
}

void world::turn() {
  client_->turn(
      now_,
      [this](byte_view bytes, const network_path& path, ecn_codepoint ecn) { send_from_client(bytes, path, ecn); },
      [](const quic::event&) {});
  server_.turn(now_, [this](byte_view bytes, const network_path& path, ecn_codepoint ecn) {
    send_from_server(bytes, path, ecn);
  });
}

void world::deliver(datagram arrived, bool at_server) {
  if (!at_server) {
    if (translate_for_client(arrived)) client_->receive(arrived, now_);
    return;
  }
  if (!server_addresses_.contains(arrived.path.local) || unreachable_.contains(arrived.path.local)) return;
  received_unproven_ += arrived.bytes.size();
  address_proven_ |= has_handshake_packet(arrived.bytes);
  server_.receive(arrived, now_, [this](byte_view bytes, const network_path& path, ecn_codepoint ecn) {
    send_from_server(bytes, path, ecn);
  });
}

bool world::translate_for_client(datagram& arrived) {
  for (const auto& [inside, outside] : translations_) {
    if (outside != arrived.path.local) continue;
    arrived.path.local = inside;
    return !unreachable_.contains(inside);
  }
  // Among these is what was addressed to a port that the NAT has given up.
  if (stray_) stray_(arrived.bytes, arrived.path);
  return false;
}

void world::send_from_client(byte_view bytes, const network_path& path, ecn_codepoint ecn) {
  if (!translations_.contains(path.local))
    throw std::runtime_error("the client sends from an address it does not have");
  if (unreachable_.contains(path.local)) return;
  to_server_.send(bytes, {path.peer, translations_.at(path.local)}, ecn, now_);
}

void world::rebind_client() {
  ip_endpoint& outside = translations_.at(client_->connection().path().local);
  outside.port = next_port_++;
}

ip_endpoint world::add_client_address() {
  const auto host = static_cast<std::uint8_t>(translations_.size());
  const ip_endpoint added = ip_endpoint::v4({10, 1, 0, host}, next_port_++);
  translations_.emplace(added, added);
  return added;
}

void world::set_reachable(const ip_endpoint& address, bool reachable) {
  if (reachable) {
    unreachable_.erase(address);
  } else {
    unreachable_.insert(address);
  }
}

ip_endpoint world::seen_by_server(const ip_endpoint& client_address) const { return translations_.at(client_address); }

void world::send_from_server(byte_view bytes, const network_path& path, ecn_codepoint ecn) {
  sent_unproven_ += bytes.size();
  if (!address_proven_ && sent_unproven_ > 3 * received_unproven_) amplification_kept_ = false;
  if (unreachable_.contains(path.local)) return;
  to_client_.send(bytes, {path.peer, path.local}, ecn, now_);
}

void world::inject_to_server(std::vector<std::uint8_t> bytes) {
  inject_to_server(std::move(bytes), translations_.at(client_address_));
}

void world::inject_to_server(std::vector<std::uint8_t> bytes, const ip_endpoint& from) {
  deliver({.arrives = now_, .order = 0, .path = {server_address_, from}, .ecn = {}, .bytes = std::move(bytes)}, true);
  turn();
}

void world::inject_to_client(std::vector<std::uint8_t> bytes) {
  deliver({.arrives = now_,
           .order = 0,
           .path = {translations_.at(client_address_), server_address_},
           .ecn = {},
           .bytes = std::move(bytes)},
          false);
  turn();
}

}  // namespace quasio::sim
