#include "qlog/record_writer.hpp"

namespace quasio::qlog {
namespace {

// The draft that the events follow is part of the schema's name until there is an RFC.
constexpr std::string_view event_schema = "urn:ietf:params:qlog:events:quic-13";

constexpr char record_separator = '\x1e';

}  // namespace

std::string tuple_name(std::uint16_t path) { return path == 0 ? std::string() : std::to_string(path); }

json_writer record_writer::begin(std::string_view name, time_point now, std::uint16_t path) {
  record_.clear();
  record_ += record_separator;
  json_writer json(record_);
  json.begin_object();
  json.milliseconds("time", now - started_);
  json.text("name", name);
  if (path != 0) json.text("tuple", tuple_name(path));
  json.begin_object("data");
  return json;
}

void record_writer::end(json_writer& json) {
  json.end_object();
  json.end_object();
  record_ += '\n';
  records_->write(record_);
}

void record_writer::write_head(const quic::observed_start& start, time_point now) {
  started_ = now;
  record_.clear();
  record_ += record_separator;
  json_writer json(record_);
  json.begin_object();
  json.text("file_schema", "urn:ietf:params:qlog:file:sequential");
  json.text("serialization_format", "application/qlog+json-seq");
  json.text("title", "quasio");
  json.begin_object("trace");
  json.begin_object("common_fields");
  json.hex("group_id", start.original_destination.bytes());
  json.text("time_format", "relative_to_epoch");
  json.begin_object("reference_time");
  json.text("clock_type", "monotonic");
  json.text("epoch", "unknown");
  if (!options_.wall_clock_time.empty()) json.text("wall_clock_time", options_.wall_clock_time);
  json.end_object();
  json.end_object();
  json.begin_object("vantage_point");
  if (!options_.vantage_point.empty()) json.text("name", options_.vantage_point);
  json.text("type", start.role == endpoint_role::client ? "client" : "server");
  json.end_object();
  json.begin_array("event_schemas");
  json.text_item(event_schema);
  json.end_array();
  json.end_object();
  json.end_object();
  record_ += '\n';
  records_->write(record_);
}

}  // namespace quasio::qlog
