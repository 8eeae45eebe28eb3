#pragma once

/// @file
/// What quasio/asio.hpp has no use for on every system: Boost.Asio for file descriptors of any kind.

#include <boost/asio/posix/stream_descriptor.hpp>

#include "quasio/asio.hpp"
