#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "quasio/crypto/system_random.hpp"
#include "quasio/quic/acceptor.hpp"
#include "quasio/runtime/raw_connection.hpp"
#include "runtime/loopback.hpp"

namespace quasio::test {

/// One direction of a path in memory: what the sink is given is delivered to the other end in a later handler, one
/// datagram at a time, and the sink is full when `room` datagrams are under way.
class memory_sink final : public runtime::datagram_sink, public std::enable_shared_from_this<memory_sink> {
public:
  using deliver = std::function<void(std::vector<std::uint8_t>)>;

  memory_sink(asio::any_io_executor executor, std::size_t room) : executor_(std::move(executor)), room_(room) {}

  void lead_to(deliver other_end) { other_end_ = std::move(other_end); }
  void lose_every(std::size_t number) noexcept { lose_every_ = number; }
  void carry_at_most(std::size_t size) noexcept { largest_ = size; }

  std::size_t send(const net::outgoing_datagrams& batch, error_code& error) override {
    std::size_t done = 0;
    while (done < batch.data.size()) {
      const std::size_t size = std::min(batch.segment_size, batch.data.size() - done);
      if (size > largest_) {
        error = asio::error::message_size;
        schedule();
        return done;
      }
      if (under_way_.size() >= room_) {
        ++refusals;
        error = asio::error::would_block;
        schedule();
        return done;
      }
      const byte_view datagram = batch.data.subspan(done, size);
      done += size;
      ++sent;
      if (lose_every_ != 0 && sent % lose_every_ == 0) continue;
      under_way_.emplace_back(datagram.begin(), datagram.end());
    }
    schedule();
    return done;
  }

  std::size_t max_segments() const noexcept override { return 8; }

  void wait_writable(std::function<void(const error_code&)> ready) override { ready_ = std::move(ready); }
  void on_connection_id(const connection_id& id) override { ids.push_back(id); }
  void on_connection_id_retired(const connection_id& id) override { std::erase(ids, id); }

  std::vector<connection_id> ids;
  std::size_t sent = 0;
  std::size_t refusals = 0;

private:
  void schedule() {
    if (scheduled_ || under_way_.empty()) return;
    scheduled_ = true;
    asio::post(executor_, [self = shared_from_this()] {
      self->scheduled_ = false;
      auto datagram = std::move(self->under_way_.front());
      self->under_way_.pop_front();
      if (self->other_end_) self->other_end_(std::move(datagram));
      if (auto ready = std::exchange(self->ready_, nullptr)) ready(error_code());
      self->schedule();
    });
  }

  asio::any_io_executor executor_;
  std::size_t room_;
  std::size_t largest_ = SIZE_MAX;
  std::size_t lose_every_ = 0;
  deliver other_end_;
  std::deque<std::vector<std::uint8_t>> under_way_;
  bool scheduled_ = false;
  std::function<void(const error_code&)> ready_;
};

/// A client and a server on a path in memory. The server's side is a router of its own making: a quic::acceptor for the
/// first datagram, then the connection.
struct memory_path {
  using application_maker = std::function<std::unique_ptr<runtime::application_over_quic>()>;

  explicit memory_path(std::string alpn, std::size_t room = 64)
      : to_server(std::make_shared<memory_sink>(context.get_executor(), room)),
        to_client(std::make_shared<memory_sink>(context.get_executor(), room)) {
    accepting.tls = server_tls();
    accepting.alpn = {alpn};
    connecting.tls = client_tls();
    connecting.server_name = "localhost";
    connecting.alpn = {std::move(alpn)};
    connecting.path = at_client;
    to_server->lead_to([this](std::vector<std::uint8_t> datagram) { take(std::move(datagram)); });
    to_client->lead_to([this](const std::vector<std::uint8_t>& datagram) {
      if (client.is_open()) client.deliver(datagram, at_client);
    });
  }

  // The sinks must not call back here any more.
  ~memory_path() {
    to_server->lead_to({});
    to_client->lead_to({});
  }

  void serve(application_maker maker) { make_server = std::move(maker); }

  void connect(std::unique_ptr<runtime::application_over_quic> application) {
    auto begun = runtime::connect_over(shard, connecting, to_server, std::move(application), client_options);
    ASSERT_TRUE(begun) << begun.error().message;
    client = std::move(*begun);
  }

  void take(std::vector<std::uint8_t> datagram) {
    if (!server.is_open()) {
      if (!acceptor) acceptor.emplace(accepting, random);
      std::vector<std::uint8_t> reply(1500);
      auto decision = acceptor->consider(datagram, at_server, 0, reply, now());
      auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision);
      if (made == nullptr) return;
      server = runtime::serve_over(shard, std::move(*made), to_client, make_server(), server_options);
    }
    server.deliver(datagram, at_server);
  }

  static time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

  asio::io_context context{1};
  runtime::shard shard{context.get_executor()};
  crypto::system_random random;
  const network_path at_client{ip_endpoint::v4({10, 0, 0, 2}, 2), ip_endpoint::v4({10, 0, 0, 1}, 1)};
  const network_path at_server{at_client.peer, at_client.local};
  quic::acceptor_options accepting;
  quic::client_options connecting;
  runtime::raw_options client_options;
  runtime::raw_options server_options;
  std::optional<quic::acceptor> acceptor;
  application_maker make_server;
  std::shared_ptr<memory_sink> to_server;
  std::shared_ptr<memory_sink> to_client;
  runtime::raw_connection client;
  runtime::raw_connection server;
};

}  // namespace quasio::test
