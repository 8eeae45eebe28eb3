// What ICMP says to the socket of a client that connects (RFC 9000, section 14.2.1).

#include <sys/socket.h>

#include <cerrno>

#include "net/system_calls.hpp"
#include "net/udp_back_end.hpp"
#include "runtime/echo_server.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::test {
namespace {

// The system, but that the first few calls to receive tell an error in place of what came.
class telling_system final : public net::system_calls {
public:
  explicit telling_system(int news) : news_(news) {}

  ssize_t receive_message(int handle, msghdr* message, int flags) noexcept override {
    return tells() ? -1 : net::system_calls::receive_message(handle, message, flags);
  }

#if defined(__linux__)
  int receive_messages(int handle, mmsghdr* messages, unsigned count, int flags) noexcept override {
    return tells() ? -1 : net::system_calls::receive_messages(handle, messages, count, flags);
  }
#endif

private:
  bool tells() noexcept {
    if (told_ == 3) return false;
    ++told_;
    errno = news_;
    return true;
  }

  int news_;
  int told_ = 0;
};

// Says how the handshake ends, and goes.
class visitor final : public runtime::application_over_quic {
public:
  explicit visitor(std::optional<error_code>& outcome) : outcome_(outcome) {}

  void on_connection_established(runtime::worker& host, time_point) override {
    outcome_ = error_code();
    host.close(0, "");
  }
  void on_event(runtime::worker&, const quic::event&, time_point) override {}
  void on_connection_closed(const runtime::connection_end& end) override {
    if (!outcome_) outcome_ = end.code;
  }

private:
  std::optional<error_code>& outcome_;
};

std::optional<error_code> outcome_where_icmp_says(int news) {
  telling_system system(news);
  std::optional<error_code> outcome;
  echo_server server;
  const runtime::shard& where = server.shard;
  net::udp_socket socket(where.get_executor(), where.state()->buffers(), net::make_udp_back_end(system));
  socket.open(loopback());
  auto options = connect_with(server.listener.local_endpoint()).client;
  options.path.local = socket.local_endpoint();
  options.connection_ids = std::make_shared<quic::random_connection_ids>();
  auto connection = quic::connection::connect(options, where.state()->random(),
                                              std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()));
  EXPECT_TRUE(connection);
  const auto router = std::make_shared<runtime::inbound_packet_router>(
      where, std::move(socket), runtime::router_limits{0, 1, {}}, options.connection_ids->size());
  auto& worker = router->adopt(std::move(*connection));
  router->start();
  worker.start(std::make_unique<visitor>(outcome));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!outcome && std::chrono::steady_clock::now() < deadline) server.context.run_one_until(deadline);
  return outcome;
}

TEST(news_of_icmp, that_nobody_listens_ends_the_attempt) {
  EXPECT_EQ(outcome_where_icmp_says(ECONNREFUSED), asio::error::connection_refused);
}

// [rfc9000 14.2.1#1]
TEST(news_of_icmp, of_anything_else_is_not_believed) {
  for (const int news : {EMSGSIZE, EHOSTUNREACH, ENETUNREACH, EPROTO})
    EXPECT_EQ(outcome_where_icmp_says(news), error_code()) << news;
}

}  // namespace
}  // namespace quasio::test
