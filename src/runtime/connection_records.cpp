#include "runtime/connection_records.hpp"

#include <utility>

namespace quasio::runtime {
namespace {

constexpr std::uint64_t first_crypto_error = 0x100;
constexpr std::uint64_t last_crypto_error = 0x1ff;

double seconds(duration time) noexcept { return std::chrono::duration<double>(time).count(); }

bool is_crypto_error(std::uint64_t code) noexcept { return code >= first_crypto_error && code <= last_crypto_error; }

close_code name_of(std::uint64_t code) noexcept {
  if (is_crypto_error(code)) return close_code::crypto_error;
  return code <= static_cast<std::uint64_t>(close_code::no_viable_path) ? static_cast<close_code>(code)
                                                                        : close_code::other;
}

handshake_failure failure_of(const connection_end& how) noexcept {
  if (!how.reason) return handshake_failure::disconnect;
  switch (how.reason->cause) {
    case quic::close_cause::local_transport:
    case quic::close_cause::peer_transport:
      return is_crypto_error(how.reason->code) ? handshake_failure::tls : handshake_failure::transport;
    case quic::close_cause::version_negotiation:
      return handshake_failure::transport;
    case quic::close_cause::idle_timeout:
    case quic::close_cause::handshake_timeout:
      return handshake_failure::timeout;
    case quic::close_cause::local_application:
      return handshake_failure::refused;
    case quic::close_cause::peer_application:
    case quic::close_cause::stateless_reset:
    case quic::close_cause::no_viable_path:
      return handshake_failure::disconnect;
  }
  return handshake_failure::disconnect;
}

}  // namespace

void connection_records::on_begun(time_point now) noexcept {
  begun_ = now;
  counters_.handshake_queue_seconds.observe(seconds(now - born_));
}

void connection_records::on_established(time_point now) noexcept {
  established_ = true;
  counters_.handshake_protocol_seconds.observe(seconds(now - begun_));
}

void connection_records::on_sent(time_point now) noexcept {
  if (has_answered_) return;
  has_answered_ = true;
  counters_.handshake_response_seconds.observe(seconds(now - born_));
}

void connection_records::on_unblocked(time_point now) noexcept {
  if (!blocked_since_) return;
  counters_.write_blocked_seconds.observe(seconds(now - *blocked_since_));
  blocked_since_.reset();
}

void connection_records::on_turn(const quic::connection& connection, time_point begun, time_point ended) noexcept {
  counters_.turn_seconds.observe(seconds(ended - begun));
  counters_.turn_nanoseconds.add(static_cast<std::uint64_t>((ended - begun).count()));
  if (established_ && !has_ended_ && rates_.is_due(ended)) rates_.look(connection.statistics(), ended);
}

bool connection_records::on_ended(const quic::connection& connection, const connection_end& how,
                                  time_point now) noexcept {
  if (std::exchange(has_ended_, true)) return false;
  const quic::statistics seen = connection.statistics();
  rates_.look(seen, now);
  rates_.end();
  if (!established_) counters_.handshake_failures[failure_of(how)].add();
  counters_.endings[classify(how)].add();
  if (how.reason && how.reason->cause == quic::close_cause::local_transport)
    counters_.closes_sent[name_of(how.reason->code)].add();
  if (how.reason && how.reason->cause == quic::close_cause::peer_transport)
    counters_.closes_received[name_of(how.reason->code)].add();
  counters_.connection_seconds.observe(seconds(now - born_));
  counters_.peak_streams.observe(static_cast<double>(seen.peak_streams));
  counters_.bytes_received.add(seen.bytes_received);
  counters_.bytes_sent.add(seen.bytes_sent);
  counters_.packets_received.add(seen.packets_received);
  counters_.packets_sent.add(seen.packets_sent);
  counters_.packets_lost.add(seen.packets_lost);
  if (established_) {
    counters_.max_bandwidth_mbps.observe(static_cast<double>(rates_.max_bandwidth()) * 8e-6);
    counters_.max_loss_percent.observe(rates_.max_loss_percent());
  }
  return true;
}

connection_audit connection_records::audit(const quic::connection& connection, const connection_end& how,
                                           time_point now) const {
  connection_audit made{.path = connection.path(),
                        .id = first_id_,
                        .started = born_,
                        .lasted = now - born_,
                        .in_queue = begun_ - born_,
                        .established = established_,
                        .handshake = connection.handshake(),
                        .end = how,
                        .how = classify(how),
                        .transport_code_sent = {},
                        .transport_code_received = {},
                        .application_code_sent = {},
                        .application_code_received = {},
                        .max_bandwidth = rates_.max_bandwidth(),
                        .max_loss_percent = rates_.max_loss_percent(),
                        .statistics = connection.statistics()};
  if (!how.reason) return made;
  switch (how.reason->cause) {
    case quic::close_cause::local_application:
      made.application_code_sent = how.reason->code;
      break;
    case quic::close_cause::local_transport:
    case quic::close_cause::no_viable_path:
      made.transport_code_sent = how.reason->code;
      break;
    case quic::close_cause::peer_application:
      made.application_code_received = how.reason->code;
      break;
    case quic::close_cause::peer_transport:
      made.transport_code_received = how.reason->code;
      break;
    default:
      break;
  }
  return made;
}

}  // namespace quasio::runtime
