#pragma once

#include <vector>

#include "crypto/tls_events.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/early_data.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// A server's judgment of tickets and early data: what it binds into its tickets, and whether what comes back with one
/// still fits (RFC 9000, section 7.4.1; RFC 9001, section 4.6.3).
class early_data_gate {
public:
  /// `first` is the version of the client's first flight, `own` the parameters that this connection declares. Without a
  /// guard no early data is accepted.
  early_data_gate(const early_data_options& options, quic_version first, const transport_parameters& own)
      : options_(options), version_(first), own_(own) {}

  /// What goes into the tickets, which are good for the version that was negotiated. The application protocol does too,
  /// but TLS sees to that.
  std::vector<std::uint8_t> ticket_context(quic_version negotiated) const;

  /// Whether a ticket may be used to resume: not one of another version (RFC 9369, section 5).
  bool accepts_ticket(byte_view context) const;

  bool accepts_early_data(const crypto::early_data_offer& offer, time_point now);

  /// Why the early data that was offered was not accepted; `none` while nobody asked.
  early_data_refusal refusal() const noexcept { return refusal_; }

  bool is_open() const noexcept { return options_.accept && options_.replay_guard != nullptr; }

private:
  early_data_refusal judge(const crypto::early_data_offer& offer, time_point now) const;
  bool understands(byte_view former) const;

  early_data_options options_;
  quic_version version_;
  transport_parameters own_;
  early_data_refusal refusal_ = early_data_refusal::none;
};

}  // namespace quasio::quic
