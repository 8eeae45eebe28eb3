#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace quasio::test {

/// What is wrong with one record of a log but the first, by the definitions of draft-ietf-quic-qlog-quic-events and
/// draft-ietf-quic-qlog-main-schema; empty for a good one. Members that the schema does not have are wrong, too, unless
/// they are extensions that we mean to write.
std::vector<std::string> violations(const nlohmann::json& record);

/// All events of the draft.
std::vector<std::string> known_events();

}  // namespace quasio::test
