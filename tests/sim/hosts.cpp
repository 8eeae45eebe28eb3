#include "sim/hosts.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace quasio::sim {

void connection_host::turn(time_point now, const sender& send, const std::function<void(const quic::event&)>& route) {
  if (const auto deadline = connection_->next_deadline(); deadline && *deadline <= now) connection_->on_timeout(now);
  poll(now, route);
  program_->work(*connection_, now);
  std::uint64_t probes = connection_->statistics().mtu_probes_sent;
  while (const auto sent = connection_->transmit(buffer_, 16, now)) {
    const std::uint64_t probes_before = std::exchange(probes, connection_->statistics().mtu_probes_sent);
    const bool is_probe = probes != probes_before;
    if (sent->size == 0 || sent->segment_size == 0 || (is_probe && sent->size != sent->segment_size) ||
        (!is_probe && sent->segment_size > connection_->statistics().max_datagram_size)) {
      throw std::runtime_error("a transmission that is empty or larger than a datagram may be");
    }
    for (std::size_t begin = 0; begin < sent->size; begin += sent->segment_size) {
      const std::size_t size = std::min(sent->segment_size, sent->size - begin);
      send(byte_view(buffer_).subspan(begin, size), sent->path, sent->ecn);
    }
  }
  poll(now, route);
}

void connection_host::poll(time_point now, const std::function<void(const quic::event&)>& route) {
  while (auto event = connection_->poll_event()) {
    route(*event);
    program_->on_event(*connection_, *event, now);
  }
}

void server_host::receive(datagram& arrived, time_point now, const sender& send) {
  if (connection_host* known = find(arrived.bytes)) return known->receive(arrived, now);
  std::vector<std::uint8_t> reply(1500);
  auto decision = acceptor_.consider(arrived.bytes, arrived.path, handshaking(), reply, now);
  if (const auto* answer = std::get_if<quic::stateless_reply>(&decision)) {
    send(byte_view(reply).first(answer->size), arrived.path, ecn_codepoint::not_ect);
  } else if (auto* made = std::get_if<std::unique_ptr<quic::connection>>(&decision)) {
    ++accepted_;
    connections_.push_back(std::make_unique<connection_host>(std::move(*made), make_program_()));
    connection_host* host = connections_.back().get();
    host->receive(arrived, now);
    // The client's next datagram may already be here: it must find its way.
    host->poll(now, [this, host](const quic::event& event) { route(host, event); });
  }
}

void server_host::turn(time_point now, const sender& send) {
  for (const auto& host : connections_) {
    host->turn(now, send, [this, &host](const quic::event& event) { route(host.get(), event); });
  }
  const auto is_over = [this](const std::unique_ptr<connection_host>& host) {
    if (!host->connection().is_drained()) return false;
    std::erase_if(routes_, [&host](const auto& entry) { return entry.second == host.get(); });
    return true;
  };
  std::erase_if(connections_, is_over);
}

std::optional<time_point> server_host::next_deadline() const {
  std::optional<time_point> next;
  for (const auto& host : connections_) next = earliest(next, host->connection().next_deadline());
  return next;
}

connection_host* server_host::find(byte_view datagram) {
  const auto id = quic::routing_id(datagram, acceptor_.connection_id_size());
  if (!id) return nullptr;
  const auto found = routes_.find(id->to_string());
  return found == routes_.end() ? nullptr : found->second;
}

std::size_t server_host::handshaking() const {
  return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& host) {
    return !host->connection().is_established() && !host->connection().is_closed();
  }));
}

void server_host::route(connection_host* to, const quic::event& event) {
  if (const auto* issued = std::get_if<quic::connection_id_issued>(&event)) routes_[issued->id.to_string()] = to;
  if (const auto* retired = std::get_if<quic::connection_id_retired>(&event)) routes_.erase(retired->id.to_string());
}

}  // namespace quasio::sim
