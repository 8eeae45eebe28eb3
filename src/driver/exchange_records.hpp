#pragma once

#include <memory>

#include "quasio/driver/exchange_audit.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::driver {

/// Where a driver's records go: the shard's counters, and whoever audits.
struct h3_record_keeping {
  std::shared_ptr<h3_counters> counters;  ///< Null: nobody counts.
  exchange_audit_handler on_exchange;     ///< Empty: nobody audits.

  bool is_wanted() const noexcept { return counters != nullptr || on_exchange; }

  /// Calls `count` with the counters, if there are any.
  template <class Count>
  void count(Count&& how) const {
    if (counters != nullptr) how(*counters);
  }
};

/// What is noted down about one exchange while it lives, and told when it ends.
class exchange_records {
public:
  explicit exchange_records(std::shared_ptr<const h3_record_keeping> keeping) noexcept : keeping_(std::move(keeping)) {}

  void on_request(stream_id id, const http3::field_list& fields, bool is_early_data, bool is_received) noexcept;
  void on_response_head(int status) noexcept;
  void on_body_sent(std::size_t size) noexcept;
  void on_body_received(std::size_t size) noexcept;
  void on_sent_all(message_end how) noexcept;
  void on_received_all(message_end how) noexcept;
  void on_given_up(http3::error_code code, bool only_reading) noexcept;
  void on_aborted(http3::error_code code, bool malformed) noexcept;
  void on_refused(http3::error_code code) noexcept;

  /// Before on_ended(): how many there were in all.
  void on_datagrams(std::uint64_t sent, std::uint64_t received) noexcept {
    audit_.datagrams_sent = sent;
    audit_.datagrams_received = received;
  }

  /// The stream or its connection has ended. Once.
  void on_ended();

  const exchange_audit& audit() const noexcept { return audit_; }

private:
  std::shared_ptr<const h3_record_keeping> keeping_;
  exchange_audit audit_;
  bool is_open_ = false;
};

}  // namespace quasio::driver
