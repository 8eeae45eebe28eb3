#include "quasio/runtime/inheritance.hpp"

#include <array>
#include <cstring>
#include <span>

#include "net/descriptor_passing.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::runtime {
namespace {

/// Changes whenever the messages, or those of handover_channel, do.
constexpr std::uint32_t version = 0x71481001;

enum class part : std::uint8_t { listener = 1, other = 2, end = 3 };

// One message. Both ends run on one machine: in its own byte order.
struct message {
  std::uint32_t version = runtime::version;
  part what = part::end;
  std::uint8_t shard = 0;
  std::uint16_t endpoint = 0;
  ip_endpoint local;
};

void send(int socket, const message& said, std::span<const int> descriptors, error_code& error) {
  if (error) return;
  std::array<std::uint8_t, sizeof(message)> bytes{};
  std::memcpy(bytes.data(), &said, sizeof said);
  net::pass(socket, bytes, descriptors, error);
}

void take(const message& said, std::vector<net::descriptor>&& descriptors, inheritance& into, error_code& error) {
  error = asio::error::no_protocol_option;
  if (said.what == part::other && descriptors.size() == 1) {
    into.others.push_back(std::move(descriptors.front()));
    error.clear();
  }
  if (said.what != part::listener || descriptors.size() < 2 || said.endpoint > into.endpoints.size()) return;
  if (said.endpoint == into.endpoints.size()) into.endpoints.emplace_back();
  inherited_listener listener{said.local, said.shard, {}, std::move(descriptors.back())};
  descriptors.pop_back();
  listener.sockets = std::move(descriptors);
  into.endpoints[said.endpoint].push_back(std::move(listener));
  error.clear();
}

}  // namespace

void send_inheritance(int socket, const inheritance& what, error_code& error) {
  error.clear();
  for (std::size_t index = 0; index < what.endpoints.size(); ++index) {
    for (const inherited_listener& each : what.endpoints[index]) {
      std::vector<int> handles;
      handles.reserve(each.sockets.size() + 1);
      for (const net::descriptor& one : each.sockets) handles.push_back(one.get());
      handles.push_back(each.channel.get());
      message said;
      said.what = part::listener;
      said.shard = each.shard;
      said.endpoint = static_cast<std::uint16_t>(index);
      said.local = each.local;
      send(socket, said, handles, error);
    }
  }
  for (const net::descriptor& each : what.others) {
    message said;
    said.what = part::other;
    const int handle = each.get();
    send(socket, said, std::span(&handle, 1), error);
  }
  send(socket, message{}, {}, error);
}

inheritance receive_inheritance(int socket, error_code& error) {
  inheritance all;
  for (;;) {
    std::array<std::uint8_t, sizeof(message)> bytes{};
    net::passed_message got = net::take_passed(socket, bytes, error);
    if (!error && got.size == 0) error = asio::error::eof;
    if (error) return {};
    message said;
    std::memcpy(&said, bytes.data(), sizeof said);
    if (got.size != sizeof said || said.version != version) {
      error = asio::error::no_protocol_option;
      return {};
    }
    if (said.what == part::end) return all;
    take(said, std::move(got.descriptors), all, error);
    if (error) return {};
  }
}

}  // namespace quasio::runtime
