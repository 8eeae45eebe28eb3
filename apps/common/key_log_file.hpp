#pragma once

#include <string>
#include <system_error>

#include "quasio/base/result.hpp"
#include "quasio/crypto/tls_context.hpp"

namespace quasio::apps {

/// Opens (creates, readable for its owner alone; appends) a file for TLS secrets in the NSS format, and returns the
/// function that writes to it: each line in one piece, so that several threads and programs may share the file.
result<crypto::key_log_function, std::error_code> open_key_log(const std::string& path);

}  // namespace quasio::apps
