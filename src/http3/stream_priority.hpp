#pragma once

#include <optional>

#include "quasio/http3/priority.hpp"

namespace quasio::http3 {

/// What everybody has said about the priority of one exchange, and what comes of it (RFC 9218, section 8): the
/// application's own word before all; then what the response's Priority field names; then the client's last
/// PRIORITY_UPDATE, or the request's Priority field.
class stream_priority {
public:
  void on_request_field(const priority_parameters& named) noexcept {
    if (!updated_) wanted_ = merge({}, named);
  }

  /// An update overrides the field, whichever comes first (RFC 9218, section 7).
  void on_update(const priority& wanted) noexcept {
    wanted_ = wanted;
    updated_ = true;
  }

  void on_response_field(const priority_parameters& named) noexcept { answered_ = named; }
  void fix(const priority& decided) noexcept { fixed_ = decided; }

  /// What the client wants.
  const priority& wanted() const noexcept { return wanted_; }

  priority effective() const noexcept { return fixed_ ? *fixed_ : merge(wanted_, answered_); }

  /// What the transport does not know yet; from now on it does.
  std::optional<priority> take_news() noexcept {
    const priority now = effective();
    if (now == told_) return std::nullopt;
    return told_ = now;
  }

private:
  priority wanted_;
  priority_parameters answered_;
  std::optional<priority> fixed_;
  priority told_;  ///< A stream begins with the defaults (quic::connection::set_stream_priority()).
  bool updated_ = false;
};

}  // namespace quasio::http3
