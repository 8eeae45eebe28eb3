#pragma once

#include <functional>
#include <string>

#include "quasio/crypto/tls_context.hpp"

namespace quasio::apps {

/// Has `tell` called with one line about the server's certificate when a handshake of this context is complete. To be
/// called before the context is used. `tell` is called by the threads that run connections.
void watch_certificates(const crypto::tls_context& context, std::function<void(const std::string&)> tell);

}  // namespace quasio::apps
