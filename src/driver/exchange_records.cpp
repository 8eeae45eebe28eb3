#include "driver/exchange_records.hpp"

#include <utility>

namespace quasio::driver {
namespace {

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

double seconds(duration time) noexcept { return std::chrono::duration<double>(time).count(); }

h3_code code_of(http3::error_code code) noexcept { return driver::code_of(static_cast<std::uint64_t>(code)); }

}  // namespace

void exchange_records::on_request(stream_id id, const http3::field_list& fields, bool is_early_data,
                                  bool is_received) noexcept {
  audit_.id = id;
  audit_.method = method_of(http3::find_field(fields, ":method"));
  audit_.is_early_data = is_early_data;
  audit_.began = read_clock();
  is_open_ = true;
  keeping_->count([&](h3_counters& counters) {
    counters.requests[audit_.method].add();
    counters.exchanges_open.add();
    if (is_early_data && is_received) counters.early_data_requests.add();
  });
}

void exchange_records::on_response_head(int status) noexcept {
  keeping_->count([&](h3_counters& counters) { counters.responses[class_of(status)].add(); });
  if (status < 200 || audit_.status != 0) return;
  audit_.status = status;
  audit_.head_after = read_clock() - audit_.began;
  keeping_->count([&](h3_counters& counters) { counters.response_seconds.observe(seconds(*audit_.head_after)); });
}

void exchange_records::on_body_sent(std::size_t size) noexcept {
  audit_.body_bytes_sent += size;
  keeping_->count([&](h3_counters& counters) { counters.body_bytes_sent.add(size); });
}

void exchange_records::on_body_received(std::size_t size) noexcept {
  audit_.body_bytes_received += size;
  keeping_->count([&](h3_counters& counters) { counters.body_bytes_received.add(size); });
}

void exchange_records::on_sent_all(message_end how) noexcept {
  if (audit_.sent == message_end::unfinished) audit_.sent = how;
}

void exchange_records::on_received_all(message_end how) noexcept {
  if (audit_.received == message_end::unfinished) audit_.received = how;
}

void exchange_records::on_given_up(http3::error_code code, bool only_reading) noexcept {
  on_received_all(message_end::abandoned);
  if (only_reading) {
    audit_.stop_sent = code;
    return;
  }
  on_sent_all(message_end::abandoned);
  if (audit_.reset_sent) return;
  audit_.reset_sent = code;
  keeping_->count([&](h3_counters& counters) { counters.resets_sent[code_of(code)].add(); });
}

void exchange_records::on_aborted(http3::error_code code, bool malformed) noexcept {
  if (malformed) {
    audit_.was_malformed = true;
    keeping_->count([](h3_counters& counters) { counters.malformed_messages.add(); });
    return on_given_up(code, false);
  }
  on_received_all(message_end::abandoned);
  audit_.reset_received = code;
  keeping_->count([&](h3_counters& counters) { counters.resets_received[code_of(code)].add(); });
}

void exchange_records::on_refused(http3::error_code code) noexcept {
  on_sent_all(message_end::abandoned);
  audit_.stop_received = code;
  keeping_->count([&](h3_counters& counters) { counters.stops_received[code_of(code)].add(); });
}

void exchange_records::on_ended() {
  if (!std::exchange(is_open_, false)) return;
  audit_.lasted = read_clock() - audit_.began;
  keeping_->count([&](h3_counters& counters) {
    counters.exchanges_open.subtract();
    counters.exchange_seconds.observe(seconds(audit_.lasted));
  });
  if (keeping_->on_exchange) keeping_->on_exchange(audit_);
}

}  // namespace quasio::driver
