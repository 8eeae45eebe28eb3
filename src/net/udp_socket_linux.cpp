#if defined(__linux__)

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "net/control_messages.hpp"
#include "net/socket_address.hpp"
#include "net/udp_back_end.hpp"
#include "quasio/net/endpoint.hpp"

namespace quasio::net {
namespace {

// Linux's numbers, for C libraries whose headers do not have them.
constexpr int udp_segment_option = 103;
constexpr int udp_gro_option = 104;

constexpr int ecn_mask = 0b11;

// More than our own options need, as a socket that was handed over may have others set.
constexpr std::size_t receive_control_size = 512;
constexpr std::size_t send_control_size = control_space<std::uint16_t, in6_pktinfo, int>;

std::chrono::nanoseconds to_duration(const timespec& time) noexcept {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

// The kernel stamps datagrams by the wall clock. What it read is carried over by the age of the stamp, and an age that
// a step of the wall clock made negative counts as none.
class stamp_converter {
public:
  time_point operator()(const timespec& stamp) const noexcept {
    const duration age = std::chrono::duration_cast<duration>(wall_ - to_duration(stamp));
    return now_ - std::max(age, duration::zero());
  }

private:
  time_point now_ = std::chrono::steady_clock::now();
  std::chrono::nanoseconds wall_ = std::chrono::system_clock::now().time_since_epoch();
};

class linux_udp_back_end final : public udp_back_end {
public:
  using udp_back_end::udp_back_end;

  std::size_t receive(std::span<received_datagrams> out, packet_buffer_pool& pool, error_code& error) noexcept override;

private:
  void enable_features(const udp_socket_options& options) noexcept override;
  bool enable_ecn() noexcept;
  bool enable_packet_info() noexcept;
  bool enable_dont_fragment() noexcept;
  bool knows_segmentation() noexcept;

  int transmit(const outgoing_datagrams& batch) noexcept override;
  void append_source(control_writer& control, const network_path& path) const noexcept;

  void offer(std::span<received_datagrams> entries) noexcept;
  std::size_t take_messages(std::size_t wanted, error_code& error) noexcept;
  bool take(const mmsghdr& message, received_datagrams& entry) noexcept;
  void read_control(const msghdr& message, received_datagrams& entry) noexcept;
  void set_local(received_datagrams& entry, ip_endpoint address, unsigned interface) const noexcept;
  void count_kernel_drops(std::uint32_t total) noexcept;

  std::array<mmsghdr, max_receive_batch> messages_{};
  std::array<iovec, max_receive_batch> vectors_{};
  std::array<sockaddr_storage, max_receive_batch> sources_{};
  std::array<control_storage<receive_control_size>, max_receive_batch> controls_{};
  std::optional<stamp_converter> stamps_;
  std::uint32_t kernel_drops_seen_ = 0;
};

void linux_udp_back_end::enable_features(const udp_socket_options& options) noexcept {
  kernel_drops_seen_ = 0;
  capabilities_.gso = options.gso && knows_segmentation();
  capabilities_.max_segments = capabilities_.gso ? max_batch_segments : 1;
  capabilities_.gro = options.gro && enable(IPPROTO_UDP, udp_gro_option);
  capabilities_.ecn = options.ecn && enable_ecn();
  capabilities_.packet_info = options.packet_info && enable_packet_info();
  capabilities_.dont_fragment = options.dont_fragment && enable_dont_fragment();
  capabilities_.timestamps = options.timestamps && enable(SOL_SOCKET, SO_TIMESTAMPNS);
  capabilities_.drop_counter = enable(SOL_SOCKET, SO_RXQ_OVFL);
}

// An IPv6 socket needs the IPv4 options too, for the IPv4 that a dual-stack socket carries; when it carries none, their
// failure is no loss.

bool linux_udp_back_end::enable_ecn() noexcept {
  const bool v4 = enable(IPPROTO_IP, IP_RECVTOS);
  return family_ == AF_INET ? v4 : enable(IPPROTO_IPV6, IPV6_RECVTCLASS);
}

bool linux_udp_back_end::enable_packet_info() noexcept {
  // IPV6_RECVPKTINFO reports the addresses of IPv4 datagrams as well, as IPv4-mapped ones.
  return family_ == AF_INET ? enable(IPPROTO_IP, IP_PKTINFO) : enable(IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

bool linux_udp_back_end::enable_dont_fragment() noexcept {
  // PROBE and not DO: the kernel's idea of the path MTU, which forged ICMP can shrink, must not limit our own probes
  // (RFC 9000, section 14.2.1).
  const bool v4 = enable(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  return family_ == AF_INET ? v4 : enable(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

bool linux_udp_back_end::knows_segmentation() noexcept {
  int size = 0;
  socklen_t length = sizeof size;
  return calls_.get_option(handle_, IPPROTO_UDP, udp_segment_option, &size, &length) == 0;
}

int linux_udp_back_end::transmit(const outgoing_datagrams& batch) noexcept {
  sockaddr_storage destination;
  const socklen_t destination_size = write_socket_address(batch.path.peer, family_, destination);
  if (destination_size == 0) return EAFNOSUPPORT;

  // sendmsg() only reads what the vector points to, though its type cannot say so.
  iovec vector{.iov_base = const_cast<std::uint8_t*>(batch.data.data()), .iov_len = batch.data.size()};
  msghdr message{};
  message.msg_name = &destination;
  message.msg_namelen = destination_size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;

  control_storage<send_control_size> storage;
  control_writer control{storage.bytes};
  if (batch.data.size() > batch.segment_size) {
    control.append(IPPROTO_UDP, udp_segment_option, static_cast<std::uint16_t>(batch.segment_size));
  }
  append_source(control, batch.path);
  if (batch.ecn != ecn_codepoint::not_ect) {
    const int traffic_class = static_cast<int>(batch.ecn);
    if (batch.path.peer.is_v4()) {
      control.append(IPPROTO_IP, IP_TOS, traffic_class);
    } else {
      control.append(IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
    }
  }
  control.finish(message);
  return calls_.send_message(handle_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

void linux_udp_back_end::append_source(control_writer& control, const network_path& path) const noexcept {
  // The bound address is the source anyway, without the cost of saying so.
  const bool is_bound_address = path.local.address == local_.address && path.local.scope_id == local_.scope_id;
  if (!capabilities_.packet_info || is_bound_address || is_unspecified(path.local)) return;
  if (path.local.is_v4() != path.peer.is_v4()) return;
  if (path.peer.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst = to_in_addr(path.local);
    control.append(IPPROTO_IP, IP_PKTINFO, info);
    return;
  }
  in6_pktinfo info{};
  info.ipi6_addr = to_in6_addr(path.local);
  info.ipi6_ifindex = path.local.scope_id;
  control.append(IPPROTO_IPV6, IPV6_PKTINFO, info);
}

std::size_t linux_udp_back_end::receive(std::span<received_datagrams> out, packet_buffer_pool& pool,
                                        error_code& error) noexcept {
  error.clear();
  const std::size_t wanted = provide_buffers(out.first(std::min(out.size(), max_receive_batch)), pool);
  if (wanted == 0) {
    error = out.empty() ? asio::error::invalid_argument : asio::error::no_buffer_space;
    return 0;
  }
  offer(out.first(wanted));
  const std::size_t taken = take_messages(wanted, error);
  if (capabilities_.timestamps && taken > 0) stamps_.emplace();

  std::size_t kept = 0;
  for (std::size_t i = 0; i < taken; ++i) {
    if (!take(messages_[i], out[i])) continue;
    if (kept != i) std::swap(out[kept], out[i]);
    ++kept;
  }
  return kept;
}

void linux_udp_back_end::offer(std::span<received_datagrams> entries) noexcept {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    vectors_[i] = {.iov_base = entries[i].buffer.data(), .iov_len = entries[i].buffer.capacity()};
    msghdr& message = messages_[i].msg_hdr;
    message.msg_name = &sources_[i];
    message.msg_namelen = sizeof sources_[i];
    message.msg_iov = &vectors_[i];
    message.msg_iovlen = 1;
    message.msg_control = controls_[i].bytes.data();
    message.msg_controllen = controls_[i].bytes.size();
    message.msg_flags = 0;
  }
}

std::size_t linux_udp_back_end::take_messages(std::size_t wanted, error_code& error) noexcept {
  for (int passed_over = 0; passed_over < max_errors_passed_over; ++passed_over) {
    ++statistics_.receive_calls;
    const int count = calls_.receive_messages(handle_, messages_.data(), static_cast<unsigned>(wanted), MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (!is_news_of_the_past(errno)) {
      error.assign(errno, system_category());
      return 0;
    }
    count_icmp_error(errno);
  }
  return 0;
}

bool linux_udp_back_end::take(const mmsghdr& message, received_datagrams& entry) noexcept {
  const msghdr& header = message.msg_hdr;
  entry.size = message.msg_len;
  entry.segment_size = entry.size;
  entry.path.peer = header.msg_name != nullptr ? read_socket_address(*static_cast<sockaddr_storage*>(header.msg_name))
                                               : ip_endpoint{};
  entry.path.local = local_;
  entry.ecn = ecn_codepoint::not_ect;
  entry.kernel_time.reset();
  read_control(header, entry);
  // Without all control messages the bounds of joined datagrams are unknown, so that the bytes are of no use either.
  return admit(entry.size, entry.count(), (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0);
}

void linux_udp_back_end::read_control(const msghdr& message, received_datagrams& entry) noexcept {
  for_each_control_message(message, [&](const control_message& control) {
    if (control.is(IPPROTO_UDP, udp_gro_option)) {
      const int size = control.as<int>();
      if (size > 0) entry.segment_size = std::min(entry.size, static_cast<std::size_t>(size));
    } else if (control.is(IPPROTO_IP, IP_TOS) || control.is(IPPROTO_IPV6, IPV6_TCLASS)) {
      entry.ecn = static_cast<ecn_codepoint>(control.as<int>() & ecn_mask);
    } else if (control.is(IPPROTO_IP, IP_PKTINFO)) {
      // The address to reply from, which is the address of the header but for broadcasts.
      const auto info = control.as<in_pktinfo>();
      const in_addr& address = info.ipi_spec_dst.s_addr != 0 ? info.ipi_spec_dst : info.ipi_addr;
      set_local(entry, from_in_addr(address, local_.port), 0);
    } else if (control.is(IPPROTO_IPV6, IPV6_PKTINFO)) {
      const auto info = control.as<in6_pktinfo>();
      set_local(entry, from_in6_addr(info.ipi6_addr, local_.port), info.ipi6_ifindex);
    } else if (control.is(SOL_SOCKET, SO_RXQ_OVFL)) {
      count_kernel_drops(control.as<std::uint32_t>());
    } else if (control.is(SOL_SOCKET, SO_TIMESTAMPNS) && stamps_) {
      entry.kernel_time = (*stamps_)(control.as<timespec>());
    }
  });
}

void linux_udp_back_end::set_local(received_datagrams& entry, ip_endpoint address, unsigned interface) const noexcept {
  if (is_link_local_v6(address)) address.scope_id = interface;
  entry.path.local = address;
}

// The kernel's counter is cumulative and wraps around.
void linux_udp_back_end::count_kernel_drops(std::uint32_t total) noexcept {
  statistics_.kernel_drops += static_cast<std::uint32_t>(total - kernel_drops_seen_);
  kernel_drops_seen_ = total;
}

}  // namespace

std::unique_ptr<udp_back_end> make_linux_udp_back_end(system_calls& calls) {
  return std::make_unique<linux_udp_back_end>(calls);
}

}  // namespace quasio::net

#endif
