#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "quasio/wire/version.hpp"

namespace quasio::apps {

/// "512 B", "1.50 kB", "23.4 MB", "1.07 GB": three digits, powers of 1000.
std::string readable_size(double bytes);

/// "12.3 ms", "4.56 s", "2 min 5 s", "1 h 3 min".
std::string readable_duration(std::chrono::duration<double> duration);

/// "QUIC version 1", "QUIC version 2", "QUIC version 0x1a2a3a4a".
std::string quic_version_name(quic_version version);

/// The text with every byte that is not printable ASCII as "\xNN", cut with "..." at `longest`: safe for terminals and
/// one line of a log, whoever wrote it.
std::string printable(std::string_view text, std::size_t longest = 1024);

}  // namespace quasio::apps
