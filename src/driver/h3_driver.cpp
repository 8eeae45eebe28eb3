#include "driver/h3_driver.hpp"

#include <utility>

namespace quasio::driver {
namespace {

// Who closes a connection here has no use for what it may still bring.
bool is_our_doing(const runtime::connection_end& end) noexcept {
  return end.reason && end.reason->cause == quic::close_cause::local_application;
}

}  // namespace

h3_driver::h3_driver(endpoint_role role, asio::any_io_executor executor, const h3_driver_settings& settings)
    : role_(role),
      executor_(std::move(executor)),
      settings_(settings.http3),
      keeping_(std::make_shared<h3_record_keeping>(h3_record_keeping{settings.counters, settings.on_exchange})),
      max_waiting_datagrams_(settings.max_waiting_datagram_operations),
      tally_(settings.counters) {}

// Where the io_context is destroyed under the connection, whoever still waits is let go unheard.
h3_driver::~h3_driver() {
  const auto exchanges = std::exchange(exchanges_, {});
  for (const auto& [id, each] : exchanges) each->abandon();
  if (is_counted_) keeping_->count([](h3_counters& counters) { counters.connections_open.subtract(); });
}

void h3_driver::count_open() noexcept {
  is_counted_ = true;
  keeping_->count([](h3_counters& counters) { counters.connections_open.add(); });
}

// A promise that the transport does not keep would make peers send what it must then close the connection for (RFC
// 9297, section 2.1.1; RFC 9221, section 3).
void h3_driver::on_started(runtime::worker& host) {
  host_ = &host;
  if (!settings_.datagrams.enable || host.connection().takes_datagrams()) return;
  close(http3::error_code::internal_error,
        "HTTP Datagrams are on, but the transport takes none: see driver::match_transport()");
}

void h3_driver::begin_http(runtime::worker& host, time_point now) {
  http_.emplace(role_, settings_, host.random());
  prepare(*http_);
  count_open();
  http_->start(host.connection(), now);
}

bool h3_driver::on_early_data(runtime::worker& host, time_point now) {
  begin_http(host, now);
  on_early({host.connection().handshake(), host.connection().path()});
  return true;
}

void h3_driver::on_connection_established(runtime::worker& host, time_point now) {
  established_ = true;
  if (!http_) begin_http(host, now);
  on_established({host.connection().handshake(), host.connection().path()});
}

void h3_driver::on_event(runtime::worker& host, const quic::event& event, time_point now) {
  if (const auto* received = std::get_if<quic::session_received>(&event)) return on_session(received->session);
  http_->handle(host.connection(), event, now);
}

void h3_driver::process_reads(runtime::worker&, time_point) { tell_events(); }

// What exchanges did in process_reads() may have caused more.
void h3_driver::process_writes(runtime::worker&, time_point now) {
  tell_events();
  if (tally_.is_due(now, exchanges_.empty())) tally_.take(http_->statistics(), now);
}

void h3_driver::close(http3::error_code code, std::string_view reason) {
  if (host_ != nullptr) host_->close(static_cast<std::uint64_t>(code), reason);
}

result<network_path, error_code> h3_driver::migrate(const ip_endpoint& local, quic::migration_timing when) {
  if (host_ == nullptr) return unexpected(make_error_code(runtime::error::connection_closed));
  return host_->migrate(local, when);
}

void h3_driver::on_connection_closed(const runtime::connection_end& end) {
  const runtime::connection_end described = describe(end);
  if (http_ && !is_our_doing(end)) keep_what_arrived();
  const auto exchanges = std::exchange(exchanges_, {});
  for (const auto& [id, each] : exchanges) each->on_connection_closed(described.code);
  if (http_ && tally_.is_wanted()) tally_.take_last(http_->statistics());
  tell_of_end(described);
  on_ended(described);
  host_ = nullptr;
}

void h3_driver::tell_of_end(const runtime::connection_end& end) {
  if (events_ != nullptr) events_->tell_for_certain(connection_ended{end});
  if (!end.reason) return;
  keeping_->count([&](h3_counters& counters) {
    if (end.reason->cause == quic::close_cause::local_application)
      counters.closes_sent[code_of(end.reason->code)].add();
    if (end.reason->cause == quic::close_cause::peer_application)
      counters.closes_received[code_of(end.reason->code)].add();
  });
}

error_code h3_driver::shut_down_stream(stream_id id, stream_half half, http3::error_code code) {
  const auto found = is_begun() ? find(id) : nullptr;
  if (found == nullptr) return make_error_code(http3::operation_error::unknown_exchange);
  found->shut_down(half, code);
  return {};
}

error_code h3_driver::set_priority(stream_id id, const http3::priority& wanted) {
  const auto found = is_begun() ? find(id) : nullptr;
  return found != nullptr ? found->set_priority(wanted) : make_error_code(http3::operation_error::unknown_exchange);
}

// What came with the peer's last packets has not been told yet, and readers lag behind the network.
void h3_driver::keep_what_arrived() {
  tell_events();
  const auto exchanges = exchanges_;
  for (const auto& [id, each] : exchanges) each->keep_what_arrived();
  tell_events();
}

// --- The events of HTTP/3
// ---------------------------------------------------------------------------------------------

void h3_driver::tell_events() {
  while (auto event = http_->poll_event()) {
    std::visit([this](auto& each) { on(each); }, *event);
  }
}

std::shared_ptr<exchange> h3_driver::add_exchange(stream_id id, const http3::field_list& request, bool is_early_data) {
  auto added = std::make_shared<exchange>(*this, id);
  added->records().on_request(id, request, is_early_data, role_ == endpoint_role::server);
  exchanges_.insert_or_assign(id, added);
  return added;
}

std::shared_ptr<exchange> h3_driver::find(stream_id id) const {
  const auto found = exchanges_.find(id);
  return found != exchanges_.end() ? found->second : nullptr;
}

void h3_driver::on(http3::settings_received& event) {
  has_peer_settings_ = true;
  if (events_ != nullptr) events_->tell_for_certain(settings_told{event.settings});
  on_settings();
  send_waiting_datagrams();
}

void h3_driver::on(http3::goaway_received& event) {
  keeping_->count([](h3_counters& counters) { counters.goaways_received.add(); });
  if (events_ != nullptr) events_->tell_for_certain(going_away{event.id});
  on_goaway();
}

void h3_driver::on(http3::fields_received& event) {
  if (event.kind == http3::section_kind::request) {
    const auto added = add_exchange(event.id, event.fields, event.is_early_data);
    if (event.end_of_message) added->mark_received();
    on_request(std::move(event), added);
  } else if (const auto told = find(event.id)) {
    told->on_fields(std::move(event));
  }
}

void h3_driver::on(http3::body_readable& event) {
  if (const auto told = find(event.id)) told->on_body_readable();
}

void h3_driver::on(http3::body_writable& event) {
  if (const auto told = find(event.id)) told->on_body_writable();
}

void h3_driver::on(http3::message_aborted& event) {
  if (const auto told = find(event.id)) told->on_aborted(event);
}

void h3_driver::on(http3::message_refused& event) {
  if (const auto told = find(event.id)) told->on_refused(event);
}

void h3_driver::on(http3::priority_changed& event) {
  if (const auto told = find(event.id)) told->on_priority_changed(event.wanted);
}

void h3_driver::on(http3::datagrams_readable& event) {
  if (const auto told = find(event.id)) told->on_datagrams_readable();
}

void h3_driver::send_waiting_datagrams() {
  while (!datagram_senders_.empty()) {
    const auto next = find(datagram_senders_.front());
    if (next != nullptr && !next->datagrams().on_writable()) return;
    datagram_senders_.pop_front();
  }
}

void h3_driver::on(http3::exchange_closed& event) {
  const auto told = find(event.id);
  if (told == nullptr) return;
  exchanges_.erase(event.id);
  told->on_closed();
  if (exchanges_.empty()) on_idle();
}

}  // namespace quasio::driver
