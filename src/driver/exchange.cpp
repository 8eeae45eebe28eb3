#include "driver/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "driver/h3_driver.hpp"
#include "quasio/driver/error.hpp"

namespace quasio::driver {
namespace {

constexpr std::size_t read_all_step = 16 * 1024;
constexpr std::uint8_t least_urgent = 7;  // RFC 9218, section 4.1.

int status_of(const http3::field_list& fields) noexcept {
  const std::string_view text = http3::find_field(fields, ":status");
  int status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

}  // namespace

exchange::exchange(h3_driver& driver, stream_id id)
    : driver_(&driver),
      executor_(driver.executor()),
      id_(id),
      is_server_(driver.role() == endpoint_role::server),
      datagrams_(driver, id),
      records_(driver.keeping()) {}

// --- Reading --------------------------------------------------------------------------------------------------------

void exchange::read(asio::mutable_buffer buffer, runtime::pending_operation<std::size_t> operation) {
  if (is_reading()) return operation.complete(runtime::error::already_started, 0);
  if (buffer.size() == 0) return operation.complete(error_code(), 0);
  reading_ = {buffer, std::move(operation)};
  try_to_read();
}

void exchange::read_all(std::size_t limit, runtime::pending_operation<std::string> operation) {
  if (is_reading()) return operation.complete(runtime::error::already_started, {});
  reading_all_ = {{}, 0, limit, std::move(operation)};
  try_to_read_all();
}

void exchange::on_body_readable() {
  try_to_read();
  try_to_read_all();
}

void exchange::try_to_read() {
  if (!reading_.operation) return;
  // Taken out, because reading may tell events that come back here.
  one_read attempt = std::exchange(reading_, {});
  const byte_span into(static_cast<std::uint8_t*>(attempt.buffer.data()), attempt.buffer.size());
  const std::size_t size = read_at_hand(into);
  if (size > 0) {
    attempt.operation.complete(error_code(), size);
  } else if (read_end_) {
    attempt.operation.complete(*read_end_, 0);
  } else {
    reading_ = std::move(attempt);
  }
}

void exchange::try_to_read_all() {
  if (!reading_all_.operation) return;
  whole_read attempt = std::exchange(reading_all_, {});
  while (attempt.filled <= attempt.limit) {
    std::string& text = attempt.text;
    if (attempt.filled == text.size()) {
      // One byte beyond the limit tells whether there is more.
      text.resize(text.size() + std::min(std::max(read_all_step, text.size()) - 1, attempt.limit - text.size()) + 1);
    }
    const byte_span room(reinterpret_cast<std::uint8_t*>(text.data()) + attempt.filled, text.size() - attempt.filled);
    const std::size_t size = read_at_hand(room);
    attempt.filled += size;
    if (size > 0) continue;
    if (read_end_) return attempt.complete(*read_end_ == asio::error::eof ? error_code() : *read_end_);
    reading_all_ = std::move(attempt);
    return;
  }
  attempt.filled = attempt.limit;
  attempt.complete(http3::client_error::body_too_large);
}

void exchange::whole_read::complete(const error_code& code) {
  text.resize(filled);
  operation.complete(code, std::move(text));
}

std::size_t exchange::read_at_hand(byte_span into) {
  if (!kept_.is_read()) return read_kept(into);
  if (read_end_ || driver_ == nullptr) return 0;
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  const auto read = driver.http().read_body(driver.transport(), id_, into);
  driver.wake();
  if (!read) {
    driver.tell_events();
    if (!read_end_) read_end_ = make_error_code(read.error());
    datagrams_.end_receiving(*read_end_);
    return 0;
  }
  note_read(read->size, read->finished);
  bytes_read_ += read->size;
  if (bytes_read_ > body_limit_) {
    give_up_reading(http3::client_error::body_too_large);
    return 0;
  }
  if (read->finished) {
    read_end_ = asio::error::eof;
    datagrams_.end_receiving(*read_end_);
    // The trailers came before, but may not have been told.
    driver.tell_events();
  }
  return read->size;
}

void exchange::note_read(std::size_t size, bool end) {
  if (size > 0) records_.on_body_received(size);
  if (end) records_.on_received_all(message_end::with_body);
  if (driver_ != nullptr && (size > 0 || end)) driver_->tell(body_received{id_, size, end});
}

std::size_t exchange::read_kept(byte_span into) {
  const std::size_t size = std::min(into.size(), kept_.bytes.size() - kept_.taken);
  std::copy_n(kept_.bytes.begin() + static_cast<std::ptrdiff_t>(kept_.taken), size, into.begin());
  kept_.taken += size;
  note_read(size, false);
  if (kept_.is_read()) {
    kept_.bytes = {};
    kept_.taken = 0;
    read_end_ = std::exchange(kept_.end, std::nullopt);
  }
  return size;
}

void exchange::receive_head(runtime::pending_operation<response_head> operation) {
  if (receiving_head_) return operation.complete(runtime::error::already_started, {});
  if (!heads_.empty()) {
    response_head head = std::move(heads_.front());
    heads_.pop_front();
    return operation.complete(error_code(), std::move(head));
  }
  if (const auto& end = read_end_ ? read_end_ : kept_.end) return operation.complete(*end, {});
  receiving_head_ = std::move(operation);
}

void exchange::on_fields(http3::fields_received&& received) {
  const int told_status = received.kind == http3::section_kind::trailers ? 0 : status_of(received.fields);
  if (driver_ != nullptr) driver_->tell(head_received{id_, received.kind, told_status, received.end_of_message});
  if (told_status != 0) records_.on_response_head(told_status);
  if (received.end_of_message) {
    read_end_ = asio::error::eof;
    datagrams_.end_receiving(*read_end_);
    records_.on_received_all(told_status != 0 ? message_end::with_head : message_end::with_body);
  }
  if (received.kind == http3::section_kind::trailers) {
    trailers_ = std::move(received.fields);
  } else {
    response_head head{told_status, std::move(received.fields), received.end_of_message};
    if (receiving_head_) {
      receiving_head_.complete(error_code(), std::move(head));
    } else {
      heads_.push_back(std::move(head));
    }
  }
  if (read_end_) complete_reads();
}

void exchange::end_reading(const error_code& code) {
  datagrams_.end_receiving(code);
  if (!kept_.is_read()) {
    if (!kept_.end) kept_.end = code;
    return;
  }
  if (!read_end_) read_end_ = code;
  complete_reads();
}

void exchange::complete_reads() {
  reading_.operation.complete(*read_end_, 0);
  reading_all_.complete(*read_end_ == asio::error::eof ? error_code() : *read_end_);
  receiving_head_.complete(*read_end_, {});
}

void exchange::give_up_reading(const error_code& why) {
  if (read_end_) return;
  gave_up_reading_ = true;
  end_reading(why);
}

void exchange::drop_reader() {
  if (driver_ == nullptr || is_read_to_the_end()) return;
  if (!is_server_) return cancel(http3::error_code::request_cancelled);
  reader_dropped_ = true;
  if (write_finished_) cancel(http3::error_code::no_error);
}

// --- Writing --------------------------------------------------------------------------------------------------------

void exchange::write(const http3::field_list& head, asio::const_buffer buffer, write_extent extent,
                     runtime::pending_operation<std::size_t> operation) {
  if (writing_.operation) return operation.complete(runtime::error::already_started, 0);
  if (write_end_) return operation.complete(*write_end_, 0);
  const auto keep = shared_from_this();
  if (!head.empty()) {
    const bool end = extent == write_extent::last && buffer.size() == 0;
    const error_code code = put_head(head, end);
    if (code || end) return operation.complete(code, 0);
  }
  if (buffer.size() == 0 && extent != write_extent::last) return operation.complete(error_code(), 0);
  writing_ = {buffer, 0, extent, std::move(operation)};
  try_to_write();
}

void exchange::try_to_write() {
  if (!writing_.operation || write_end_) return;
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  const byte_view data(static_cast<const std::uint8_t*>(writing_.rest.data()), writing_.rest.size());
  const bool is_last = writing_.extent == write_extent::last;
  const auto taken = driver.http().write_body(driver.transport(), id_, data, is_last);
  if (!taken) return end_writing(after_refusal(taken.error()));
  if (*taken > 0 || is_last) driver.wake();
  writing_.rest += *taken;
  writing_.done += *taken;
  bytes_written_ += *taken;
  if (*taken > 0) records_.on_body_sent(*taken);
  const bool is_all = writing_.rest.size() == 0;
  if (!is_all && (writing_.extent != write_extent::some || *taken == 0)) return;
  writing_.operation.complete(error_code(), writing_.done);
  if (is_all && is_last) finish_writing();
}

error_code exchange::put_head(const http3::field_list& fields, bool end) {
  if (write_end_) return *write_end_;
  h3_driver& driver = *driver_;
  const auto sent = driver.http().send_response(driver.transport(), id_, fields, end);
  if (!sent) return after_refusal(sent.error());
  records_.on_response_head(status_of(fields));
  driver.wake();
  if (end) records_.on_sent_all(message_end::with_head);
  if (end) finish_writing();
  return {};
}

void exchange::send_head(const http3::field_list& fields, bool end, runtime::pending_operation<> operation) {
  const auto keep = shared_from_this();
  operation.complete(put_head(fields, end));
}

void exchange::send_trailers(const http3::field_list& fields, runtime::pending_operation<> operation) {
  if (writing_.operation) return operation.complete(runtime::error::already_started);
  if (write_end_) return operation.complete(*write_end_);
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  const auto sent = driver.http().send_trailers(driver.transport(), id_, fields);
  if (!sent) return operation.complete(after_refusal(sent.error()));
  driver.wake();
  finish_writing();
  operation.complete(error_code());
}

// Why an operation was refused: what the peer said, where it said something.
error_code exchange::after_refusal(http3::operation_error error) {
  if (driver_ != nullptr) driver_->tell_events();
  return write_end_.value_or(make_error_code(error));
}

void exchange::finish_writing() {
  write_finished_ = true;
  records_.on_sent_all(message_end::with_body);
  if (!write_end_) mark_sent();
  if (reader_dropped_ && driver_ != nullptr && !is_read_to_the_end()) cancel(http3::error_code::no_error);
}

void exchange::end_writing(const error_code& code) {
  if (!write_end_) write_end_ = code;
  datagrams_.end_sending(*write_end_);
  writing_.operation.complete(*write_end_, writing_.done);
}

void exchange::give_up_writing(const error_code& why) {
  if (write_end_) return;
  gave_up_writing_ = true;
  end_writing(why);
}

void exchange::drop_writer() {
  if (driver_ == nullptr || (write_end_ && !gave_up_writing_)) return;
  const bool has_failed = is_server_ && !gave_up_writing_;
  cancel(has_failed ? http3::error_code::internal_error : http3::error_code::request_cancelled);
}

// --- Both -----------------------------------------------------------------------------------------------------------

void exchange::cancel(http3::error_code code) {
  kept_ = {};
  if (driver_ == nullptr) return;
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  const bool only_reading = is_server_ && code == http3::error_code::no_error;
  records_.on_given_up(code, only_reading);
  static_cast<void>(driver.http().cancel(driver.transport(), id_, code));
  driver.wake();
  end_reading(asio::error::operation_aborted);
  if (!only_reading) end_writing(asio::error::operation_aborted);
}

// The transport is told directly: to HTTP/3 a half that was given up is one on which nothing more comes or goes.
void exchange::shut_down(stream_half half, http3::error_code code) {
  if (half == stream_half::both) return cancel(code);
  if (driver_ == nullptr) return;
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  const auto number = static_cast<std::uint64_t>(code);
  if (half == stream_half::reading) {
    kept_ = {};
    records_.on_given_up(code, true);
    static_cast<void>(driver.transport().stop_sending(id_, number));
    end_reading(asio::error::operation_aborted);
  } else {
    records_.on_sent_all(message_end::abandoned);
    static_cast<void>(driver.transport().reset_stream(id_, number));
    end_writing(asio::error::operation_aborted);
  }
  driver.wake();
}

void exchange::cancel_operation(std::uint64_t tag) {
  const error_code aborted = asio::error::operation_aborted;
  if (reading_.operation.tag() == tag) reading_.operation.complete(aborted, 0);
  if (reading_all_.operation.tag() == tag) reading_all_.complete(aborted);
  if (receiving_head_.tag() == tag) receiving_head_.complete(aborted, {});
  if (writing_.operation.tag() == tag) writing_.operation.complete(aborted, writing_.done);
  datagrams_.cancel(tag);
}

error_code exchange::set_priority(const http3::priority& wanted) {
  if (driver_ == nullptr) return make_error_code(http3::operation_error::unknown_exchange);
  h3_driver& driver = *driver_;
  const auto set =
      driver.http().set_priority(driver.transport(), id_, {std::min(wanted.urgency, least_urgent), wanted.incremental});
  if (!set) return make_error_code(set.error());
  driver.wake();
  return {};
}

http3::priority exchange::priority() const {
  const auto now = driver_ != nullptr ? driver_->http().priority_of(id_) : http3::operation_result<http3::priority>();
  if (driver_ != nullptr && now) priority_ = *now;
  return priority_;
}

void exchange::on_priority_changed(const http3::priority& wanted) {
  const auto keep = shared_from_this();
  if (driver_ != nullptr) driver_->tell(priority_updated{id_, wanted});
  if (const auto handler = priority_handler_) handler(wanted);
}

void exchange::on_datagrams_readable() {
  if (datagrams_.on_readable() && driver_ != nullptr)
    driver_->tell(datagrams_arrived{id_, datagram_flow(shared_from_this())});
}

void exchange::on_aborted(const http3::message_aborted& event) {
  records_.on_aborted(event.code, event.malformed);
  was_unprocessed_ = event.was_unprocessed;
  if (driver_ != nullptr) driver_->tell(message_reset{id_, event.code, event.malformed, event.was_unprocessed});
  end_reading(make_error_code(event.code));
  if (event.malformed) end_writing(make_error_code(event.code));
  tell_abandoned();
}

void exchange::on_refused(const http3::message_refused& event) {
  records_.on_refused(event.code);
  if (driver_ != nullptr) driver_->tell(message_declined{id_, event.code});
  end_writing(make_error_code(event.code));
  // A server that has answered may say that it does not need the rest of the request (RFC 9114, section 4.1).
  if (is_server_) tell_abandoned();
}

void exchange::tell_abandoned() {
  if (abandoned_handler_) std::exchange(abandoned_handler_, nullptr)();
}

void exchange::end_records() {
  records_.on_datagrams(datagrams_.sent(), datagrams_.received());
  records_.on_ended();
  if (driver_ != nullptr) driver_->tell(exchange_ended{records_.audit()});
}

void exchange::on_closed() {
  end_records();
  driver_ = nullptr;
  over_.store(true, std::memory_order_release);
  end_reading(asio::error::eof);
  end_writing(make_error_code(http3::operation_error::unknown_exchange));
  datagrams_.detach();
  priority_handler_ = nullptr;
  abandoned_handler_ = nullptr;
}

// What a peer has acknowledged it has not read yet: who ends a connection when all is delivered must not take from the
// other side's reader what it has already.
void exchange::keep_what_arrived() {
  if (driver_ == nullptr || read_end_) return;
  const auto keep = shared_from_this();
  h3_driver& driver = *driver_;
  std::vector<std::uint8_t> arrived;
  std::size_t filled = 0;
  bool finished = false;
  while (!finished) {
    arrived.resize(filled + std::max(read_all_step, filled));
    const auto read = driver.http().read_body(driver.transport(), id_, byte_span(arrived).subspan(filled));
    if (!read || (read->size == 0 && !read->finished)) break;
    filled += read->size;
    finished = read->finished;
  }
  arrived.resize(filled);
  arrived.shrink_to_fit();  // Readers may be slow, and most have nothing left to read.
  kept_ = {.bytes = std::move(arrived), .taken = 0, .end = std::nullopt};
  if (finished) end_reading(asio::error::eof);
  on_body_readable();
}

void exchange::on_connection_closed(const error_code& code) {
  end_records();
  driver_ = nullptr;
  over_.store(true, std::memory_order_release);
  end_reading(code);
  end_writing(code);
  datagrams_.detach();
  priority_handler_ = nullptr;
  tell_abandoned();
}

void exchange::abandon() noexcept {
  driver_ = nullptr;
  over_.store(true, std::memory_order_release);
  read_end_ = write_end_ = make_error_code(runtime::error::connection_closed);
  // Handlers may own handles on this exchange.
  const auto unheard_read = std::move(reading_.operation);
  const auto unheard_whole_read = std::move(reading_all_.operation);
  const auto unheard_head = std::move(receiving_head_);
  const auto unheard_write = std::move(writing_.operation);
  const auto unheard_handler = std::exchange(abandoned_handler_, nullptr);
  const auto unheard_wishes = std::exchange(priority_handler_, nullptr);
  datagrams_.abandon();
}

}  // namespace quasio::driver
