#include "quasio/qlog/connection_log.hpp"

#include <utility>

#include "qlog/connection_log.hpp"

namespace quasio::qlog {

std::shared_ptr<quic::connection_observer> make_connection_log(std::unique_ptr<sink> records, log_options options) {
  return std::make_shared<connection_log>(std::move(records), std::move(options));
}

std::string file_name(const quic::observed_start& start) {
  std::string name;
  append_hex(name, start.original_destination.bytes());
  return name + (start.role == endpoint_role::client ? "_client.sqlog" : "_server.sqlog");
}

}  // namespace quasio::qlog
