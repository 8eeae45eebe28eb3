#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <vector>

namespace quasio::bench {

/// Calls `work(index)` for each index below `count`, spread over some processes, and gathers what it returns in the
/// order of the indices; nothing when a process fails. Processes, since a simulation makes OpenSSL draw from its seed
/// everywhere in its process. At most 4096 indices: they wait in a pipe for who has time.
template <class Work>
auto in_processes(std::size_t count, unsigned processes, const Work& work)
    -> std::optional<std::vector<decltype(work(count))>> {
  using result_type = decltype(work(count));
  static_assert(std::is_trivially_copyable_v<result_type>);
  struct message {
    std::size_t index;
    result_type result;
  };
  std::array<int, 2> waiting{};
  std::array<int, 2> done{};
  if (count > 4096 || pipe(waiting.data()) != 0 || pipe(done.data()) != 0) return std::nullopt;
  for (std::size_t index = 0; index < count; ++index) {
    if (write(waiting[1], &index, sizeof index) != sizeof index) return std::nullopt;
  }
  close(waiting[1]);
  for (unsigned started = 0; started < processes; ++started) {
    if (fork() != 0) continue;
    std::size_t index = 0;
    while (read(waiting[0], &index, sizeof index) == sizeof index) {
      const message finished{index, work(index)};
      if (write(done[1], &finished, sizeof finished) != sizeof finished) _exit(1);
    }
    _exit(0);
  }
  close(waiting[0]);
  close(done[1]);

  std::vector<result_type> results(count);
  std::size_t received = 0;
  for (message each{}; read(done[0], &each, sizeof each) == sizeof each; ++received) results[each.index] = each.result;
  close(done[0]);
  while (wait(nullptr) > 0) continue;
  if (received != count) return std::nullopt;
  return results;
}

}  // namespace quasio::bench
