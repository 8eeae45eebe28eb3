#pragma once

#include <version>
#if defined(__cpp_lib_expected) && __cpp_lib_expected >= 202202L
#include <expected>
#else
#include <tl/expected.hpp>
#endif

namespace quasio {

#if defined(__cpp_lib_expected) && __cpp_lib_expected >= 202202L
/// A value, or the typed reason why there is none.
template <class Value, class Error>
using result = std::expected<Value, Error>;

/// Wraps an error so that it converts to any result that carries it.
using std::unexpected;
#else
/// A value, or the typed reason why there is none.
template <class Value, class Error>
using result = tl::expected<Value, Error>;

/// Wraps an error so that it converts to any result that carries it.
using tl::unexpected;
#endif

}  // namespace quasio
