#pragma once

#include <string>

#include "quasio/base/result.hpp"
#include "quasio/driver/session_cache.hpp"

namespace quasio::apps {

/// The file of --session-file: a line for each session, the origin and the session in hexadecimal digits. It holds
/// secrets, and nobody but its owner may read it.
///
/// Reads the sessions that are there into the cache; a file that does not exist has none. Lines that are no session, or
/// of another version of this program, are skipped. Fails, with a sentence, when the file cannot be read.
result<void, std::string> load_sessions(const std::string& path, http3::session_cache& into);

/// Writes all that the cache holds in place of what the file held.
result<void, std::string> save_sessions(const std::string& path, const http3::session_cache& from);

}  // namespace quasio::apps
