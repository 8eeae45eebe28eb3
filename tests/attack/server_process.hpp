#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "quasio/base/endpoint.hpp"

namespace quasio::attack {

/// A server in a process of its own, so that what it costs can be told from what its clients cost. It is ended with the
/// object.
class server_process {
public:
  /// Starts it and waits until it says "ready ADDR:PORT" on its standard output. Throws std::runtime_error.
  server_process(const std::string& program, const std::vector<std::string>& arguments);
  ~server_process();

  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

  const ip_endpoint& where() const noexcept { return where_; }
  bool is_alive();

  /// Of all its threads, since it began.
  std::chrono::nanoseconds processor_time() const;

  /// Resident memory in bytes: now, and the most since forget_peak().
  std::uint64_t memory() const;
  std::uint64_t peak_memory() const;
  void forget_peak() const;

private:
  void await_ready(int output);
  std::uint64_t status_line(const char* name) const;

  pid_t id_ = -1;
  ip_endpoint where_;
};

}  // namespace quasio::attack
