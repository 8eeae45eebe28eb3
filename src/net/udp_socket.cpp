#include "quasio/net/udp_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/socket_address.hpp"
#include "net/system_calls.hpp"
#include "net/udp_back_end.hpp"
#include "quasio/net/endpoint.hpp"

namespace quasio::net {
namespace {

error_code last_error() noexcept { return {errno, system_category()}; }

// A file descriptor until someone else takes it over.
class new_handle {
public:
  explicit new_handle(int value) noexcept : value_(value) {}
  new_handle(const new_handle&) = delete;
  new_handle& operator=(const new_handle&) = delete;
  ~new_handle() {
    if (value_ >= 0) ::close(value_);
  }

  int get() const noexcept { return value_; }
  void release() noexcept { value_ = -1; }

private:
  int value_;
};

int open_datagram_socket(int family) noexcept {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
  return ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  const int handle = ::socket(family, SOCK_DGRAM, 0);
  if (handle >= 0) {
    ::fcntl(handle, F_SETFD, FD_CLOEXEC);
    ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) | O_NONBLOCK);
  }
  return handle;
#endif
}

void bind_to(int handle, int family, const ip_endpoint& local, error_code& error) noexcept {
  sockaddr_storage address;
  const socklen_t size = write_socket_address(local, family, address);
  if (::bind(handle, reinterpret_cast<const sockaddr*>(&address), size) != 0) error = last_error();
}

sockaddr_storage bound_address(int handle, error_code& error) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) != 0) error = last_error();
  return address;
}

bool is_datagram_socket(int handle) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

}  // namespace

send_failure classify_send_error(const error_code& error) noexcept {
  if (!error) return send_failure::none;
  if (error == asio::error::would_block || error == asio::error::try_again) return send_failure::would_block;
  if (error == asio::error::message_size) return send_failure::too_large;
  if (error == asio::error::bad_descriptor || error == asio::error::not_socket) return send_failure::socket;
  return send_failure::path;
}

udp_socket::udp_socket(const executor_type& executor, packet_buffer_pool& pool)
    : udp_socket(executor, pool, make_udp_back_end(system_calls::kernel())) {}

udp_socket::udp_socket(const executor_type& executor, packet_buffer_pool& pool, std::unique_ptr<udp_back_end> back_end)
    : socket_(executor), pool_(&pool), back_end_(std::move(back_end)) {}

udp_socket::udp_socket(udp_socket&&) noexcept = default;
udp_socket& udp_socket::operator=(udp_socket&&) noexcept = default;
udp_socket::~udp_socket() = default;

void udp_socket::open(const ip_endpoint& local, const udp_socket_options& options, error_code& error) {
  error.clear();
  if (is_open()) {
    error = asio::error::already_open;
    return;
  }
  const int family = local.is_v4() ? AF_INET : AF_INET6;
  new_handle handle{open_datagram_socket(family)};
  if (handle.get() < 0) {
    error = last_error();
    return;
  }
  back_end_->attach(handle.get(), family, options);
  back_end_->demand(options, error);
  if (!error) bind_to(handle.get(), family, local, error);
  if (!error) adopt(handle.get(), error);
  if (error) {
    back_end_->detach();
    return;
  }
  handle.release();
}

void udp_socket::open(const ip_endpoint& local, const udp_socket_options& options) {
  error_code error;
  open(local, options, error);
  if (error) throw system_error(error, "udp_socket::open " + local.to_string());
}

void udp_socket::assign(native_handle_type handle, const udp_socket_options& options, error_code& error) {
  error.clear();
  if (is_open()) {
    error = asio::error::already_open;
    return;
  }
  const int family = bound_address(handle, error).ss_family;
  if (error) return;
  if ((family != AF_INET && family != AF_INET6) || !is_datagram_socket(handle)) {
    error = asio::error::operation_not_supported;
    return;
  }
  back_end_->attach(handle, family, options);
  adopt(handle, error);
  if (error) back_end_->detach();
}

// Gives the bound descriptor to Asio, which then owns it.
void udp_socket::adopt(int handle, error_code& error) {
  const sockaddr_storage address = bound_address(handle, error);
  if (error) return;
  const auto protocol = address.ss_family == AF_INET ? asio::ip::udp::v4() : asio::ip::udp::v6();
  if (socket_.assign(protocol, handle, error)) return;
  local_ = read_socket_address(address);
  back_end_->bound_to(local_);
}

void udp_socket::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
  back_end_->detach();
  local_ = {};
}

void udp_socket::cancel() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

const udp_socket_capabilities& udp_socket::capabilities() const noexcept { return back_end_->capabilities(); }
const udp_socket_statistics& udp_socket::statistics() const noexcept { return back_end_->statistics(); }

std::size_t udp_socket::receive(std::span<received_datagrams> out, error_code& error) noexcept {
  return back_end_->receive(out, *pool_, error);
}

std::size_t udp_socket::send(const outgoing_datagrams& batch, error_code& error) noexcept {
  return back_end_->send(batch, error);
}

}  // namespace quasio::net
