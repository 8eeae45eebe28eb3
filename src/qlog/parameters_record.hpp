#pragma once

#include "qlog/json_writer.hpp"
#include "quasio/wire/transport_parameters.hpp"

namespace quasio::qlog {

/// The members of "parameters_set" that come from transport parameters. Stateless reset tokens stay out of logs.
void write_parameters(json_writer& json, const transport_parameters& parameters);

/// Those of "parameters_restored", which 0-RTT goes by.
void write_restored_parameters(json_writer& json, const transport_parameters& parameters);

/// "ip_v4" and "port_v4", or those of version 6.
void write_endpoint(json_writer& json, const ip_endpoint& endpoint);

/// Eight hexadecimal digits.
void write_version(json_writer& json, std::string_view key, quic_version version);
void write_version(json_writer& json, quic_version version);

}  // namespace quasio::qlog
