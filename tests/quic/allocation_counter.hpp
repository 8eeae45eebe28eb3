#pragma once

#include <cstddef>

namespace quasio::test {

/// How often operator new was called in this process.
std::size_t allocations_so_far() noexcept;

}  // namespace quasio::test
