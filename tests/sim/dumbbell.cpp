#include "sim/dumbbell.hpp"

#include <array>
#include <stdexcept>
#include <variant>

#include "sim/world.hpp"

namespace quasio::sim {
namespace {

/// Fills one stream for ever.
class endless_sender final : public application {
public:
  void on_event(quic::connection&, const quic::event& event, time_point) override {
    if (const auto* ended = std::get_if<quic::connection_closed>(&event))
      throw std::runtime_error("a sender's connection ended: " + ended->reason.to_string());
  }

  void work(quic::connection& connection, time_point) override {
    static const std::array<std::uint8_t, 65536> chunk{};
    if (!connection.is_established()) return;
    if (!stream_) {
      const auto opened = connection.open_stream(stream_direction::unidirectional);
      if (!opened) return;
      stream_ = *opened;
    }
    while (true) {
      const auto written = connection.stream_write(*stream_, chunk, false);
      if (!written || *written < chunk.size()) return;
    }
  }

private:
  std::optional<stream_id> stream_;
};

/// Reads all that comes. What counts is when it came, not when the last gap before it was filled.
class counting_reader final : public application {
public:
  explicit counting_reader(std::shared_ptr<std::uint64_t> count) : count_(std::move(count)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point) override {
    const auto* readable = std::get_if<quic::stream_readable>(&event);
    if (!readable) return;
    while (true) {
      const auto chunk = connection.stream_peek(readable->id);
      if (!chunk || chunk->bytes.empty()) return;
      if (!connection.stream_consume(readable->id, chunk->bytes.size())) return;
    }
  }

  void work(quic::connection& connection, time_point) override {
    *count_ = connection.statistics().stream_bytes_received;
  }

private:
  std::shared_ptr<std::uint64_t> count_;
};

}  // namespace

dumbbell::dumbbell(const dumbbell_settings& settings)
    : settings_(settings),
      random_(settings.seed),
      network_random_(~settings.seed),
      to_server_(settings.to_server, network_random_),
      to_clients_({.delay = settings.return_delay, .jitter = settings.return_jitter}, network_random_),
      server_({.tls = server_tls(), .alpn = {"sim"}, .transport = settings.server}, random_, [this] {
        delivered_.push_back(std::make_shared<std::uint64_t>(0));
        return std::make_unique<counting_reader>(delivered_.back());
      }) {}

void dumbbell::add_client() {
  const auto port = static_cast<std::uint16_t>(40000 + clients_.size());
  const ip_endpoint address = ip_endpoint::v4({10, 0, 0, 1}, port);
  auto connection = quic::connection::connect({.tls = client_tls(false),
                                               .server_name = "localhost",
                                               .alpn = {"sim"},
                                               .path = {address, server_address_},
                                               .transport = settings_.client},
                                              random_, now_);
  if (!connection) throw std::runtime_error("a client cannot begin: " + connection.error().reason);
  clients_.push_back(
      {std::make_unique<connection_host>(std::move(*connection), std::make_unique<endless_sender>()), address, {}});
  turn();
}

std::vector<std::uint64_t> dumbbell::delivered() const {
  std::vector<std::uint64_t> counts;
  for (const auto& count : delivered_) counts.push_back(*count);
  counts.resize(clients_.size());
  return counts;
}

void dumbbell::run_for(duration time) {
  const time_point end = now_ + time;
  for (auto next = next_event(); next && *next <= end; next = next_event()) {
    now_ = std::max(now_, *next);
    for (; to_server_.next_arrival() && *to_server_.next_arrival() <= now_; to_server_.pop()) {
      server_.receive(to_server_.front(), now_, [this](byte_view bytes, const network_path& path, ecn_codepoint ecn) {
        send_to_client(bytes, path, ecn);
      });
      server_stirred_ = true;
    }
    for (; to_clients_.next_arrival() && *to_clients_.next_arrival() <= now_; to_clients_.pop()) {
      datagram& arrived = to_clients_.front();
      client& to = clients_.at(static_cast<std::size_t>(arrived.path.local.port - 40000));
      to.host->receive(arrived, now_);
      to.stirred = true;
    }
    turn();
  }
  now_ = end;
}

std::optional<time_point> dumbbell::next_event() const {
  std::optional<time_point> next = earliest(to_server_.next_arrival(), to_clients_.next_arrival());
  for (const client& each : clients_) next = earliest(next, each.deadline);
  return earliest(next, server_deadline_);
}

void dumbbell::turn() {
  for (client& each : clients_) {
    if (!each.stirred && (!each.deadline || *each.deadline > now_)) continue;
    each.host->turn(
        now_,
        [this, &each](byte_view bytes, const network_path&, ecn_codepoint ecn) {
          to_server_.send(bytes, {server_address_, each.address}, ecn, now_);
        },
        [](const quic::event&) {});
    each.deadline = each.host->connection().next_deadline();
    each.stirred = false;
  }
  if (server_stirred_ || (server_deadline_ && *server_deadline_ <= now_)) turn_server();
}

void dumbbell::turn_server() {
  server_.turn(
      now_, [this](byte_view bytes, const network_path& path, ecn_codepoint ecn) { send_to_client(bytes, path, ecn); });
  server_deadline_ = server_.next_deadline();
  server_stirred_ = false;
}

void dumbbell::send_to_client(byte_view bytes, const network_path& path, ecn_codepoint ecn) {
  to_clients_.send(bytes, {path.peer, server_address_}, ecn, now_);
}

}  // namespace quasio::sim
