#include "qlog/names.hpp"

namespace quasio::qlog {

std::string_view name_of(quic::packet_kind kind) noexcept {
  switch (kind) {
    case quic::packet_kind::initial:
      return "initial";
    case quic::packet_kind::zero_rtt:
      return "0RTT";
    case quic::packet_kind::handshake:
      return "handshake";
    case quic::packet_kind::retry:
      return "retry";
    case quic::packet_kind::version_negotiation:
      return "version_negotiation";
    case quic::packet_kind::stateless_reset:
      return "stateless_reset";
    default:
      return "1RTT";
  }
}

std::string_view space_name(quic::packet_kind kind) noexcept {
  switch (kind) {
    case quic::packet_kind::initial:
      return "initial";
    case quic::packet_kind::handshake:
      return "handshake";
    default:
      return "application_data";
  }
}

std::string_view name_of(quic::drop_cause cause) noexcept {
  switch (cause) {
    case quic::drop_cause::malformed:
    case quic::drop_cause::unexpected:
      return "invalid";
    case quic::drop_cause::other_connection:
      return "connection_unknown";
    case quic::drop_cause::other_version:
      return "unsupported";
    case quic::drop_cause::no_keys:
      return "key_unavailable";
    case quic::drop_cause::unauthentic:
      return "decryption_failure";
    case quic::drop_cause::duplicate:
      return "duplicate";
    case quic::drop_cause::unknown_path:
    case quic::drop_cause::too_many_waiting:
      return "rejected";
  }
  return "general";
}

std::string_view name_of(quic::connection_progress step) noexcept {
  switch (step) {
    case quic::connection_progress::attempted:
      return "attempted";
    case quic::connection_progress::handshake_started:
      return "handshake_started";
    case quic::connection_progress::peer_validated:
      return "peer_validated";
    case quic::connection_progress::early_write:
      return "early_write";
    case quic::connection_progress::handshake_complete:
      return "handshake_complete";
    case quic::connection_progress::handshake_confirmed:
      return "handshake_confirmed";
    case quic::connection_progress::closing:
      return "closing";
    case quic::connection_progress::draining:
      return "draining";
    default:
      return "closed";
  }
}

std::string_view trigger_of(quic::close_cause cause) noexcept {
  switch (cause) {
    case quic::close_cause::local_application:
    case quic::close_cause::peer_application:
      return "application";
    case quic::close_cause::local_transport:
    case quic::close_cause::peer_transport:
    case quic::close_cause::no_viable_path:
      return "error";
    case quic::close_cause::idle_timeout:
    case quic::close_cause::handshake_timeout:
      return "idle_timeout";
    case quic::close_cause::stateless_reset:
      return "stateless_reset";
    case quic::close_cause::version_negotiation:
      return "version_mismatch";
    default:
      return "unspecified";
  }
}

std::string_view name_of(ecn_codepoint mark) noexcept {
  switch (mark) {
    case ecn_codepoint::not_ect:
      return "Not-ECT";
    case ecn_codepoint::ect1:
      return "ECT(1)";
    case ecn_codepoint::ect0:
      return "ECT(0)";
    case ecn_codepoint::ce:
      return "CE";
  }
  return "";
}

std::string_view name_of(quic::ecn_state state) noexcept {
  switch (state) {
    case quic::ecn_state::disabled:
      return "";
    case quic::ecn_state::testing:
      return "testing";
    case quic::ecn_state::unknown:
      return "unknown";
    case quic::ecn_state::capable:
      return "capable";
    case quic::ecn_state::failed:
      return "failed";
  }
  return "";
}

std::string_view migration_state(quic::path_event what) noexcept {
  switch (what) {
    case quic::path_event::added:
    case quic::path_event::moved:
    case quic::path_event::forgotten:
      return "";
    case quic::path_event::probed:
      return "probing_started";
    case quic::path_event::validated:
      return "probing_successful";
    case quic::path_event::failed:
      return "probing_abandoned";
    case quic::path_event::taken:
      return "migration_started";
    case quic::path_event::settled:
      return "migration_complete";
    case quic::path_event::given_up:
      return "migration_abandoned";
  }
  return "";
}

std::string_view name_of(quic::timer_kind kind) noexcept {
  switch (kind) {
    case quic::timer_kind::loss_time:
      return "ack";
    case quic::timer_kind::probe_timeout:
      return "pto";
    case quic::timer_kind::path_validation:
      return "path_validation";
    case quic::timer_kind::handshake:
      return "handshake_timeout";
    case quic::timer_kind::idle:
      return "idle_timeout";
  }
  return "";
}

std::string_view name_of(quic::timer_event what) noexcept {
  switch (what) {
    case quic::timer_event::set:
      return "set";
    case quic::timer_event::expired:
      return "expired";
    case quic::timer_event::cancelled:
      return "cancelled";
  }
  return "";
}

std::string_view name_of(quic::send_obstacle obstacle) noexcept {
  switch (obstacle) {
    case quic::send_obstacle::none:
      return "";
    case quic::send_obstacle::pacing:
      return "pacing";
    case quic::send_obstacle::congestion_window:
      return "congestion_control";
    case quic::send_obstacle::amplification_limit:
      return "amplification_protection";
    case quic::send_obstacle::flow_control:
      return "connection_flow_control";
  }
  return "";
}

std::string_view name_of(quic::stream_change change) noexcept {
  switch (change) {
    case quic::stream_change::opened:
      return "open";
    case quic::stream_change::reset_sent:
      return "reset_sent";
    case quic::stream_change::reset_received:
      return "reset_received";
    case quic::stream_change::closed:
      return "closed";
  }
  return "";
}

}  // namespace quasio::qlog
