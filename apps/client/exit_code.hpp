#pragma once

#include "quasio/asio.hpp"

namespace quasio::apps {

/// How quasio-client ends. The numbers are those of curl, because people know them.
enum class client_exit : int {
  success = 0,
  usage = 2,          ///< The command line or a URL is wrong, or a file that it names cannot be read.
  resolve = 6,        ///< The host's name has no address.
  connect = 7,        ///< Nobody listens there, or there is no way to it.
  http_status = 22,   ///< With --fail: a status of 400 or more.
  output = 23,        ///< The output cannot be written.
  timeout = 28,       ///< It took too long.
  handshake = 35,     ///< No agreement on TLS, HTTP/3 or the version of QUIC.
  transfer = 56,      ///< The transfer broke off.
  certificate = 60,   ///< The server's certificate is not trusted.
  interrupted = 130,  ///< SIGINT.
};

/// What the failure of a request means. `answered` when the response's headers had come.
client_exit exit_of(const error_code& error, bool answered) noexcept;

/// What the user can do about it: a clause to follow the message, beginning with "; ", or nothing.
const char* advice_for(client_exit code) noexcept;

}  // namespace quasio::apps
