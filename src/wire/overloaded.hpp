#pragma once

namespace quasio::wire {

/// One visitor made of a function for each alternative of a variant.
template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

}  // namespace quasio::wire
