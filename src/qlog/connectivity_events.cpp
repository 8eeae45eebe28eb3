#include "qlog/connection_log.hpp"
#include "qlog/frame_record.hpp"
#include "qlog/names.hpp"
#include "qlog/parameters_record.hpp"

/// "Connectivity events".
namespace quasio::qlog {
namespace {

/// A TupleEndpointInfo.
void write_end(json_writer& json, std::string_view key, const ip_endpoint& address, const connection_id& id) {
  json.begin_object(key);
  write_endpoint(json, address);
  if (!id.empty()) {
    json.begin_array("connection_ids");
    json.hex_text(id.bytes());
    json.end_array();
  }
  json.end_object();
}

}  // namespace

void connection_log::on_started(const quic::observed_start& start, time_point now) {
  role_ = start.role;
  records_.write_head(start, now);
  if (!wants(importance::base)) return;
  records_.write("quic:connection_started", now, [&](json_writer& json) {
    write_end(json, "local", start.path.local, start.local_id);
    write_end(json, "remote", start.path.peer, {});
  });
}

void connection_log::on_progress(quic::connection_progress step, time_point now) {
  if (!wants(importance::base)) return;
  const std::string_view before = std::exchange(state_, name_of(step));
  records_.write("quic:connection_state_updated", now, [&](json_writer& json) {
    if (!before.empty()) json.text("old", before);
    json.text("new", state_);
  });
}

void connection_log::on_closed(const quic::close_reason& reason, time_point now) {
  if (!wants(importance::base)) return;
  using quic::close_cause;
  const bool by_peer = reason.cause == close_cause::peer_application || reason.cause == close_cause::peer_transport ||
                       reason.cause == close_cause::stateless_reset;
  const bool transport = reason.cause == close_cause::peer_transport || reason.cause == close_cause::local_transport ||
                         reason.cause == close_cause::no_viable_path;
  const bool application =
      reason.cause == close_cause::peer_application || reason.cause == close_cause::local_application;
  records_.write("quic:connection_closed", now, [&](json_writer& json) {
    json.text("initiator", by_peer ? "remote" : "local");
    if (transport) json.text("connection_error", transport_error_name(reason.code));
    if (application) json.text("application_error", "unknown");
    if (transport || application) json.number("error_code", reason.code);
    if (is_utf8(reason.reason)) json.text("reason", reason.reason);
    json.text("trigger", trigger_of(reason.cause));
  });
  records_.flush();
}

void connection_log::on_path(const quic::observed_path& path, time_point now) {
  using quic::path_event;
  const bool is_gone = path.what == path_event::forgotten;
  const bool is_assigned = path.what == path_event::added || path.what == path_event::moved;
  const auto write_tuple = [&](json_writer& json) {
    json.text("tuple_id", tuple_name(path.id));
    if (is_gone) return;
    write_end(json, "tuple_remote", path.address.peer, path.peer_id);
    write_end(json, "tuple_local", path.address.local, path.own_id);
  };
  if ((is_gone || is_assigned) && wants(importance::base)) records_.write("quic:tuple_assigned", now, write_tuple);
  const std::string_view state = migration_state(path.what);
  if (state.empty() || !wants(importance::extra)) return;
  records_.write("quic:migration_state_updated", now, [&](json_writer& json) {
    json.text("new", state);
    write_tuple(json);
  });
}

// "When the endpoint receives a new connection ID from the peer, the initiator field will be remote."
void connection_log::on_connection_id(const quic::observed_connection_id& changed, time_point now) {
  if (!wants(importance::base)) return;
  records_.write(
      "quic:connection_id_updated", now,
      [&](json_writer& json) {
        json.text("initiator", changed.of_peer ? "remote" : "local");
        if (!changed.before.empty()) json.hex("old", changed.before.bytes());
        json.hex("new", changed.now.bytes());
      },
      changed.path);
}

void connection_log::on_mtu(const quic::observed_mtu& mtu, time_point now) {
  if (!wants(importance::extra)) return;
  records_.write(
      "quic:mtu_updated", now,
      [&](json_writer& json) {
        json.number("old", mtu.before);
        json.number("new", mtu.now);
        json.boolean("done", mtu.state == quic::mtu_state::search_complete);
      },
      mtu.path);
}

}  // namespace quasio::qlog
