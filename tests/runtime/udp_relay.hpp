#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/loopback.hpp"

namespace quasio::test {

/// Stands between one client and a server, as a NAT does: rebind() makes the server see another port of the client from
/// then on. Datagrams can be kept, changed or dropped on the way.
class udp_relay : public std::enable_shared_from_this<udp_relay> {
public:
  udp_relay(asio::io_context& context, const ip_endpoint& server)
      : context_(context), server_(net::to_udp_endpoint(server)), front_(context, net::to_udp_endpoint(loopback())) {}

  void start() {
    rebind();
    receive_from_client();
  }

  ip_endpoint endpoint() const { return net::to_ip_endpoint(front_.local_endpoint()); }

  void rebind() {
    backs_.push_back(std::make_shared<back>(context_));
    receive_from_server(backs_.back());
  }

  /// How long the server's datagrams take to the client.
  void delay_answers(std::chrono::milliseconds time) { answer_delay_ = time; }

  void block(bool blocked) { blocked_ = blocked; }

  /// Whoever comes from another address than the first one is not heard.
  void serve_only_the_first_client() { only_first_ = true; }

private:
  struct back {
    explicit back(asio::io_context& context) : socket(context, net::to_udp_endpoint(loopback())) {}
    asio::ip::udp::socket socket;
    std::array<char, 65536> buffer;
  };

  void receive_from_client() {
    front_.async_receive_from(
        asio::buffer(buffer_), client_, [self = shared_from_this()](error_code error, std::size_t size) {
          if (error == asio::error::operation_aborted) return;
          error_code ignored;
          if (self->first_ == asio::ip::udp::endpoint()) self->first_ = self->client_;
          const bool is_stranger = self->only_first_ && self->client_ != self->first_;
          if (is_stranger) self->client_ = self->first_;
          if (!error && !self->blocked_ && !is_stranger) {
            self->backs_.back()->socket.send_to(asio::buffer(self->buffer_, size), self->server_, 0, ignored);
          }
          self->receive_from_client();
        });
  }

  void receive_from_server(const std::shared_ptr<back>& from) {
    from->socket.async_receive(asio::buffer(from->buffer),
                               [self = shared_from_this(), from](error_code error, std::size_t size) {
                                 if (error == asio::error::operation_aborted) return;
                                 if (!error && !self->blocked_) self->answer({from->buffer.data(), size});
                                 self->receive_from_server(from);
                               });
  }

  void answer(std::string datagram) {
    if (answer_delay_ > 0ms) return answer_later(std::move(datagram));
    error_code ignored;
    front_.send_to(asio::buffer(datagram), client_, 0, ignored);
  }

  void answer_later(std::string datagram) {
    const auto timer = std::make_shared<asio::steady_timer>(context_, answer_delay_);
    timer->async_wait([self = shared_from_this(), timer, to = client_, datagram = std::move(datagram)](error_code) {
      error_code ignored;
      self->front_.send_to(asio::buffer(datagram), to, 0, ignored);
    });
  }

  asio::io_context& context_;
  asio::ip::udp::endpoint server_;
  asio::ip::udp::socket front_;
  asio::ip::udp::endpoint client_;
  std::array<char, 65536> buffer_;
  std::vector<std::shared_ptr<back>> backs_;
  std::chrono::milliseconds answer_delay_{0};
  bool blocked_ = false;
  bool only_first_ = false;
  asio::ip::udp::endpoint first_;
};

}  // namespace quasio::test
