#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "client/arguments.hpp"
#include "client/transfer.hpp"

namespace quasio::apps {

/// What --json prints: docs/quasio-client.md describes it. The results are in the order of the arguments' transfers.
std::string json_summary(const client_arguments& arguments, const std::vector<transfer_result>& results,
                         client_exit code, std::chrono::duration<double> elapsed);

}  // namespace quasio::apps
