#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "quasio/asio.hpp"
#include "quasio/base/result.hpp"
#include "quasio/net/descriptor.hpp"
#include "quasio/runtime/inheritance.hpp"

namespace quasio::apps {

/// What a server has from the one that it replaces.
struct taken_over {
  runtime::inheritance what;
  net::descriptor bond;  ///< As long as it is open the server of before counts on this one.
};

/// Asks who waits at the path for its sockets. Nothing: nobody does. The error is a sentence. Waits some seconds.
result<std::optional<taken_over>, std::string> take_over(const std::string& path);

/// Waits at a path for the server that is to replace this one, and gives it what `give` gives.
///
/// Threads: all calls on the executor, which must not run two handlers at once. Destroy it when the executor runs no
/// more.
class handover_front {
public:
  using source = std::function<asio::awaitable<std::pair<error_code, runtime::inheritance>>()>;

  handover_front(asio::any_io_executor executor, std::string path, source give);

  /// Takes the path's place: whoever waited there waits in vain from now on.
  error_code open();

  /// Waits no more. The path goes unless another server has it.
  void close();

private:
  asio::awaitable<void> wait_for_heirs();
  asio::awaitable<void> serve(net::descriptor heir);
  bool is_own_path() const noexcept;

  asio::any_io_executor executor_;
  std::string path_;
  source give_;
  std::unique_ptr<asio::posix::stream_descriptor> listening_;
  std::pair<std::uint64_t, std::uint64_t> file_{};  // Device and inode.
  bool closed_ = false;
};

/// Tells the service manager how it stands, in the words of sd_notify(3), where it asked to be told.
void notify_service_manager(const std::string& state);

}  // namespace quasio::apps
