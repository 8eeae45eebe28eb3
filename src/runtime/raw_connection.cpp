#include "quasio/runtime/raw_connection.hpp"

#include <algorithm>

#include "quasio/net/udp_socket_options.hpp"
#include "runtime/raw_carrier.hpp"

namespace quasio::runtime {
namespace {

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

}  // namespace

// --- What a handle stands for ---------------------------------------------------------------------------------------

raw_carrier::~raw_carrier() {
  if (worker_ != nullptr) worker_->detach();
}

void raw_carrier::run(std::unique_ptr<quic::connection> connection,
                      std::unique_ptr<application_over_quic> application) {
  const io_worker_limits limits{options_.inbox_size, options_.inbox_size};
  worker_ = std::make_shared<io_worker>(shard_, *this, std::move(connection), limits);
  // Starting may end it.
  const auto running = worker_;
  running->register_first_ids();
  running->start(std::move(application));
}

bool raw_carrier::deliver(byte_view datagram, const network_path& path, ecn_codepoint ecn) {
  if (worker_ == nullptr || datagram.empty()) return false;
  net::packet_buffer buffer = shard_->buffers().acquire();
  if (!buffer || buffer.capacity() < datagram.size()) {
    shard_->counters().inbox_drops.add();
    return false;
  }
  std::copy(datagram.begin(), datagram.end(), buffer.data());
  const std::uint64_t dropped_before = shard_->counters().inbox_drops.value();
  const auto running = worker_;
  if (running->deliver({std::move(buffer), 0, datagram.size(), datagram.size(), path, ecn})) running->wake();
  return shard_->counters().inbox_drops.value() == dropped_before;
}

void raw_carrier::wait_drained(pending_operation<> operation) {
  if (is_drained()) return operation.complete(error_code());
  waits_.push_back(std::move(operation));
}

void raw_carrier::drop() {
  const auto running = worker_;
  if (running != nullptr) running->on_carrier_lost();
}

void raw_carrier::cancel_operation(std::uint64_t tag) {
  const auto found = std::ranges::find(waits_, tag, [](const auto& each) { return each.tag(); });
  if (found == waits_.end()) return;
  auto operation = std::move(*found);
  waits_.erase(found);
  operation.complete(asio::error::operation_aborted);
}

void raw_carrier::forget(io_worker&) {
  worker_.reset();
  for (auto& operation : std::exchange(waits_, {})) operation.complete(error_code());
}

void raw_carrier::on_client_hello(io_worker& worker, const quic::client_hello_received& hello, time_point) {
  if (!options_.on_client_hello) return worker.answer_client_hello(crypto::use_own_context{});
  options_.on_client_hello(
      hello, [weak = std::weak_ptr(worker.shared_from_this()), executor = executor()](crypto::client_hello_answer how) {
        asio::dispatch(executor, [weak, how = std::move(how)]() mutable {
          if (const auto waiting = weak.lock()) waiting->answer_client_hello(std::move(how));
        });
      });
}

std::size_t raw_carrier::max_segments(const network_path&) noexcept {
  return std::clamp<std::size_t>(sink_->max_segments(), 1, net::max_batch_segments);
}

void raw_carrier::wait_writable(const network_path&, io_worker& worker) {
  sink_->wait_writable([held = worker.shared_from_this()](const error_code& error) { held->on_writable(error); });
}

// --- The handle -----------------------------------------------------------------------------------------------------

raw_connection::raw_connection() noexcept = default;
raw_connection::raw_connection(std::shared_ptr<raw_carrier> carrier) noexcept : carrier_(std::move(carrier)) {}
raw_connection::raw_connection(raw_connection&&) noexcept = default;

raw_connection& raw_connection::operator=(raw_connection&& other) noexcept {
  std::swap(carrier_, other.carrier_);
  return *this;
}

raw_connection::~raw_connection() {
  if (carrier_ == nullptr || carrier_->is_drained()) return;
  const asio::any_io_executor executor = carrier_->executor();
  asio::dispatch(executor, [carrier = std::move(carrier_)] { carrier->drop(); });
}

asio::any_io_executor raw_connection::get_executor() const { return carrier_->executor(); }
std::shared_ptr<cancellable> raw_connection::cancel_target() const { return carrier_; }
bool raw_connection::is_drained() const noexcept { return carrier_->is_drained(); }

bool raw_connection::deliver(byte_view datagram, const network_path& path, ecn_codepoint ecn) {
  return carrier_->deliver(datagram, path, ecn);
}

void raw_connection::start_wait(const std::shared_ptr<raw_carrier>& carrier, pending_operation<> operation) {
  asio::dispatch(carrier->executor(), [carrier, operation = std::move(operation)]() mutable {
    carrier->wait_drained(std::move(operation));
  });
}

// --- Beginning ------------------------------------------------------------------------------------------------------

result<raw_connection, connection_end> connect_over(const shard& where, quic::client_options client,
                                                    std::shared_ptr<datagram_sink> sink,
                                                    std::unique_ptr<application_over_quic> application,
                                                    raw_options options) {
  // A path to another address of the server's is the program's to open.
  quic::preferred_address_policy& preferred = client.transport.preferred_address;
  if (preferred == quic::preferred_address_policy::follow) preferred = quic::preferred_address_policy::announce;
  auto connection = quic::connection::connect(std::move(client), where.state()->random(), read_clock());
  if (!connection) {
    const transport_error& reason = connection.error();
    return unexpected<connection_end>(connection_end{
        make_wire_error(static_cast<std::uint64_t>(reason.code), transport_category()), reason.reason, std::nullopt});
  }
  return serve_over(where, std::move(*connection), std::move(sink), std::move(application), std::move(options));
}

raw_connection serve_over(const shard& where, std::unique_ptr<quic::connection> accepted,
                          std::shared_ptr<datagram_sink> sink, std::unique_ptr<application_over_quic> application,
                          raw_options options) {
  auto carrier = std::make_shared<raw_carrier>(where, std::move(sink), std::move(options));
  carrier->run(std::move(accepted), std::move(application));
  return raw_connection(std::move(carrier));
}

}  // namespace quasio::runtime
