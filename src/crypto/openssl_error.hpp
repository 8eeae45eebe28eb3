#pragma once

#include <string>

namespace quasio::crypto {

/// What went wrong first in the calls to OpenSSL since its error queue was last cleared, in words; clears the queue, so
/// that nothing is left behind for the program's own use of OpenSSL. Never empty.
std::string take_openssl_reason();

}  // namespace quasio::crypto
